/** What a function returns counts as done only if it is, and is written as it is. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { batchProcessor, Permanent, processor, Throttled } from "../src/index.js";
import { codes, run } from "./running.js";
import { silent } from "./support.js";

silent();

/** What a value is within an output: as it is, as a member and as an element. */
async function within(value: () => unknown): Promise<string[]> {
  const outputs = [(): unknown => value(), (): unknown => ({ a: { b: value() } }), (): unknown => [1, [value()]]];
  return codes(await run(processor((item) => outputs[item.value]?.()), [0, 1, 2]));
}

class Point {
  x = 1;
}

const cycle: unknown[] = [];
cycle.push({ cycle });

/** `JSON.stringify` makes `{}`, `null` or less of these, or throws. */
const CHANGED: Record<string, () => unknown> = {
  NaN: () => Number.NaN,
  Infinity: () => Number.NEGATIVE_INFINITY,
  "boxed number": () => new Number(1),
  bigint: () => 1n,
  symbol: () => Symbol("s"),
  function: () => () => 1,
  class: () => Permanent,
  "class instance": () => new Point(),
  "own prototype": () => Object.create({ a: 1 }),
  Set: () => new Set([1]),
  Map: () => new Map([["a", 1]]),
  RegExp: () => /x/,
  "typed array": () => new Uint8Array([1]),
  ArrayBuffer: () => new ArrayBuffer(2),
  "date that is not valid": () => new Date(Number.NaN),
  iterator: () => [1].values(),
  generator: () => (function* () { yield 1; })(),
  namespace: () => Math,
  arguments: () => (function () { return arguments; })(),
  Response: () => new Response("{}"),
  WeakRef: () => new WeakRef({}),
  "symbol member": () => ({ [Symbol("s")]: 1 }),
  "undefined in an array": () => [1, undefined],
  "gap in an array": () => [1, , 2],
  "array with members": () => "ab".match(/(?<first>a)b/),
  "half of a surrogate pair": () => "\ud800",
  "half of a surrogate pair in a name": () => ({ "\ud800": 1 }),
  cycle: () => cycle,
  "toJSON that gives nothing": () => ({ toJSON: () => undefined }),
  "toJSON that gives a set": () => ({ toJSON: () => new Set() }),
  "toJSON that throws": () => ({ toJSON: () => { throw null; } }),
  "getter that throws": () => ({ get a(): number { throw new Permanent("no", { code: "no" }); } }),
  "revoked proxy": () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return { proxy }; },
};

for (const [name, value] of Object.entries(CHANGED)) {
  test(`an output with what JSON would change is refused: ${name}`, async () => {
    assert.deepEqual(await within(value), ["output", "output", "output"]);
  });
}

test("what JSON can say is written as it is", async () => {
  const named = JSON.parse('{"__proto__": {"a": 1}, "toJSON": "text", "then": "later"}');
  let reads = 0;
  const shared = { a: 1 };
  const written: [unknown, unknown][] = [
    [{ a: undefined, at: new Date(0) }, { at: "1970-01-01T00:00:00.000Z" }],
    [new URL("https://example.com/"), "https://example.com/"],
    [Object.assign(Object.create(null), { a: [null, true, -1.5e300, ""] }), { a: [null, true, -1.5e300, ""] }],
    [named, named],
    [[shared, shared], [shared, shared]],
    [{ get a(): unknown { reads += 1; return reads === 1 ? 1 : new Set(); } }, { a: 1 }],
    [{ status: "fulfilled", value: 1, id: 2 }, { status: "fulfilled", value: 1, id: 2 }],
    [{ status: "rejected" }, { status: "rejected" }],
  ];
  for (const of of [processor((item) => written[item.value]?.[0]), batchProcessor((items) => items.map((item) => written[item.value]?.[0]))]) {
    reads = 0;
    const results = await run(of, [...written.keys()]);
    assert.deepEqual(results.map((result) => JSON.stringify(result.output)), written.map(([, wanted]) => JSON.stringify(wanted)));
  }
});

