// What the page says of a file's columns and a schema, without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";

import { READERS, pageCode, table } from "./page_code.js";

const { checkColumns, columnsWords, readTyped, survey } = pageCode([...READERS, "spreadsheet_cells", "downloads", "schema_columns", "column_check"], "checkColumns, columnsWords, readTyped, survey", { given: { sleep: () => {} } });

function seenWith(columns) {
  return { items: 2, objects: 2, columns: new Map(columns.map((name) => [name, 2])) };
}

function check(schema, columns, { isTable = true, isText = isTable, ...seen } = {}) {
  return checkColumns(schema, { ...seenWith(columns), ...seen }, { isTable, isText });
}

function saidOf(found, isCut = false) {
  const { strong, says } = columnsWords(found, isCut);
  return [strong, says].filter(Boolean).join(" ");
}

// Bugs found: a column behind a `$ref` was said not to be checked, `false` was ticked, and `minimum` without a `type` as well.
test("the page compares columns with a schema as the command does", () => {
  for (const { schema, columns, fails = [], unread = [], beyond = [] } of table("local/src/schema_columns/cases.json")) {
    const found = check(schema, columns);
    const failed = [...found.whole.map(() => "*"), ...found.columns.filter(({ tone }) => tone === "bad").map(({ name }) => name)];
    assert.deepEqual([failed, found.columns.filter(({ isUnread }) => isUnread).map(({ name }) => name), found.beyond], [fails, unread, beyond], JSON.stringify(schema));
    // It claims no more than was compared.
    assert.equal(saidOf(found).includes("The columns fit the schema."), [fails, unread, beyond].every((list) => list.length === 0) && found.columns.some(({ isKnown, isInFile }) => isKnown && isInFile), JSON.stringify(schema));
    if (beyond.length > 0) assert.doesNotMatch(JSON.stringify(found) + saidOf(found), /not checked|optional|nothing/, JSON.stringify(schema));
  }
});

test("what is not compared here is named, and how to see it", () => {
  const found = check({ patternProperties: { "^n": { type: "integer" } }, anyOf: [true] }, ["n1"]);
  assert.equal(saidOf(found), "What “patternProperties”, “anyOf” in the schema say is not compared here: it is checked when the items run. To see it early, try some items first (below).");
  assert.deepEqual(found.columns.map(({ tone, says }) => [tone, says]), [["info", "not named in what is compared here"]]);
  assert.match(saidOf(check({ properties: { n: {} }, not: { required: ["x"] } }, ["n"])), /^The columns fit what is compared here\. What “not” in the schema says is not/);
});

test("items that are no rows may have any values, and are no objects at times", () => {
  const items = { isTable: false };
  assert.deepEqual(check({ properties: { a: { type: "array" }, b: false }, maxProperties: 1 }, ["a", "b"], items).columns.map(({ name, tone }) => [name, tone]), [["b", "bad"], ["a", "good"]]);
  assert.deepEqual(check({ maxProperties: 1 }, ["a", "b"], items).beyond, ["maxProperties"]);
  assert.deepEqual(check({ properties: { n: { minimum: 3 } } }, ["n"], items).columns[0].tone, "good");
  assert.deepEqual(check({ type: "array" }, ["a"], { ...items, objects: 1 }).whole, []);
  assert.equal(check({ required: ["z"] }, ["a"], { ...items, objects: 1 }).columns[0].says, "required, but not in the file: every item that is an object will fail");
  assert.equal(check({ type: "array" }, ["a"], items).whole.length, 1);
  // Of too many different members only some are known.
  assert.deepEqual(check({ required: ["z"] }, ["a"], { ...items, isCut: true }).columns.map(({ tone }) => tone).sort(), ["info", "warn"]);
  // Cells that are not converted are texts.
  assert.deepEqual(check({ properties: { n: { type: "integer" } } }, ["n"], { isText: false }).columns[0].tone, "bad");
});

