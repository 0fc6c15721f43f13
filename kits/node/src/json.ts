/** An output as JSON text. What `JSON.stringify` would drop or change without a word is refused. */

import { types } from "node:util";

/** What is deeper is not looked at. What is kept is far less deep: `OUTPUT_DEPTH_MAX`. */
const DEPTH_MAX = 1_000;

/** The value cannot be written as JSON. The message says why, without the value itself. */
export class Unwritable extends Error {}

export interface Written {
  readonly text: string;
  /** How many arrays and objects are within each other. */
  readonly depth: number;
}

/** Writes a value. What is written is the copy that was checked: a getter may return something else the next time. */
export function written(value: unknown): Written {
  const copying = new Copying();
  const copy = copying.copy(value, "");
  if (copying.problem !== undefined) throw new Unwritable(copying.problem);
  return { text: JSON.stringify(copy), depth: copying.depth };
}

/** True if it is an error, also one of another realm such as a test runner's. */
export function isError(value: unknown): boolean {
  return types.isNativeError(value) || value instanceof Error;
}

/** True for a promise, and for whatever else can be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return ((typeof value === "object" && value !== null) || typeof value === "function") && "then" in value && typeof value.then === "function";
}

/** Copies a value to the end, also once there is a problem: each promise within it has to be found. */
class Copying {
  /** What was wrong first. */
  problem: string | undefined;
  depth = 0;
  readonly #open = new Set<object>();

  copy(value: unknown, key: string): unknown {
    if (isThenable(value)) return this.#promise(value);
    if (isError(value)) return this.#refuse("it has an error within: throw the error, or return it alone");
    const toJSON = typeof value === "bigint" || typeof value === "object" ? (value as { toJSON?: unknown } | null)?.toJSON : undefined;
    if (typeof toJSON !== "function") return this.#known(value);
    const json: unknown = toJSON.call(value, key);
    return json === null && types.isDate(value) ? this.#refuse("it has a date that is not valid") : this.#known(json);
  }

  #known(value: unknown): unknown {
    if (typeof value === "string") return this.#text(value);
    if (typeof value === "number") return Number.isFinite(value) ? value : this.#refuse(NUMBER_OR_CYCLE);
    if (value === null || typeof value === "boolean") return value;
    return typeof value === "object" ? this.#container(value) : this.#refuse(UNKNOWN_TYPE);
  }

  #container(value: object): unknown {
    if (this.#open.has(value)) return this.#refuse(NUMBER_OR_CYCLE);
    if (this.#open.size === DEPTH_MAX) {
      this.depth = DEPTH_MAX + 1;
      return null;
    }
    this.#open.add(value);
    this.depth = Math.max(this.depth, this.#open.size);
    const copy = Array.isArray(value) ? this.#array(value) : this.#object(value);
    this.#open.delete(value);
    return copy;
  }

  #array(value: readonly unknown[]): unknown {
    const copy = value.map((inner, place) => this.copy(inner, String(place)));
    // `some` visits elements only, so gaps are found by counting.
    const isWhole = Object.keys(value).length === value.length && !value.some((inner) => inner === undefined);
    return isWhole ? copy : this.#refuse("it has an array with undefined, a gap, or a member that is no element");
  }

  #object(value: object): unknown {
    if (!isPlain(value)) this.#refuse(UNKNOWN_TYPE);
    // Without a prototype, so that a member called `__proto__` is a member.
    const copy = Object.create(null);
    for (const [name, inner] of Object.entries(value)) {
      // An optional member that is not there: leaving it out says the same.
      if (inner !== undefined) copy[this.#text(name)] = this.copy(inner, name);
    }
    return copy;
  }

  #text(value: string): string {
    if (!value.isWellFormed()) this.#refuse("it has a text with half of a surrogate pair");
    return value;
  }

  /** Its work is still running. Should that fail, too, the process must not end for it: the item has failed already. */
  #promise(value: PromiseLike<unknown>): unknown {
    value.then(undefined, (error: unknown) => console.error("headway-kit: a promise within an output failed", error));
    return this.#refuse("it has a promise within: await it first");
  }

  #refuse(problem: string): null {
    this.problem ??= problem;
    return null;
  }
}

const UNKNOWN_TYPE = "it has a value of a type that JSON does not know";
const NUMBER_OR_CYCLE = "it has a number that is NaN, infinite or too long, or it holds itself";

/** An object literal and its like, of any realm: all that it holds is in members with names. */
function isPlain(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value);
  const isBare = prototype === null || Object.getPrototypeOf(prototype) === null;
  const hasHidden = Object.getOwnPropertySymbols(value).some((symbol) => Object.prototype.propertyIsEnumerable.call(value, symbol));
  return isBare && !hasHidden && Object.prototype.toString.call(value) === "[object Object]";
}