test("an error that is returned counts as one that is thrown", async () => {
  const errors = [new Permanent("no", { code: "no" }), new Throttled(3, "", { code: "busy" }), new TypeError("hunter2"), new DOMException("no", "AbortError")];
  for (const of of [processor((item) => errors[item.value]), processor(async (item) => errors[item.value]), batchProcessor(() => errors)]) {
    const results = await run(of, [0, 1, 2, 3]);
    assert.deepEqual(codes(results), ["no", "busy", "TypeError", "AbortError"]);
    assert.deepEqual(results.map((result) => result.error.kind), ["permanent", "throttled", "retryable", "retryable"]);
  }
  for (const within of [{ error: new Permanent("no") }, [new Error("no")]]) {
    assert.deepEqual(codes(await run(processor(() => within), [1])), ["output"]);
  }
});

/** Bug found: an array of promises counted as done with `{}` for each, and the first that failed ended the process. */
test("a batch may return a promise for each item", async () => {
  const one = async ({ value }: { value: number }): Promise<unknown> => {
    await new Promise(setImmediate);
    if (value === 1) throw new Permanent("no", { code: "no" });
    if (value === 2) throw "text";
    return value === 3 ? new RangeError("returned") : { value };
  };
  const wanted = ["done", "no", "thrown", "RangeError", "done"];
  for (const of of [
    batchProcessor((items) => items.map(one)),
    batchProcessor(async (items) => items.map(one)),
    batchProcessor((items) => new Map(items.map((item) => [item.index, one(item)]))),
  ]) {
    const results = await run(of, [0, 1, 2, 3, 4]);
    assert.deepEqual(codes(results), wanted);
    assert.deepEqual(results[4].output, { value: 4 });
  }
});

test("a promise that nobody awaits is no output, and ends nothing when it fails", async () => {
  const failing = async (): Promise<never> => { throw new Error("no"); };
  const outputs = [() => ({ a: failing(), b: [failing()] }), () => [failing(), failing()], () => ({ a: { then: () => undefined } })];
  assert.deepEqual(codes(await run(processor((item) => outputs[item.value]?.()), [0, 1, 2])), ["output", "output", "output"]);
  assert.deepEqual(codes(await run(batchProcessor((items) => [items.map(failing)]), [0])), ["output"]);
  const tooFew = batchProcessor((items) => (items.length > 1 ? [failing(), failing(), failing()] : [1]));
  assert.deepEqual(codes(await run(tooFew, [0, 1])), ["done", "done"]);
  await new Promise(setImmediate);
});

/** Whether one of them failed can be seen in the entry only, and an output may look the same. */
test("entries of Promise.allSettled are refused, and so is a gap", async () => {
  const one = async ({ value }: { value: number }): Promise<number> => {
    if (value === 1) throw new Permanent("no");
    if (value === 2) throw "text";
    return value;
  };
  assert.deepEqual(codes(await run(batchProcessor((items) => Promise.allSettled(items.map(one))), [0, 1, 2])), Array(3).fill("output"));
  const sparse = batchProcessor((items) => {
    const results = new Array(items.length);
    items.forEach((item, place) => { if (item.value !== 1) results[place] = item.value; });
    return results;
  });
  assert.deepEqual(codes(await run(sparse, [0, 1, 2])), ["done", "results", "done"]);
});

test("what yields cannot be a processor", () => {
  for (const wrap of [processor, batchProcessor]) {
    assert.throws(() => wrap(function* () { yield 1; }), /yield/);
    assert.throws(() => wrap(async function* () { yield 1; }), /yield/);
  }
});

test("an output that is nested too deep is omitted however deep it is, and never ends the process", async () => {
  const nested = (depth: number, value: unknown): unknown => { for (let n = 0; n < depth; n += 1) value = [value]; return value; };
  const results = await run(processor((item) => nested(item.value, 1)), [100, 101, 1_000, 1_001, 100_000]);
  assert.deepEqual(results.map((result) => result.outputOmitted ?? result.error?.code ?? "kept"), ["kept", true, true, true, true]);
  assert.deepEqual(codes(await run(processor(() => nested(500, Number.NaN)), [1])), ["output"]);
});
