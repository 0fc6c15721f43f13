/** The result of one item, made from what the user's function returned or threw. Nothing in here throws. */

import { isItemError, type Kind } from "./errors.js";
import type { Item } from "./item.js";
import { CODE_CHARS_MAX, MESSAGE_CHARS_MAX, OUTPUT_DEPTH_MAX, RETRY_AFTER_SECONDS_MAX } from "./limits.js";

/** An item's error in the form in which it is sent. */
export interface Failure {
  readonly kind: Kind;
  readonly code: string;
  readonly message: string;
  readonly afterSeconds: number | undefined;
}

/** Done, with an output as JSON text or without; or failed. */
export type Outcome = { readonly output: string | null } | { readonly isOmitted: true } | { readonly failure: Failure };

/** A value that JSON would lose or change silently. */
class Unwritable extends Error {}

/** The result for a value that the function returned. If JSON cannot represent it, the item fails permanently: another try would return the same. */
export function ofReturned(value: unknown, outputBytesMax: number): Outcome {
  if (value === undefined || value === null) return { output: null };
  let text: string | undefined;
  try {
    text = JSON.stringify(value, refuseWhatIsLost);
  } catch (error) {
    return failed("permanent", "output", `the processor's output cannot be written as JSON: ${why(error)}`);
  }
  if (text === undefined) return { output: null };
  if (Buffer.byteLength(text) > outputBytesMax || isTooDeep(text)) return { isOmitted: true };
  return { output: text };
}

/**
 * Of what the function threw. What is none of the kit's errors may pass. Its text goes to the log only: the job's owner sees
 * failures, and texts of errors may hold anything.
 */
export function ofThrown(error: unknown, item: Item): Outcome {
  try {
    if (isItemError(error)) return failed(kindOf(error.kind), text(error.code), text(error.message), seconds(error.after));
  } catch {
    // An error whose members throw is an unknown one.
  }
  const name = nameOf(error);
  try {
    console.error(`headway-kit: the processor failed at item ${item.idempotencyKey}`, error);
  } catch {
    console.error(`headway-kit: the processor failed at item ${item.idempotencyKey}`);
  }
  return failed("retryable", name, `the processor raised ${name}; its log says more`);
}

/** The result for the only item of a call that returned no result or several. */
export function wrongCount(count: string): Outcome {
  return failed("retryable", "results", `the processor returned ${count} for 1 item`);
}

/** The result for an item with an integer that JavaScript would round. */
export function unsafeInteger(): Outcome {
  return failed("permanent", "unsafe-integer", "the item has a number of 2^53 or more, which JavaScript rounds: send it as a text");
}

function failed(kind: Kind, code: string, message: string, afterSeconds?: number): Outcome {
  const failure = { kind, code: cut(code, CODE_CHARS_MAX), message: cut(message, MESSAGE_CHARS_MAX), afterSeconds };
  return { failure };
}

/** The text, cut to this many code points. */
function cut(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : Array.from(text.slice(0, 2 * charsMax)).slice(0, charsMax).join("");
}

function text(value: unknown): string {
  try {
    return value === undefined || value === null ? "" : String(value).toWellFormed();
  } catch {
    return "(no text)";
  }
}

function kindOf(kind: unknown): Kind {
  return kind === "permanent" || kind === "throttled" ? kind : "retryable";
}

/** A wait that can be sent; undefined if the value is not a valid wait. */
function seconds(after: unknown): number | undefined {
  const given = typeof after === "number" ? after : Number.NaN;
  return given >= 0 ? Math.min(given, RETRY_AFTER_SECONDS_MAX) : undefined;
}

function nameOf(error: unknown): string {
  try {
    if (!(error instanceof Error)) return "thrown";
    const own = error.name === "Error" ? error.constructor.name : error.name;
    return text(own) || "Error";
  } catch {
    return "thrown";
  }
}

function refuseWhatIsLost(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === "number" || value instanceof Number) {
    if (!Number.isFinite(Number(value))) throw new Unwritable("it has a number that is NaN, infinite or too long, or it holds itself");
  }
  const isLost = typeof value === "function" || typeof value === "symbol" || typeof value === "bigint";
  if (isLost) throw new Unwritable("it has a value of a type that JSON does not know");
  if (!key.isWellFormed() || (typeof value === "string" && !value.isWellFormed())) {
    throw new Unwritable("it has a text with half of a surrogate pair");
  }
  return value;
}

/** Why JSON cannot represent a value, without the value itself. */
function why(error: unknown): string {
  if (error instanceof Unwritable) return error.message;
  if (error instanceof RangeError) return "it is nested too deep";
  if (error instanceof TypeError) return "it has a number that is NaN, infinite or too long, or it holds itself";
  return "it has a value of a type that JSON does not know";
}

const NO_BRACKETS = /"(?:[^"\\]|\\.)*"|[^[\]{}"]+/g;

/** Whether the JSON is nested deeper than is kept. */
function isTooDeep(json: string): boolean {
  let depth = 0;
  for (const bracket of json.replace(NO_BRACKETS, "")) {
    depth += bracket === "[" || bracket === "{" ? 1 : -1;
    if (depth > OUTPUT_DEPTH_MAX) return true;
  }
  return false;
}
