/** The batch document: reading a request, writing an answer. docs/processor-protocol.md is its description. */

import type { Item } from "./item.js";
import type { Outcomes } from "./halving.js";
import { ANSWER_BYTES_MAX, ITEMS_MAX, type Limits, OUTPUT_BYTES_MAX } from "./limits.js";
import type { Outcome } from "./outcome.js";

export const TYPE = "headway.batch";
const VERSION = 1;

/** The request has no document that can be read. */
export class DocumentError extends Error {
  override readonly name = "DocumentError";
  readonly status: number = 400;
}

/** The document is of a later version. No item is to blame, so the status must not halve the batch. */
class VersionError extends DocumentError {
  override readonly status = 501;
}

type Members = Readonly<Record<string, unknown>>;

/** The request. */
export class Batch {
  private constructor(
    readonly name: string,
    readonly items: readonly Item[],
    readonly limits: Limits,
  ) {}

  /** Reads the parsed document. Members that are not known are ignored. */
  static read(document: unknown): Batch {
    const members = object(document, "the document");
    if (members["type"] !== TYPE) throw new DocumentError(`type is not ${TYPE}`);
    if (members["version"] !== VERSION) throw new VersionError(`version is not ${VERSION}: a newer headway-kit may know it`);
    const given = members["items"];
    if (!Array.isArray(given) || given.length < 1 || given.length > ITEMS_MAX) {
      throw new DocumentError(`items is not a list of 1 to ${ITEMS_MAX}`);
    }
    const items = given.map((entry, place) => readItem(members, entry, place));
    if (new Set(items.map((item) => item.index)).size !== items.length) throw new DocumentError("items has an index twice");
    return new Batch(readText(members, "batch", "the document"), items, readLimits(members["limits"]));
  }

  /** The answer's text. An item whose entry does not fit any more is left out: it comes again in a smaller request. */
  answer(outcomes: Outcomes): string {
    const head = `{"batch":${JSON.stringify(this.name)},"results":[`;
    const entries: string[] = [];
    let left = this.limits.answerBytes - Buffer.byteLength(head) - "]}".length;
    for (const item of this.items) {
      const outcome = outcomes.get(item.index);
      if (outcome === undefined) continue;
      const entry = writeEntry(item.index, outcome);
      const size = Buffer.byteLength(entry) + ",".length;
      if (size > left) continue;
      entries.push(entry);
      left -= size;
    }
    return `${head}${entries.join(",")}]}`;
  }
}

export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new DocumentError("the body is no JSON that can be read");
  }
}

function writeEntry(index: number, outcome: Outcome): string {
  if ("failure" in outcome) {
    const { kind, code, message, afterSeconds } = outcome.failure;
    const error = { kind, code: code || undefined, message: message || undefined, retryAfterSeconds: afterSeconds };
    return `{"index":${index},"error":${JSON.stringify(error)}}`;
  }
  return "isOmitted" in outcome ? `{"index":${index},"outputOmitted":true}` : `{"index":${index},"output":${outcome.output ?? "null"}}`;
}

function readItem(document: Members, entry: unknown, place: number): Item {
  const where = `items[${place}]`;
  const members = object(entry, where);
  if (!("item" in members)) throw new DocumentError(`${where} has no item`);
  const id = members["id"] ?? null;
  if (id !== null && typeof id !== "string") throw new DocumentError(`${where}.id is not a text`);
  return Object.freeze({
    value: members["item"],
    index: readInteger(members, "index", where, 0),
    job: readText(document, "job", "the document"),
    idempotencyKey: readText(members, "idempotencyKey", where),
    id,
    attempt: readInteger(members, "attempt", where, 1),
    round: readInteger(document, "round", "the document", 1),
    params: document["params"] ?? null,
  });
}

function readLimits(given: unknown): Limits {
  const members = given === undefined || given === null ? {} : object(given, "limits");
  const seconds = members["seconds"] ?? undefined;
  if (seconds !== undefined && (typeof seconds !== "number" || !(seconds > 0 && seconds < Number.POSITIVE_INFINITY))) {
    throw new DocumentError("limits.seconds is not a number above 0");
  }
  const bytes = (name: string, usual: number): number =>
    (members[name] ?? null) === null ? usual : readInteger(members, name, "limits", 1);
  return { seconds, outputBytes: bytes("outputBytes", OUTPUT_BYTES_MAX), answerBytes: bytes("answerBytes", ANSWER_BYTES_MAX) };
}

function object(value: unknown, where: string): Members {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new DocumentError(`${where} is not an object`);
  return value as Members;
}

function readText(members: Members, name: string, where: string): string {
  const value = members[name];
  if (typeof value !== "string" || value === "") throw new DocumentError(`${name} of ${where} is not a text`);
  return value;
}

function readInteger(members: Members, name: string, where: string, least: number): number {
  const value = members[name];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least) {
    throw new DocumentError(`${name} of ${where} is not an integer from ${least}`);
  }
  return value;
}
