/**
 * Calls of a batch function: all items at once, then halves of a call that went wrong, until the item to blame is alone. It says what
 * to call next and is told what came of it.
 */

import { isItemError } from "./errors.js";
import type { Item } from "./item.js";
import { isThenable } from "./json.js";
import { type Outcome, ofReturned, ofThrown, unwritable, wrongCount } from "./outcome.js";

/** The results of a call, or what it threw. */
export type Called = { readonly results: readonly unknown[] } | { readonly thrown: unknown };
/** Results by index. An item that is not in here is left out of the answer. */
export type Outcomes = Map<number, Outcome>;

export class Halving {
  readonly outcomes: Outcomes = new Map();
  readonly #outputBytesMax: number;
  #waiting: (readonly Item[])[];
  /** A call that goes wrong may have changed its items. The next one gets them as they came. */
  readonly #asCame: string;
  readonly #places: ReadonlyMap<number, number>;
  #texts: readonly string[] | undefined;
  #isFirst = true;

  constructor(items: readonly Item[], outputBytesMax: number) {
    this.#waiting = items.length > 0 ? [items] : [];
    this.#outputBytesMax = outputBytesMax;
    this.#asCame = items.length > 1 ? JSON.stringify(items.map(({ value, params }) => [value, params])) : "[]";
    this.#places = new Map(items.map((item, place) => [item.index, place]));
  }

  /** The items to call the function with; undefined at the end. */
  next(): readonly Item[] | undefined {
    const batch = this.#waiting.pop();
    if (!this.#isFirst) return batch?.map((item) => this.#fresh(item));
    this.#isFirst = false;
    return batch;
  }

  #fresh(item: Item): Item {
    this.#texts ??= JSON.parse(this.#asCame).map((pair: unknown) => JSON.stringify(pair));
    const [value, params] = JSON.parse(this.#texts?.[this.#places.get(item.index) ?? -1] ?? "[]");
    return Object.freeze({ ...item, value, params });
  }

  /** Records the results, or the error, of a call with `batch`. */
  settle(batch: readonly Item[], called: Called): void {
    if ("results" in called && called.results.length === batch.length) {
      batch.forEach((item, place) => this.outcomes.set(item.index, ofResult(called.results[place], item, this.#outputBytesMax)));
    } else if ("thrown" in called && isItemError(called.thrown) && called.thrown.kind === "throttled") {
      // All items wait: further calls would be throttled, too.
      for (const item of [batch, ...this.#waiting].flat()) this.outcomes.set(item.index, ofThrown(called.thrown, item));
      this.#waiting = [];
    } else if (batch.length > 1) {
      const middle = Math.floor(batch.length / 2);
      this.#waiting.push(batch.slice(middle), batch.slice(0, middle));
    } else {
      for (const item of batch) this.outcomes.set(item.index, ofOne(called, item));
    }
  }
}

/** What a result's own promise was rejected with. */
class Rejected {
  constructor(readonly reason: unknown) {}
}

/** What a batch function returned, once each promise in it has come to its end. */
export async function settled(returned: unknown): Promise<unknown> {
  if (returned instanceof Map) {
    const entries = await Promise.all(Array.from(returned, async ([index, result]) => [index, await awaited(result)] as const));
    return new Map(entries);
  }
  if (!Array.isArray(returned)) return returned;
  const results = await Promise.all(returned.map(awaited));
  // A gap is no result.
  return returned.findIndex((_, place) => !(place in returned)) === -1 ? results : [];
}

async function awaited(result: unknown): Promise<unknown> {
  try {
    return isThenable(result) ? await result : result;
  } catch (reason) {
    return new Rejected(reason);
  }
}

/** The results that a batch function returned, in the order of its items. Any other number of results is an error of the function. */
export function asList(returned: unknown, batch: readonly Item[]): readonly unknown[] {
  if (Array.isArray(returned)) return returned;
  if (returned instanceof Map) {
    const isFor = returned.size === batch.length && batch.every((item) => returned.has(item.index));
    return isFor ? batch.map((item) => returned.get(item.index)) : [];
  }
  throw new TypeError("the processor must return an array with a result for each item, or a Map of results by index");
}

function ofResult(result: unknown, item: Item, outputBytesMax: number): Outcome {
  if (result instanceof Rejected) return ofThrown(result.reason, item);
  if (isOfAllSettled(result)) return unwritable(OF_ALL_SETTLED);
  return ofReturned(result, item, outputBytesMax);
}

const OF_ALL_SETTLED =
  "it looks like an entry of Promise.allSettled, which may be a failure. Return the array of promises itself: each is awaited and counts for its item";

/** Whether it has just the two members that `Promise.allSettled` gives an entry. Nobody can tell an output of that form from one. */
function isOfAllSettled(result: unknown): boolean {
  try {
    if (typeof result !== "object" || result === null) return false;
    const { status } = result as { status?: unknown };
    const other = status === "fulfilled" ? "value" : status === "rejected" ? "reason" : undefined;
    return other !== undefined && other in result && Object.keys(result).length === 2;
  } catch {
    return false;
  }
}

function ofOne(called: Called, item: Item): Outcome {
  if ("thrown" in called) return ofThrown(called.thrown, item);
  return wrongCount(called.results.length > 0 ? "several results" : "no result");
}