test("all columns of a table are known, and some members of other items", async () => {
  const look = async (text, format) => survey({ file: new File([text], "a"), format, encoding: "utf-8", delimiter: "," }, { say: () => {}, signal: { throwIfAborted: () => {} } });
  const names = Array.from({ length: 2100 }, (_, at) => `c${at}`);
  const wide = await look(`${names.join()}\n${names.join("x,")}\n`, "csv");
  assert.deepEqual([wide.columns.size, Boolean(wide.isCut)], [2100, false]);
  const many = await look(names.map((name) => `{"${name}":1}\n`).join(""), "ndjson");
  assert.deepEqual([many.columns.size, many.isCut], [2000, true]);
});

test("what a schema wants of a column is said, wherever it is written and with every digit", () => {
  const wanted = (schema) => check(schema, ["a"]).columns[0].wanted;
  for (const [text, expected] of [
    ['{"properties":{"a":{"type":["integer","null"],"minimum":1.0,"maximum":12345678901234567890}}}', "integer or null, 1.0 to 12345678901234567890"],
    ['{"properties":{"a":{"$ref":"#/$defs/n","maxLength":3}},"$defs":{"n":{"type":"string"}}}', "at most 3 characters, string"],
    ['{"properties":{"a":{"enum":["x",1e3]}}}', 'one of "x", 1e3'],
    ['{"properties":{"a":{"anyOf":[{"type":"string"}],"title":"A"}}}', "“anyOf”"],
    ['{"properties":{"a":{"type":"number","exclusiveMinimum":0,"multipleOf":0.50}}}', "number, more than 0, a multiple of 0.50"],
    ['{"properties":{"a":{"minimum":0,"exclusiveMinimum":true}}}', "at least 0, also “exclusiveMinimum”"],
    ['{"properties":{"a":false}}', "no value"],
    ['{"properties":{"a":{"type":5,"format":{},"pattern":[],"enum":7,"minimum":"x"}},"required":[1e3,{}]}', "like [], at least x"],
  ]) assert.equal(wanted(readTyped(text)), JSON.rawJSON ? expected : expected.replace("1.0 to 12345678901234567890", "1 to 12345678901234567000").replace("1e3", "1000").replace("0.50", "0.5"), text);
});

// Bugs found: an id that the service refuses ended the sending after the job was made, and long numbers were no ids.
test("the page takes the same ids as the command and the service", async () => {
  const { checkIds, idOf } = pageCode([...READERS, "item_ids"], "checkIds, idOf", { given: { sleep: () => {} } });
  for (const [item, id, says] of table("local/src/ids/cases.json")) {
    const found = idOf(item, "id");
    assert.equal(found.id ?? null, id, item);
    if (id === null) assert.ok(found.fault.includes(says), `${item}: ${found.fault}`);
  }
  const check = (text, format, field = "id") => checkIds({ file: new File([text], "a"), format, encoding: "utf-8", delimiter: "," }, field, { say: () => {}, signal: { throwIfAborted: () => {} } });
  await check('{"id":12345678901234567890}\n{"id":12345678901234567891}\n{"id":-0}\n{"id":0}\n', "ndjson");
  await check("id,constructor\n1,x\n2,y\n", "csv", "constructor");
  await assert.rejects(check('{"id":1}\n\n{"id":"1"}\n', "ndjson"), { message: "Line 3: its “id” is “1”, the same as that of the item in line 1: each item needs an id of its own." });
  await assert.rejects(check("id,n\nx,1\n,2\n", "csv"), { message: "Line 3: its “id” is empty, but an id must not be. Choose another id column, or none." });
});

test("what cannot be seen in a text is shown as a code, as by the command", () => {
  const { visible } = pageCode(["../html_page/visible"], "visible");
  for (const [text, shown] of table("api/src/visible_texts.json")) assert.equal(visible(text), shown);
});
