/** From a request to its response, for every host. Hosts only carry bytes. */

import { Batch, DocumentError, parse } from "./document.js";
import type { Item } from "./item.js";
import type { Outcomes } from "./halving.js";
import { ANSWER_BYTES_MAX, Deadline, type Limits, REQUEST_BYTES_MAX } from "./limits.js";
import type { Outcome } from "./outcome.js";
import { Processor } from "./processor.js";
import { Signature } from "./signature.js";

export interface ServiceOptions {
  /** The endpoint's secret, or several while one is replaced. Without it HEADWAY_SECRET holds it, several with a space between them. */
  secret?: string | readonly string[];
}

/** An HTTP request. Names of headers are in lower case. */
export interface Request {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** An HTTP response. */
export interface Response {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Work {
  readonly items: readonly Item[];
  readonly limits: Limits;
  readonly answer: (outcomes: Outcomes) => Response;
}

const SINGLE = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/([0-9]{1,8})$/;
const STATUS = { permanent: 422, retryable: 500, throttled: 429 } as const;

/** A processor behind a signature. */
export class Service {
  readonly #processor: Processor;
  readonly #signature: Signature;

  constructor(processor: Processor, options: ServiceOptions = {}) {
    this.#processor = checkedProcessor(processor);
    this.#signature = new Signature(options.secret);
  }

  /** `seconds`: how long the host has, if it knows. */
  async handle(request: Request, seconds?: number): Promise<Response> {
    const work = this.#open(request);
    if ("status" in work) return work;
    const deadline = new Deadline(work.limits.seconds, seconds);
    return work.answer(await this.#processor.run(work.items, work.limits.outputBytes, deadline));
  }

  /** The work in a request, or why there is none. */
  #open(request: Request): Work | Response {
    if (request.method.toUpperCase() !== "POST") return problem(405, "send items with POST", { allow: "POST" });
    if (request.body.length > REQUEST_BYTES_MAX) return tooLarge();
    if (request.body.length < Number(request.headers["content-length"] ?? 0)) return bodyIsGone();
    let text: string;
    try {
      text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(request.body);
    } catch {
      return problem(401, "the body is not UTF-8, so it has no signature that can be checked");
    }
    const reason = this.#signature.problem(request.headers, text);
    if (reason !== undefined) return problem(401, `not signed by Headway: ${reason}`);
    try {
      return workOf(request.headers["webhook-id"] ?? "", request.headers["headway-attempt"] ?? "", text);
    } catch (error) {
      if (error instanceof DocumentError) return problem(error.status, error.message);
      throw error;
    }
  }
}

/** What was given as a processor, if it is one. */
export function checkedProcessor(processor: Processor): Processor {
  if (!(processor instanceof Processor)) throw new TypeError("wrap the function in processor(…) or batchProcessor(…) first");
  return processor;
}

/** A refusal as a problem document (RFC 9457). Headway shows its `detail`. */
export function problem(status: number, detail: string, headers: Record<string, string> = {}, code = ""): Response {
  const body = JSON.stringify({ status, detail, code: code || undefined });
  return { status, body, headers: { "content-type": "application/problem+json", ...headers } };
}

/** The refusal of a body that is larger than any that Headway sends. */
export function tooLarge(): Response {
  return problem(413, `the body is larger than ${REQUEST_BYTES_MAX} bytes`);
}

/** The refusal if the raw body is not available any more. With this status Headway does not try again: smaller requests would not help. */
export function bodyIsGone(): Response {
  return problem(501, "the raw body was read before, by a body parser for example: mount Headway's handler before it");
}

/** Only the signed id decides what the request is: everything else may come from a user. */
function workOf(webhookId: string, attempt: string, text: string): Work {
  if (webhookId.startsWith("batch_")) {
    const batch = Batch.read(parse(text));
    if (batch.name !== webhookId) throw new DocumentError("batch is not the webhook-id");
    return { items: batch.items, limits: batch.limits, answer: (outcomes) => json(batch.answer(outcomes)) };
  }
  const [, job = "", index = ""] = SINGLE.exec(webhookId) ?? [];
  if (job === "") throw new DocumentError("this is no item: its webhook-id is neither job/index nor batch_…");
  const item: Item = Object.freeze({
    value: parse(text),
    index: Number(index),
    job,
    idempotencyKey: webhookId,
    id: null,
    attempt: /^[1-9][0-9]{0,8}$/.test(attempt) ? Number(attempt) : 1,
    round: null,
    params: null,
  });
  // One output alone may be as large as an answer: Headway records one that it does not keep as omitted.
  const limits = { seconds: undefined, outputBytes: ANSWER_BYTES_MAX, answerBytes: ANSWER_BYTES_MAX };
  return { items: [item], limits, answer: (outcomes) => ofOne(outcomes.get(item.index)) };
}

function ofOne(outcome: Outcome | undefined): Response {
  if (outcome === undefined) return problem(500, "there was no time left to begin the item");
  if ("failure" in outcome) {
    const { kind, code, message, afterSeconds } = outcome.failure;
    const wait: Record<string, string> = afterSeconds === undefined ? {} : { "retry-after": String(Math.ceil(afterSeconds)) };
    return problem(STATUS[kind], [code, message].filter(Boolean).join(": ") || kind, wait, code);
  }
  // Its type says JSON, but it is not: Headway records the item as done, with its output omitted.
  if ("isOmitted" in outcome) return json("output omitted");
  return outcome.output === null ? { status: 204, headers: {}, body: "" } : json(outcome.output);
}

function json(body: string): Response {
  return { status: 200, headers: { "content-type": "application/json" }, body };
}
