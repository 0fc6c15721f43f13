/** Runs a processor as a host does. */

import { Batch } from "../src/document.js";
import type { Processor } from "../src/index.js";
import { Deadline } from "../src/limits.js";
import { checkAnswer, document } from "./support.js";

/** The results of a processor for items with these values. */
export async function run(of: Processor, values: readonly unknown[], deadline = new Deadline(), limits: object = {}): Promise<any[]> {
  const batch = Batch.read(document(values, { limits }));
  const text = batch.answer(await of.run(batch.items, batch.limits.outputBytes, deadline));
  checkAnswer(JSON.parse(text));
  return JSON.parse(text).results;
}

/** The code of each error, and `done` for what is done. */
export function codes(results: readonly any[]): string[] {
  return results.map((result) => ("error" in result ? result.error.code : "done"));
}
