/** The vectors that both kits share, through every host. */

import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";

import express from "express";

import { expressHandler, fetchHandler, httpListener, lambdaHandler, type Processor } from "../src/index.js";
import { PROCESSORS } from "./scripted.js";
import { CASES, type Case, checkAnswer, SECRET, signed, silent } from "./support.js";

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}
type Send = (headers: Record<string, string>, body: string) => Promise<Answer>;

silent();

async function check(found: Case, send: Send): Promise<void> {
  const headers = signed(found.webhookId, found.body);
  if (found.attempt !== undefined) headers["headway-attempt"] = found.attempt;
  const answer = await send(headers, found.body);
  assert.equal(answer.status, found.answer.status, answer.body);
  assert.deepEqual(answer.body === "" ? undefined : JSON.parse(answer.body), found.answer.json);
  for (const [name, value] of Object.entries(found.answer.headers ?? {})) assert.equal(answer.headers[name], value);
  assert.ok(!answer.body.includes("hunter2"));
  if (answer.status === 200 && found.webhookId.startsWith("batch_")) checkAnswer(JSON.parse(answer.body));
}

async function answerOf(response: Response): Promise<Answer> {
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
}

const options = { secret: SECRET };

/** Servers on loopback, one for each processor. */
const SERVERS: Record<string, (processor: Processor) => RequestListener> = {
  "node:http": (processor) => httpListener(processor, options),
  express: (processor) => express().use("/", expressHandler(processor, options)).use(express.json()),
  "express behind a raw parser": (processor) => express().use(express.raw({ type: () => true, limit: "10mb" }), expressHandler(processor, options)),
};

for (const [host, listener] of Object.entries(SERVERS)) {
  describe(host, () => {
    const servers = Object.entries(PROCESSORS).map(([name, processor]) => ({ name, server: createServer(listener(processor)) }));
    before(() => Promise.all(servers.map(({ server }) => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)))));
    after(() => servers.forEach(({ server }) => void server.close().closeAllConnections()));
    for (const found of CASES) {
      it(found.name, async () => {
        const { server } = servers.find(({ name }) => name === found.processor) ?? assert.fail();
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
        await check(found, async (headers, body) => answerOf(await fetch(url, { method: "POST", headers, body })));
      });
    }
  });
}

/** Hosts that are functions. */
const CALLS: Record<string, (processor: Processor) => Send> = {
  fetch: (processor) => async (headers, body) => {
    const request = new Request("http://localhost/", { method: "POST", headers, body });
    return answerOf(await fetchHandler(processor, options)(request));
  },
  "function url": (processor) => async (headers, body) =>
    ofLambda(processor, { version: "2.0", requestContext: { http: { method: "POST" } }, headers, body }),
  "rest api": (processor) => async (headers, body) => {
    const titled = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.replace(/^w/, "W"), value]));
    const encoded = Buffer.from(body).toString("base64");
    return ofLambda(processor, { httpMethod: "POST", requestContext: {}, headers: titled, body: encoded, isBase64Encoded: true });
  },
  "load balancer": (processor) => async (headers, body) => {
    const multiValueHeaders = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
    return ofLambda(processor, { httpMethod: "POST", requestContext: { elb: {} }, multiValueHeaders, body });
  },
};

async function ofLambda(processor: Processor, event: object): Promise<Answer> {
  const answer: any = await lambdaHandler(processor, options)(event);
  const headers = Object.entries(answer.headers ?? answer.multiValueHeaders).map(([name, value]) => [name, String(value)]);
  return { status: answer.statusCode, headers: Object.fromEntries(headers), body: answer.body };
}

for (const [host, send] of Object.entries(CALLS)) {
  describe(host, () => {
    for (const found of CASES) it(found.name, () => check(found, send(PROCESSORS[found.processor] ?? assert.fail())));
  });
}

/** Headway's `lambda` sends the document as the event, and needs no secret. */
describe("invoked", () => {
  delete process.env["HEADWAY_SECRET"];
  const isDocument = ({ webhookId, body }: Case): boolean => webhookId.startsWith("batch_") && body !== "{oops";
  for (const found of CASES.filter(isDocument)) {
    it(found.name, async () => {
      const handler = lambdaHandler(PROCESSORS[found.processor] ?? assert.fail());
      const event = JSON.parse(found.body);
      if (found.answer.status === 200) assert.deepEqual(await handler(event), found.answer.json);
      else if (found.name !== "a batch document under another id") await assert.rejects(handler(event));
    });
  }
});
