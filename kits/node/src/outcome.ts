/** The result of one item, made from what the user's function returned or threw. Nothing in here throws. */

import { isItemError, type Kind } from "./errors.js";
import type { Item } from "./item.js";
import { isError, Unwritable, written } from "./json.js";
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

/**
 * The result for a value that the function returned. An error counts as if it was thrown. If JSON cannot represent the value, the item fails
 * permanently: another try would return the same.
 */
export function ofReturned(value: unknown, item: Item, outputBytesMax: number): Outcome {
  try {
    if (isItemError(value) || isError(value)) return ofThrown(value, item);
    if (value === undefined || value === null) return { output: null };
    const { text, depth } = written(value);
    return Buffer.byteLength(text) > outputBytesMax || depth > OUTPUT_DEPTH_MAX ? { isOmitted: true } : { output: text };
  } catch (error) {
    return unwritable(why(error));
  }
}

/** The result for an output that JSON cannot represent. */
export function unwritable(reason: string): Outcome {
  return failed("permanent", "output", `the processor's output cannot be written as JSON: ${reason}`);
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
  return failed("permanent", "unsafe-integer", "the item or the job's params have a number of 2^53 or more, which JavaScript rounds: send it as a text");
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
  return given >= 0 && given < Number.POSITIVE_INFINITY ? Math.min(given, RETRY_AFTER_SECONDS_MAX) : undefined;
}

function nameOf(error: unknown): string {
  try {
    if (!isError(error)) return "thrown";
    const { name, constructor } = error as Error;
    const own = name === "Error" ? constructor.name : name;
    return text(own) || "Error";
  } catch {
    return "thrown";
  }
}

/** Why JSON cannot represent a value. What the value itself throws, in a getter for example, is not shown. */
function why(error: unknown): string {
  if (error instanceof Unwritable) return error.message;
  return error instanceof RangeError ? "it is too large or nested too deep" : "reading it failed";
}
