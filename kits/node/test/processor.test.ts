/** How a user's function is called, and that it costs only its own items whatever it does. */

import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { batchProcessor, Permanent, type Processor, processor, Retryable, Throttled } from "../src/index.js";
import { Batch, DocumentError } from "../src/document.js";
import { Deadline } from "../src/limits.js";
import { codes, run } from "./running.js";
import { BATCH, checkAnswer, document, silent } from "./support.js";

silent();

test("whatever is thrown costs only its item", async () => {
  const hostile = {
    get message(): string {
      throw new Error("no");
    },
    get name(): string {
      throw new Error("no");
    },
  };
  const foreign = { [Symbol.for("headway-kit.ItemError")]: true, kind: "permanent", code: "of another copy of the kit" };
  const odd = { [Symbol.for("headway-kit.ItemError")]: true, kind: "no kind", code: { toString: 5 }, message: {}, after: "soon" };
  const thrown = [undefined, null, "text", 5, Symbol("s"), hostile, new Proxy({}, { getPrototypeOf: () => { throw new Error("no"); } }), foreign, odd];
  const results = await run(processor((item) => { throw thrown[item.value]; }), [...thrown.keys()]);
  assert.deepEqual(codes(results), [...Array(7).fill("thrown"), "of another copy of the kit", "(no text)"]);
  assert.deepEqual(codes(await run(processor((item) => item.value.no.such), [1])), ["TypeError"]);
});

test("an error's wait has to be one", async () => {
  const of = processor((item) => { throw new Throttled(item.value); });
  const waits = (await run(of, [0, 1.5, 1e9, null])).map((result) => result.error.retryAfterSeconds);
  assert.deepEqual(waits, [0, 1.5, 86_400, undefined]);
  for (const after of [-1, Number.NaN, Number.POSITIVE_INFINITY, "5", true, {}] as any[]) {
    for (const make of [() => new Throttled(after), () => new Retryable("", { after })]) assert.throws(make, /^RangeError: after is .*seconds/);
  }
  const ofAnotherCopy = { [Symbol.for("headway-kit.ItemError")]: true, kind: "retryable", after: Number.POSITIVE_INFINITY };
  const [result] = await run(processor(() => { throw ofAnotherCopy; }), [1]);
  assert.deepEqual(result.error, { kind: "retryable" });
});

/** Halves, not one by one: 2 calls a level, and the last of 250 is 8 levels down. */
for (const size of [1, 2, 3, 64, 250]) {
  test(`a culprit among ${size} is found in few calls`, async () => {
    let calls = 0;
    const insert = batchProcessor((items) => {
      calls += 1;
      if (items.some((item) => item.value === 0)) throw new RangeError("no");
      return items.map((item) => item.value);
    });
    const results = await run(insert, [...Array(size - 1).fill(1), 0]);
    assert.deepEqual(codes(results), [...Array(size - 1).fill("done"), "RangeError"]);
    assert.ok(calls <= 1 + 2 * Math.ceil(Math.log2(size + 1)), `${calls} calls`);
  });
}

test("a call that is made again gets its items as they came", async () => {
  const of = batchProcessor((items) => {
    const values = items.map((item) => {
      const { n } = item.value;
      delete item.value.n;
      if (typeof n !== "number") throw new TypeError("changed");
      return n;
    });
    if (values.includes(0)) throw new RangeError("no");
    return values;
  });
  assert.deepEqual(codes(await run(of, [{ n: 1 }, { n: 0 }, { n: 1 }])), ["done", "RangeError", "done"]);
});

/** Bug found: a function that changed an item's index gave its result to the item with that index. */
test("a function cannot change which item a result is for", async () => {
  const renumber = (item: any) => { item.index += 1; return item.value; };
  for (const of of [processor(renumber), batchProcessor((items) => items.map(renumber))]) {
    assert.deepEqual(codes(await run(of, [0, 1, 2])), ["TypeError", "TypeError", "TypeError"]);
  }
  const sorting = batchProcessor((items: any) => items.sort((a: any, b: any) => b.value - a.value).map((item: any) => item.value));
  assert.deepEqual((await run(sorting, [0, 1, 2])).map((result) => result.output), [0, 1, 2]);
});

