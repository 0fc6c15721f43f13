/** The function that the test vectors script: an item says what to do with it. kits/python has the same. */

import { batchProcessor, type Item, Permanent, type Processor, processor, Retryable, Throttled } from "../src/index.js";

/** An error of the user's own. */
class Boom extends Error {}

function play({ value: script }: Item): unknown {
  const { message, code, after } = script;
  switch (script.do) {
    case "return":
      return script.value;
    case "nothing":
      return undefined;
    case "permanent":
      throw new Permanent(message, { code });
    case "retryable":
      throw new Retryable(message, { code, after });
    case "throttled":
      throw new Throttled(after, message, { code });
    case "raise":
      throw new Boom("hunter2");
    case "nan":
      return { a: Number.NaN };
    case "unwritable":
      return [() => 1];
    case "surrogate":
      return ["\ud800"];
    case "surrogate-message":
      throw new Permanent("a\ud800b");
    case "large":
      return "x".repeat(script.bytes);
    case "deep":
      return JSON.parse("[".repeat(script.depth) + "]".repeat(script.depth));
    default:
      throw new Error(`no script ${script.do}`);
  }
}

function playMany(items: Item[]): unknown {
  const results: unknown[] = [];
  for (const item of items) {
    const { value: script } = item;
    if (script.do === "throttle-all") throw new Throttled(script.after, "the database is busy", { code: "busy" });
    if (script.do === "no-list") return 5;
    if (script.do === "raise") throw new Boom("hunter2");
    if (script.do === "extra") results.push(1, 2);
    else if (script.do !== "drop") results.push(playOne(item));
  }
  return results;
}

function playOne(item: Item): unknown {
  try {
    return play(item);
  } catch (error) {
    return error;
  }
}

function known({ value, ...item }: Item): unknown {
  return item;
}

export const PROCESSORS: Readonly<Record<string, Processor>> = {
  item: processor(play),
  "item-echo": processor(async (item) => item.value),
  "item-known": processor(known),
  batch: batchProcessor(async (items) => playMany(items)),
};
