/** The wrappers, and how a user's function is called. */

import { types } from "node:util";

import { asList, type Called, Halving, type Outcomes, settled } from "./halving.js";
import type { Item } from "./item.js";
import type { Deadline } from "./limits.js";
import { type Outcome, ofReturned, ofThrown, unsafeInteger } from "./outcome.js";

/** Works on one item. Returns the output: any JSON value, nothing for none. */
export type ItemFunction<Value = any> = (item: Item<Value>) => unknown;
/** Works on many items in one call. Returns a result for each, in the same order or by index. */
export type BatchFunction<Value = any> = (items: Item<Value>[]) => unknown;

export interface Options {
  /** How many items of one request are worked on side by side (8). */
  concurrency?: number;
  /**
   * What to do with an item that has a number of 2^53 or more in its value or its `params`, which `JSON.parse` rounds: `refuse` it as a failure for good (as is usual),
   * or `round` it.
   */
  unsafeIntegers?: "refuse" | "round";
}

/** A user's function, ready for a host. */
export class Processor {
  /** The function itself, for tests. */
  readonly call: (argument: any) => unknown;
  readonly #isBatch: boolean;
  readonly #concurrency: number;
  readonly #rounds: boolean;

  constructor(call: (argument: any) => unknown, isBatch: boolean, options: Options) {
    if (typeof call !== "function") throw new TypeError("a processor is a function");
    if (types.isGeneratorFunction(call)) throw new TypeError("a processor returns its output: a function with `yield` cannot be one");
    const { concurrency = 8, unsafeIntegers = "refuse" } = options;
    if (!(concurrency >= 1)) throw new RangeError("concurrency must be 1 or more");
    this.call = call;
    this.#isBatch = isBatch;
    this.#concurrency = concurrency;
    this.#rounds = unsafeIntegers === "round";
  }

  /** Works on items. Never throws. */
  async run(items: readonly Item[], outputBytesMax: number, deadline: Deadline): Promise<Outcomes> {
    const refused = this.#rounds ? [] : rounded(items);
    const left = refused.length > 0 ? items.filter((item) => !refused.includes(item)) : items;
    const outcomes = this.#isBatch
      ? await this.#many(left, outputBytesMax, deadline)
      : await this.#each(left, outputBytesMax, deadline);
    for (const item of refused) outcomes.set(item.index, unsafeInteger());
    return outcomes;
  }

  async #each(items: readonly Item[], outputBytesMax: number, deadline: Deadline): Promise<Outcomes> {
    const outcomes: Outcomes = new Map();
    const waiting = items.values();
    const work = async (): Promise<void> => {
      while (!deadline.isPast()) {
        const next = waiting.next();
        if (next.done) return;
        outcomes.set(next.value.index, await this.#one(next.value, outputBytesMax));
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.#concurrency, items.length) }, work));
    return outcomes;
  }

  async #many(items: readonly Item[], outputBytesMax: number, deadline: Deadline): Promise<Outcomes> {
    const halving = new Halving(items, outputBytesMax);
    while (!deadline.isPast()) {
      const batch = halving.next();
      if (batch === undefined) break;
      halving.settle(batch, await this.#called(batch));
    }
    return halving.outcomes;
  }

  async #one(item: Item, outputBytesMax: number): Promise<Outcome> {
    let returned: unknown;
    try {
      returned = await this.call(item);
    } catch (error) {
      return ofThrown(error, item);
    }
    return ofReturned(returned, item, outputBytesMax);
  }

  async #called(batch: readonly Item[]): Promise<Called> {
    try {
      // Results are matched by place and by index: neither is the function's to change.
      return { results: asList(await settled(await this.call(Object.freeze([...batch]))), batch) };
    } catch (thrown) {
      return { thrown };
    }
  }
}

/** Makes a processor of a function that works on one item. */
export function processor<Value = any>(call: ItemFunction<Value>, options: Options = {}): Processor {
  return new Processor(call, false, options);
}

/**
 * Makes a processor of a function that works on many items in one call. A result is an output, nothing, an error such as
 * `new Permanent("…")`, or a promise of one of these: `items.map(async (item) => …)`. Each promise is awaited.
 *
 * A call that throws, or returns another number of results, is made again with halves, until the item to blame is alone. To let all wait,
 * throw `Throttled`. In a database, make each call one transaction.
 */
export function batchProcessor<Value = any>(call: BatchFunction<Value>, options: Omit<Options, "concurrency"> = {}): Processor {
  return new Processor(call, true, options);
}

/** The items that JavaScript has rounded. The items of a request share their `params`. */
function rounded(items: readonly Item[]): readonly Item[] {
  const params = new Set([...new Set(items.map((item) => item.params))].filter(hasUnsafeInteger));
  return items.filter((item) => params.has(item.params) || hasUnsafeInteger(item.value));
}

/** Without recursion: items are nested 100 deep at most, but an event of Lambda may be anything. */
function hasUnsafeInteger(value: unknown): boolean {
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next === "number" && Number.isInteger(next) && !Number.isSafeInteger(next)) return true;
    if (typeof next === "object" && next !== null) for (const inner of Object.values(next)) open.push(inner);
  }
  return false;
}
