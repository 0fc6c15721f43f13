/** Signed requests, and the files that both kits share. */

import { readFileSync } from "node:fs";

import Ajv2020 from "ajv/dist/2020.js";
import fc from "fast-check";
import { Webhook } from "standardwebhooks";

/** The examples are the same at every run; with HEADWAY_KIT_EXAMPLES more of them. */
fc.configureGlobal({ seed: 1, numRuns: Number(process.env["HEADWAY_KIT_EXAMPLES"] ?? 100) });

export const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
export const JOB = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
export const BATCH = "batch_5f0c2f3e-9a53-4d3c-8d0e-0d1f6a1d9b7c";

/** From `build/test/`. */
const KITS = new URL("../../../", import.meta.url);

export interface Case {
  readonly name: string;
  readonly processor: string;
  readonly webhookId: string;
  readonly attempt?: string;
  readonly body: string;
  readonly answer: { readonly status: number; readonly json?: unknown; readonly headers?: Record<string, string> };
}

function file(path: string): any {
  return JSON.parse(readFileSync(new URL(path, KITS), "utf8"));
}

export const CASES: readonly Case[] = file("vectors/kit.json").cases;
export const SIGNATURES: readonly any[] = file("vectors/signature.json").cases;

/** Throws what is wrong with an answer. */
export function checkAnswer(answer: unknown): void {
  if (!isAnswer(answer)) throw new Error(JSON.stringify(isAnswer.errors));
}

const isAnswer = new Ajv2020.default({ strict: false }).compile(file("../docs/schemas/batch-answer.json"));

/** The headers of a request that Headway sends now. */
export function signed(webhookId: string, body: string, secret = SECRET): Record<string, string> {
  const now = new Date();
  const timestamp = String(Math.floor(now.getTime() / 1_000));
  const signature = new Webhook(secret).sign(webhookId, now, body);
  return { "webhook-id": webhookId, "webhook-timestamp": timestamp, "webhook-signature": signature };
}

/** A request for items at 17 and on. */
export function document(values: readonly unknown[], members: object = {}): any {
  const items = values.map((item, place) => {
    const index = 17 + place;
    return { index, id: null, attempt: 1, idempotencyKey: `${JOB}/${index}`, item };
  });
  const limits = { seconds: 10, outputBytes: 16_000, answerBytes: 2_500_000 };
  const fixed = { type: "headway.batch", version: 1, batch: BATCH, job: JOB, round: 1, processor: "http", params: {} };
  return { ...fixed, limits, items, ...members };
}

/** Keeps what is logged on purpose out of the tests' output. */
export function silent(): void {
  console.error = () => {};
}
