/** Who is let in. The vectors are shared with kits/python; the first is the example of the specification. */

import assert from "node:assert/strict";
import { type IncomingMessage, request as send, createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

import express from "express";
import fc from "fast-check";

import { expressHandler, fetchHandler, httpListener, lambdaHandler, SecretError } from "../src/index.js";
import { Service } from "../src/service.js";
import { Signature } from "../src/signature.js";
import { PROCESSORS } from "./scripted.js";
import { BATCH, document, SECRET, SIGNATURES, signed, silent } from "./support.js";

silent();
const item = PROCESSORS["item"] ?? assert.fail();
const service = new Service(item, { secret: SECRET });
const bytes = (text: string): Uint8Array => Buffer.from(text);

for (const found of SIGNATURES) {
  test(found.name, (t) => {
    t.mock.timers.enable({ apis: ["Date"], now: found.now * 1_000 });
    const problem = new Signature(found.secret).problem(found.headers, found.body);
    assert.equal(problem === undefined, found.good, problem);
  });
}

test("strangers get 401 whatever they send", async () => {
  const headers = fc.dictionary(fc.constantFrom("webhook-id", "webhook-timestamp", "webhook-signature"), fc.string({ unit: "binary" }));
  await fc.assert(
    fc.asyncProperty(headers, fc.uint8Array(), async (given, body) => {
      const response = await service.handle({ method: "POST", headers: given, body });
      assert.equal(response.status, 401);
    }),
  );
});

test("what is signed never breaks the kit", async () => {
  const id = fc.constantFrom("batch_x", BATCH, "msg_1", "7c9e6679-7425-40de-944b-e07fc1f90ae7/1");
  await fc.assert(
    fc.asyncProperty(id, fc.oneof(fc.string(), fc.json()), async (webhookId, body) => {
      const response = await service.handle({ method: "POST", headers: signed(webhookId, body), body: bytes(body) });
      assert.ok([200, 204, 400, 422, 500].includes(response.status), response.body);
    }),
  );
});

/** The library alone would accept some of them. */
test("a secret that is none is refused at start", () => {
  for (const secret of ["", "whsec_", "whsec_c2hvcnQ=", "secret", SECRET.slice(6), "whsec_MfKQ9r8GKYqrTwj!", `${SECRET} x`, []]) {
    assert.throws(() => new Signature(secret), (error) => error instanceof SecretError && !error.message.includes("MfKQ"));
  }
  delete process.env["HEADWAY_SECRET"];
  assert.throws(() => new Signature(), SecretError);
  process.env["HEADWAY_SECRET"] = SECRET;
  assert.equal(new Signature().problem(signed("a", ""), ""), undefined);
  delete process.env["HEADWAY_SECRET"];
});

test("refusals say what is wrong", async () => {
  const of = (method: string, body: Uint8Array) => service.handle({ method, headers: {}, body });
  assert.deepEqual([(await of("GET", bytes(""))).status, (await of("GET", bytes(""))).headers["allow"]], [405, "POST"]);
  assert.equal((await of("POST", new Uint8Array(2_500_001))).status, 413);
  assert.match((await of("POST", bytes("{}"))).body, /Missing required headers/);
  const request = new Request("http://localhost/", { method: "POST", body: new Uint8Array(2_500_001) });
  assert.equal((await fetchHandler(item, { secret: SECRET })(request)).status, 413);
});

/** Nor can a request over HTTP pass for an invocation, whatever its body is. */
test("a function without a secret answers no request", async () => {
  const handler = lambdaHandler(item);
  const event = { ...document([{ do: "nothing" }]), requestContext: { http: { method: "POST" } }, headers: {}, body: "{}" };
  assert.equal(((await handler(event)) as any).statusCode, 500);
  await assert.rejects(handler({ Records: [] }), /neither/);
  assert.throws(() => lambdaHandler((() => 1) as any), /wrap/);
});

async function withServer(listener: Parameters<typeof createServer>[1], use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(listener as any);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  } finally {
    server.close().closeAllConnections();
  }
}

/** An item in JSON, with its signature. */
function signedItem(): RequestInit & { method: string } {
  const body = JSON.stringify({ do: "nothing", text: "ü" });
  const headers = { ...signed("7c9e6679-7425-40de-944b-e07fc1f90ae7/1", body), "content-type": "application/json" };
  return { method: "POST", headers, body };
}

/** Bug found: only behind `express.json()`. Elsewhere the secret was blamed, or each item was tried until its tries were used up. */
test("a body that was read before is said to be gone", async () => {
  const listener = httpListener(item, { secret: SECRET });
  const hosts = [
    express().use(express.json(), expressHandler(item, { secret: SECRET })),
    express().use(express.json(), (req, res) => listener(req, res)),
    (req: IncomingMessage, res: ServerResponse) => req.resume().on("end", () => listener(req, res)),
  ];
  for (const host of hosts) {
    await withServer(host, async (url) => {
      const response = await fetch(url, signedItem());
      assert.equal(response.status, 501);
      assert.match(await response.text(), /before it/);
    });
  }
  const read = new Request("http://x/", signedItem());
  await read.json();
  assert.equal((await fetchHandler(item, { secret: SECRET })(read)).status, 501);
  const { headers } = signedItem();
  const lengthened = { ...(headers as Record<string, string>), "content-length": "30" };
  assert.equal((await service.handle({ method: "POST", headers: lengthened, body: new Uint8Array() })).status, 501);
});

test("a body whose chunks somebody turns into texts is read all the same", async () => {
  const listener = httpListener(item, { secret: SECRET });
  for (const encoding of ["utf8", "base64", "latin1"] as const) {
    await withServer((req, res) => listener(req.setEncoding(encoding), res), async (url) => {
      assert.equal((await fetch(url, signedItem())).status, 204);
    });
  }
});

test("a body without an end is refused while it comes", async () => {
  for (const listener of [httpListener(item, { secret: SECRET }), express().use(expressHandler(item, { secret: SECRET }))]) {
    await withServer(listener, async (url) => {
      const status = await new Promise((resolve, reject) => {
        const request = send(url, { method: "POST" }, (response) => resolve(response.resume().statusCode));
        request.on("error", reject);
        request.write(new Uint8Array(2_600_000));
      });
      assert.equal(status, 413);
    });
  }
});
