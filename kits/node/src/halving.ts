/**
 * Calls of a batch function: all items at once, then halves of a call that went wrong, until the item to blame is alone. It says what
 * to call next and is told what came of it.
 */

import { isItemError } from "./errors.js";
import type { Item } from "./item.js";
import { type Outcome, ofReturned, ofThrown, wrongCount } from "./outcome.js";

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
    return { ...item, value, params };
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

/** The results that a batch function returned, in the order of its items. Any other number of results is an error of the function. */
export function asList(returned: unknown, batch: readonly Item[]): readonly unknown[] {
  if (Array.isArray(returned)) return returned;
  if (returned instanceof Map) {
    const isFor = returned.size === batch.length && batch.every((item) => returned.has(item.index));
    return isFor ? batch.map((item) => returned.get(item.index)) : [];
  }
  throw new TypeError("the processor must return an array with a result for each item, or a Map of results by index");
}

/** The result for one value: an output, or an error that is returned instead of thrown. */
function ofResult(result: unknown, item: Item, outputBytesMax: number): Outcome {
  return result instanceof Error || isItemError(result) ? ofThrown(result, item) : ofReturned(result, outputBytesMax);
}

function ofOne(called: Called, item: Item): Outcome {
  if ("thrown" in called) return ofThrown(called.thrown, item);
  return wrongCount(called.results.length > 0 ? "several results" : "no result");
}
