// The page reads files as the command does. Both are tested against the same tables: functions/local/tests/files says what becomes of
// each file; beside it are csv-spectrum and a corpus from practice.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";

import { READERS, pageCode, source, table } from "./page_code.js";

const page = pageCode(READERS, "itemsOf, sourceOf");

// A file that comes in pieces of this size.
class Trickle extends File {
  constructor(bytes, name, step) {
    super([bytes], name);
    Object.assign(this, { bytes, step });
  }

  stream() {
    let at = 0;
    return new ReadableStream({ pull: (to) => {
      if (at >= this.bytes.length) return to.close();
      to.enqueue(this.bytes.subarray(at, at + this.step));
      at += this.step;
      return undefined;
    } });
  }
}

async function readAll(source) {
  const tally = { skipped: 0 };
  const items = [];
  try {
    for await (const { text } of page.itemsOf(source, tally)) items.push(text);
  } catch (error) {
    if (error.constructor.name !== "FileProblem") throw error;
    return { refused: error.message };
  }
  return { items, skipped: tally.skipped };
}

// What becomes of these bytes, however they come.
async function outcome(bytes, { format, delimiter, encoding = "utf-8" }) {
  const sourceBy = (step) => ({ file: new Trickle(bytes, "x", step), format, encoding, delimiter: delimiter || ",", isNamed: delimiter !== undefined });
  const whole = await readAll(sourceBy(1 << 20));
  const trickled = await readAll(sourceBy(1));
  // What may have been meant is seen only in a larger piece.
  const withoutWords = ({ refused, ...read }) => ({ ...read, place: refused && (placeIn(refused) || true) });
  assert.deepEqual(withoutWords(trickled), withoutWords(whole), "the result does not depend on how bytes arrive");
  return whole;
}

// "line 1, column 2: x" of the command is "Line 1, column 2: x" of the page.
function placeIn(message) {
  return /^line (\d+, column \d+)/i.exec(message)?.[1];
}

function check({ items, refused, skipped = 0, page: own = {} }, found, name) {
  if (own.items || (items && !own.refused)) return assert.deepEqual(found, { items: own.items || items, skipped }, name);
  assert.ok(found.refused, `${name} was read: ${JSON.stringify(found.items)}`);
  // In JSON the readers see an error at different characters of a line.
  const place = /not JSON/.test(refused) ? undefined : placeIn(refused);
  const [line] = /^line \d+,/.exec(refused) || [];
  if (!own.refused && line) assert.ok(found.refused.toLowerCase().startsWith(line), `${name}: ${found.refused}`);
  if (!own.refused && place) assert.equal(placeIn(found.refused), place, `${name}: ${found.refused}`);
  if (own.refused) assert.ok(found.refused.includes(own.refused), `${name}: ${found.refused}`);
  assert.doesNotMatch(found.refused, /--/, "the page has no options");
  return undefined;
}

for (const format of ["csv", "ndjson", "json", "text"]) {
  test(`what becomes of each file in the table ${format}`, async () => {
    for (const row of table(`local/tests/files/${format}.json`)) {
      const bytes = row.bytes === undefined ? Buffer.from(row.text, "utf8") : Buffer.from(row.bytes, "latin1");
      // The page does not offer UTF-16 with either order of bytes.
      if (row.encoding === "utf-16") continue;
      const formats = row.format === "any" ? ["csv", "ndjson", "json"] : [row.format || format];
      for (const one of formats) check(row, await outcome(bytes, { ...row, format: one }), `${one} ${JSON.stringify(row.text ?? row.bytes.slice(0, 60))}`);
    }
  });
}

// The corpus says what becomes of each file by its line; csv-spectrum has the items of each.
const spectrum = (name) => { const items = `local/tests/csv-spectrum/json/${name.replace(".csv", ".json")}`; return name.startsWith("location") ? { refused: "line 2, column 22" } : { items: table(items) }; };

test("csv-spectrum and the corpus from practice are read as the command reads them", async () => {
  const corpus = table("local/tests/corpus/expected.json");
  const files = [...readdirSync(new URL("../../functions/local/tests/csv-spectrum/csvs", import.meta.url)).map((name) => [`csv-spectrum/csvs/${name}`, spectrum(name)]), ...Object.entries(corpus).map(([name, expected]) => [`corpus/${name}`, expected])];
  for (const [name, { items, itemsCount, refused, skippedRows = 0 }] of files) {
    const found = await outcome(source(`local/tests/${name}`, null), { format: "csv" });
    if (refused) assert.match(found.refused, new RegExp(`^Line ${refused.line ?? 2}, `), name);
    else if (itemsCount) assert.equal(found.items.length, itemsCount, name);
    else assert.deepEqual([found.items.map((item) => JSON.parse(item)), found.skipped], [items, skippedRows], name);
  }
});

test("an item that does not end is given up at its place", async () => {
  const long = "x".repeat(1_100_000);
  for (const [format, text, says] of [["csv", `a\n1\n"${long}`, "Line 3, column 1: the cell that begins here goes on"], ["csv", `a\n1\n${long}`, "Line 3: the item that begins here is larger"],
    ["ndjson", `1\n1\n"${long}`, "Line 3, column 1: the item that begins here is larger"], ["json", `[1,\n1,\n"${long}`, "Line 3, column 1: the item that begins here is larger"],
    ["json", `[1,\n{"a":1,\n${'{"a":1},\n'.repeat(200_000)}]`, "Line 3, column 1: this is not JSON"]]) {
    const { refused } = await readAll({ file: new Trickle(Buffer.from(text), "x", 100_000), format, delimiter: ",", encoding: "utf-8" });
    assert.ok(refused?.startsWith(says), `${text.slice(0, 20)}: ${refused}`);
  }
});

test("how a file is read is seen from its name and its beginning", async () => {
  for (const [name, text, format, delimiter] of [["a.csv", "a;b\n1;2\n", "csv", ";"], ["a.tsv", "a\tb,c\n", "csv", ","], ["a.txt", "a|b\n", "csv", "|"], ["a.csv", '"x;y",b\n', "csv", ","], ["a.jsonl", "[1]\n", "ndjson", ","],
    ["a.json", "[1]", "json", ","], ["a.json", '{"a":1}\n{"a":2}\n', "ndjson", ","], ["a.json", '{"items":[{"a":1}]}\n', "json", ","]]) {
    const found = await page.sourceOf(new File([text], name));
    assert.deepEqual([found.format, found.delimiter], [format, delimiter], name + text);
  }
});

// A small generator, the same at each run.
function numbers(seed) {
  let state = seed;
  return (below) => { state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0; return (state >>> 8) % below; };
}

test("any table is read back unchanged, however its lines end", async () => {
  const random = numbers(7);
  for (let round = 0; round < 300; round += 1) {
    const word = () => Array.from({ length: random(4) }, () => ["a", '"', ",", ";", "\n", "\r", "é", "\u{1f680}", " "][random(9)]).join("");
    const rows = Array.from({ length: random(6) }, () => ["x", ...Array.from({ length: 2 }, word)]);
    const quoted = (cell) => (/[",\r\n]/.test(cell) || random(3) === 0 ? `"${cell.replaceAll('"', '""')}"` : cell);
    const text = ["a,b,c", ...rows.map((row) => row.map(quoted).join(","))].map((line) => line + ["\n", "\r\n", "\r"][random(3)]).join("");
    const { items } = await outcome(Buffer.from(text), { format: "csv", delimiter: "," });
    assert.deepEqual(items.map((item) => Object.values(JSON.parse(item))), rows, JSON.stringify(text));
  }
});