/** So a function that filters or sorts cannot give an item the result of another one. */
test("a batch may return its results by index", async () => {
  const of = batchProcessor((items) => {
    const kept = items.filter((item) => item.value !== "dropped").reverse();
    return new Map(kept.map((item) => [item.index, item.value]));
  });
  const results = await run(of, [0, "dropped", 2]);
  assert.deepEqual(codes(results), ["done", "results", "done"]);
  assert.deepEqual(results.map((result) => result.output), [0, undefined, 2]);
});

/** What is left out comes again in a smaller request; a call that lasts too long would lose everything. */
test("without time nothing is begun", async () => {
  for (const of of [processor(() => 1), batchProcessor((items) => items.map(() => 1))]) {
    assert.deepEqual(await run(of, [1, 2, 3], new Deadline(0, 5)), []);
  }
});

test("items run side by side up to the bound", async () => {
  let running = 0;
  let most = 0;
  const of = processor(async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise(setImmediate);
    running -= 1;
  }, { concurrency: 3 });
  assert.deepEqual(codes(await run(of, Array(10).fill(1))), Array(10).fill("done"));
  assert.equal(most, 3);
});

/** `JSON.parse` rounds 9007199254740993 to …992: another customer's number. */
test("integers that would be rounded are refused, unless one asks for it", async () => {
  const values = [JSON.parse("9007199254740993"), { a: [{ b: -1e300 }] }, Number.MAX_SAFE_INTEGER, 0.1, "9007199254740993"];
  const seen: unknown[] = [];
  const call = (items: readonly { value: unknown }[]): unknown[] => items.map((item) => void seen.push(item.value));
  const wanted = ["unsafe-integer", "unsafe-integer", "done", "done", "done"];
  assert.deepEqual(codes(await run(batchProcessor(call), values)), wanted);
  assert.equal(seen.length, 3);
  assert.deepEqual(codes(await run(processor(() => 1), values)), wanted);
  assert.deepEqual(codes(await run(processor(() => 1, { unsafeIntegers: "round" }), values)), Array(5).fill("done"));
});

test("params that would be rounded are refused with all items, unless one asks for it", async () => {
  const batch = Batch.read(document([1, 2], { params: { customer: JSON.parse("9007199254740993") } }));
  const codesOf = async (of: Processor): Promise<string[]> => {
    const text = batch.answer(await of.run(batch.items, batch.limits.outputBytes, new Deadline()));
    return codes(JSON.parse(text).results);
  };
  assert.deepEqual(await codesOf(processor(() => 1)), ["unsafe-integer", "unsafe-integer"]);
  assert.deepEqual(await codesOf(processor(() => 1, { unsafeIntegers: "round" })), ["done", "done"]);
});

/** Valid by the schema, within its bounds, each index once and in order. */
test("whatever is returned the answer is good", async () => {
  const anything = fc.oneof(
    fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withObjectString: true, withSparseArray: true }),
    fc.string({ unit: "binary" }).map((message) => new Permanent(message, { code: message })),
    fc.string({ maxLength: 200 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(anything, { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 100, max: 1_000 }), async (outputs, outputBytes, answerBytes) => {
      const batch = Batch.read(document(outputs.map(() => 0), { limits: { outputBytes, answerBytes } }));
      const of = batchProcessor((items) => items.map((item) => outputs[item.index - 17]));
      const text = batch.answer(await of.run(batch.items, outputBytes, new Deadline()));
      const answer = JSON.parse(text);
      checkAnswer(answer);
      assert.ok(Buffer.byteLength(text) <= answerBytes);
      assert.equal(answer.batch, BATCH);
      const indexes: number[] = answer.results.map((result: any) => result.index);
      assert.deepEqual(indexes, [...new Set(indexes)].sort((a, b) => a - b));
      assert.ok(indexes.every((index) => index >= 17 && index < 17 + outputs.length));
    }),
  );
});

test("no document breaks the reader", () => {
  const names = ["type", "version", "batch", "job", "round", "limits", "items", "index", "id", "attempt", "idempotencyKey", "item"];
  const given = fc.dictionary(fc.constantFrom(...names), fc.jsonValue());
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), given.map((members) => document([1], members))), (found) => {
      try {
        Batch.read(found);
      } catch (error) {
        assert.ok(error instanceof DocumentError, String(error));
      }
    }),
  );
});
