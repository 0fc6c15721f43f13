// A file that is one JSON list is read as the command reads it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { open, showsCounts, start } from "./kit.js";
import { READERS, pageCode } from "./page_code.js";

const { ListReader } = pageCode(READERS, "ListReader");

// The items of a text that comes in pieces of this size.
function itemsOf(text, size) {
  const list = new ListReader();
  const items = [];
  for (let at = 0; at < text.length; at += size) items.push(...list.items(text.slice(at, at + size)));
  list.end();
  return items.map((item) => [item.text, item.line]);
}

test("the items of a list are the same however the file is cut, and are kept as they are written", () => {
  const text = '[\n  {"a": "],[\\"{",\n   "n": 12345678901234567890}\n, [1,\r\n[2]], "x\\\\", null,\n\n1.0 ]\n\n';
  for (const size of [1, 2, 3, 7, 1000]) assert.deepEqual(itemsOf(text, size), [['{"a": "],[\\"{",    "n": 12345678901234567890}', 2], ["[1,  [2]]", 4], ['"x\\\\"', 5], ["null", 5], ["1.0", 7]], String(size));
  for (const empty of ["[]", " [ \n ] "]) assert.deepEqual(itemsOf(empty, 2), []);
});

let world;
before(async () => { world = await start(); });
after(() => world?.stop());

test("a JSON file is sent item by item", async () => {
  const page = await open(world, "/new");
  await page.locator("#file-input").setInputFiles({ name: "planes.json", mimeType: "application/json", buffer: Buffer.from('[\n  {"iata": "ZRH", "n": 12345678901234567890},\n  {"iata": "TOOLONG"}\n]\n') });
  await page.getByText("2 items").first().waitFor();
  assert.equal(await page.getByLabel("Format").inputValue(), "json");
  await page.getByLabel("Processor").selectOption("json-schema");
  await page.getByLabel("JSON Schema of an item").fill('{"properties":{"iata":{"maxLength":3}}}');
  await page.getByRole("button", { name: "Send 2 items" }).click();
  await showsCounts(page, { processedItems: 1, failedItems: 1, pendingItems: 0, totalItems: 2 });
  const results = await fetch(`${world.base}v1/jobs/${page.url().split("/").pop()}/results?format=ndjson`, { headers: { Authorization: `Bearer ${world.token}` } });
  assert.match(await results.text(), /"output":\{"iata": ?"ZRH", ?"n": ?12345678901234567890\}/);
  assert.deepEqual(page.faults, []);
  await page.context().close();
});
