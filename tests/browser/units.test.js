// Small rules of the page, without a browser.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { READERS, pageCode } from "./page_code.js";

// Bug found: in a field of one line the line ends of a cell were dropped without a word.
test("a cell keeps the line ends that it had", () => {
  const { withLineEndsOf } = pageCode(["cell_field"], "withLineEndsOf");
  for (const [was, typed, expected] of [["a\nb", "a\nbc", "a\nbc"], ["a\r\nb", "a\nbc\nd", "a\r\nbc\r\nd"], ["a\rb", "a\nbc", "a\rbc"], ["a", "a\nb", "a\nb"], ["a\r\nb\nc", "a\nb\nc", "a\r\nb\nc"], ["a\r\nb", "ab", "ab"]]) {
    assert.equal(withLineEndsOf(was, typed), expected, JSON.stringify([was, typed]));
  }
});

// Bug found: right after a retry the ledger was full, beside items that waited.
test("the ledger shows nothing while the items of a retry are looked up", () => {
  const { isRetryLookedUp, squaresOf } = pageCode(["ledger"], "isRetryLookedUp, squaresOf", { given: { isLive: ({ status }) => status === "Processing" } });
  const job = { round: 2, status: "Processing", pendingItems: 29 };
  const full = squaresOf([{ part: 0, chunks: 2, settled: "0-1", parked: "" }]);
  const open = squaresOf([{ part: 0, chunks: 2, settled: "0", parked: "" }]);
  for (const [change, squares, expected] of [[{}, full, true], [{}, open, false], [{}, [], false], [{ round: 1 }, full, false], [{ pendingItems: 0 }, full, false], [{ status: "Completed" }, full, false]]) {
    assert.equal(isRetryLookedUp({ ...job, ...change }, squares), expected, JSON.stringify(change));
  }
});

test("what a job says is said in the words of the page", () => {
  const { averageWords, withPlace } = pageCode([...READERS, "job_page"], "averageWords, withPlace");
  // Bug found: slow work was done at 0 items/s.
  assert.deepEqual([[300, 1000], [300, 960_000], [5, 3_600_000 * 10]].map(([items, ms]) => averageWords(items, ms)), ["300 items/s", "1,125 items/h", "1 item/h"]);
  const job = { metadata: { "item 0 is row": 2 } };
  assert.deepEqual([withPlace(job, "item 28: x"), withPlace({}, "item 28: x"), withPlace(job, "no item 28: x")], ["item 28 (Row 30): x", "item 28: x", "no item 28: x"]);
});

test("the values that a message lists are offered", () => {
  const { offeredIn } = pageCode([...READERS, "spreadsheet_cells", "downloads", "cell_field"], "offeredIn");
  for (const [code, message, expected] of [
    ["/c enum", '/c: not one of "EUR", "CHF": "USD"', ["EUR", "CHF"]],
    ["/c enum", '/c: not one of "a, b", "c: \\"d\\"", 1, 2.50, null, true: "x, y": "z"', ["a, b", 'c: "d"', "1", "2.50", "null", "true"]],
    ["/c enum", '/c: not one of "EUR", "CH…: "USD"', ["EUR"]],
    ["/c enum", "/c: not one of 1, 23…: 5", ["1"]],
    ["/c enum", "/c: no value is allowed, as enum is empty: 1", []],
    ["/c maxLength", '/c: not one of "EUR": 1', []],
  ]) assert.deepEqual(offeredIn({ code, message }), expected.map((one) => (one === "2.50" && !JSON.rawJSON ? "2.5" : one)), message);
});

// Bug found: with an empty row in the file a failed row could not be found.
test("an item's row is the one that a spreadsheet shows", async () => {
  const { survey, metadataOf, placeOf, countingWords } = pageCode(READERS, "survey, metadataOf, placeOf, countingWords", { given: { sleep: () => {} } });
  const places = async (text, indexes, name = "a.csv") => {
    const source = { file: new File([text], name), format: name.split(".")[1], encoding: "utf-8", delimiter: "," };
    const seen = await survey(source, { say: () => {}, signal: { throwIfAborted: () => {} } });
    const job = { metadata: await metadataOf(source, seen) };
    return [seen.skipped, indexes.map((index) => placeOf(job, index)), countingWords(job).split(":")[0]];
  };
  assert.deepEqual(await places("a\n1\n2\n3\n", [0, 2]), [0, ["Row 2", "Row 4"], "Rows are counted as in a spreadsheet"]);
  assert.deepEqual(await places("a,n\nx,1\n\n,\n\ny,bad\n\nz,3\n", [0, 1, 2]), [4, ["Row 2", "Row 6", "Row 8"], "Rows are counted as in a spreadsheet"]);
  assert.deepEqual(await places("\na\n\"1\n1\"\n2\n", [0, 1]), [1, ["Row 3", "Row 4"], "Rows are counted as in a spreadsheet"]);
  assert.deepEqual(await places(`a\n${"1\n\n".repeat(200)}`, [0, 1]), [200, ["Item 0", "Item 1"], "Items are counted from 0"]);
  assert.deepEqual(await places("1\n\n2\n", [1], "a.ndjson"), [0, ["Item 1"], "Items are counted from 0."]);
});

// Bug found: of a member that was there twice, the first was dropped without a word.
test("JSON that is typed is read as strictly as in a file", () => {
  const { readTyped } = pageCode(READERS, "readTyped");
  assert.deepEqual(readTyped(' {"a": [1, null]} '), { a: [1, null] });
  for (const [text, says] of [['{"id":2,\n"id":3}', /the member “id” occurs twice, in line 2, column 1\.$/], ["[1e400]", /a number that is too large, in line 1, column 2/], ['"\\ud800"', /half of a character/], ["{a:1}", /double quotes/], ["", /cut off/]]) {
    assert.throws(() => readTyped(text), { message: says }, text);
  }
});

// Bug found: such a column had `undefined` or `{}` in the rows of items without the member, and could not be given back.
test("a member with a name that any object of JavaScript answers to is like any other", async () => {
  const items = ['{"n":"bad","constructor":"x","__proto__":"pp","toString":"t","valueOf":1}', '{"n":"bad2"}', '{"n":"bad3","toString":null}', '{"n":"bad4","hasOwnProperty":"\\ufeffx"}'];
  const records = async function* records() { yield* items.map((item, index) => ({ line: `{"index":${index},"id":null,"message":"m","item":${item}}` })); };
  const own = ["spreadsheet_cells", "rewritten_numbers", "rewritten_dates", "rewritten_cells", "downloads", "correct", "correction_table", "corrected_file", "group_table"];
  const { columnsFile, correctionsIn, correctionsOf, exactText, readExactly } = pageCode([...READERS, ...own], "columnsFile, correctionsIn, correctionsOf, exactText, readExactly", { given: { records } });
  const pieces = await columnsFile({}, { onLines: () => {} });
  assert.equal(pieces.join(""), "_index,_id,_error,n,constructor,__proto__,toString,valueOf,hasOwnProperty,_item\r\n0,,m,bad,x,pp,t,1,,\r\n1,,m,bad2,,,,,,\r\n2,,m,bad3,,,null,,,\r\n3,,m,bad4,,,,,,\"{\"\"hasOwnProperty\"\":\"\"\ufeffx\"\"}\"\r\n");
  const correct = async (text) => (await correctionsIn({ file: new File([text], "table.csv"), encoding: "utf-8", delimiter: "," }, {}, { say: () => {}, signal: { throwIfAborted: () => {} } })).corrections.map(({ item }) => exactText(item));
  assert.deepEqual(await correct(pieces.join("")), []);
  assert.deepEqual(await correct(`${pieces[0]}1,,m,good2,c,p,,2,,\r\n`), ['{"n":"good2","constructor":"c","__proto__":"p","valueOf":2}']);
  const [, , second] = items.map((item, index) => ({ index, item: readExactly(item) }));
  const typed = new Map([[2, { ["__proto__"]: "p", constructor: "c" }]]);
  assert.deepEqual(correctionsOf({}, [second], typed, {}).map(({ item }) => exactText(item)), ['{"n":"bad3","toString":null,"__proto__":"p","constructor":"c"}']);
});

// Bug found: such a cell counted as changed.
test("a cell whose lines end in another way is as it was", () => {
  const own = ["spreadsheet_cells", "rewritten_numbers", "rewritten_dates", "rewritten_cells", "downloads", "correct", "correction_table", "corrected_file"];
  const { isSameCell } = pageCode([...READERS, ...own], "isSameCell");
  for (const one of ["a\nb", "a\r\nb", "a\rb"]) for (const other of ["a\nb", "a\r\nb", "a\rb"]) assert.ok(isSameCell(one, one, other), JSON.stringify([one, other]));
  assert.ok(!isSameCell("a\nb", "a\nb", "a\n\nb") && !isSameCell("a\nb", "a\nb", "ab"));
});

// Bug found: of items with more members the table had more columns than the command's, which refused it.
test("the table of failed items has as many columns as the command's", async () => {
  const wide = Object.fromEntries(Array.from({ length: 1005 }, (_, at) => [`c${at}`, at]));
  const long = Object.fromEntries(["ä".repeat(15_000), "b".repeat(10_001), "c".repeat(10_000)].map((name) => [name, 1]));
  const own = ["spreadsheet_cells", "rewritten_numbers", "rewritten_dates", "rewritten_cells", "downloads", "correct", "correction_table", "corrected_file"];
  for (const [item, columns, rest] of [[wide, 1000, '{"c1000":1000,"c1001":1001,"c1002":1002,"c1003":1003,"c1004":1004}'], [long, 2, `{"${"b".repeat(10_001)}":1}`]]) {
    const records = async function* records() { yield { line: JSON.stringify({ index: 0, id: null, message: "m", item }) }; };
    const { columnsFile, correctionsIn, rowsOfText, valueOfCell } = pageCode([...READERS, ...own], "columnsFile, correctionsIn, rowsOfText, valueOfCell", { given: { records } });
    const pieces = await columnsFile({}, { onLines: () => {} });
    const [header, row] = rowsOfText(pieces.join(""));
    assert.deepEqual([header.cells.length, header.cells.at(-1), valueOfCell(row.cells.at(-1))], [3 + columns + 1, "_item", rest]);
    const { corrections, changed } = await correctionsIn({ file: new File(pieces, "table.csv"), encoding: "utf-8", delimiter: "," }, {}, { say: () => {}, signal: { throwIfAborted: () => {} } });
    assert.deepEqual([corrections, changed], [[], []]);
  }
});

// Bug found: with another file the key of a job vouched for items that were never sent.
test("a job with an idempotency key takes exactly the items that it was started with", async () => {
  const { checkSent } = pageCode(READERS, "checkSent", { given: { window: { crypto }, sleep: async () => {} } });
  const lines = (last) => `${Array.from({ length: 12_000 }, (_, at) => `{"n": ${at}}`).join("\n")}\n${last}\n`;
  const whole = createHash("sha256").update(lines('{"n":"é"}')).digest("hex");
  const check = (text) => checkSent({ source: { file: new File([text], "a.ndjson"), format: "ndjson", encoding: "utf-8" }, job: { sealed: false }, parts: [], whole, say() {}, signal: new AbortController().signal });
  assert.equal(await check(lines(' {"n":"é"} ')), 12_001);
  for (const last of ['{"n":"e"}', '{"n":"é"}\n1']) await assert.rejects(check(lines(last)), /its idempotency key stands for them/);
});

// Bug found: a column that was copied in a spreadsheet became one cell.
test("copied cells are pasted as cells, or not at all", () => {
  const { pastedCells, placesOf } = pageCode([...READERS, "pasted_cells"], "pastedCells, placesOf");
  for (const [text, cells] of [
    ["7", null], ["7\r\n", null], ["", null], ['"a" b', null],
    ["1\r\n2\r\n3\r\n", [["1"], ["2"], ["3"]]], ["1\n\n3", [["1"], [""], ["3"]]], ["7\tw", [["7", "w"]]], ["a\tb\nc\td\n", [["a", "b"], ["c", "d"]]],
    ['"two\nlines"\tx\r\n"say ""hi""\tnow"\ty\r\n', [["two\nlines", "x"], ['say "hi"\tnow', "y"]]],
    ['"raw"\tx\n5" pipe\ty', [['"raw"', "x"], ['5" pipe', "y"]]],
  ]) assert.deepEqual(pastedCells(text), cells, JSON.stringify(text));
  const table = { rows: ["r0", "r1", "r2"], columns: ["a", "b"] };
  assert.deepEqual(placesOf([["1"], ["2"]], { ...table, row: 1, column: 1 }), { changes: [{ row: "r1", name: "b", text: "1" }, { row: "r2", name: "b", text: "2" }], says: "Pasted into 2 rows and 1 column." });
  assert.match(placesOf([["1"], ["2"]], { ...table, row: 2, column: 0 }).fault, /^2 rows were copied, but from here on the table has 1 row: nothing/);
  assert.match(placesOf([["1", "2"]], { ...table, row: 0, column: 1 }).fault, /^2 columns were copied, but from here on the table has 1 column/);
});

test("slow work, names without letters and texts with accents are put into words", () => {
  const { columnWords, folded, rateWords } = pageCode([...READERS, "job_page", "jobs_page", "group_table"], "columnWords, folded, rateWords", { given: { waitsForItems: () => false } });
  assert.deepEqual([300, 12.34, 0.5, 0.01, 0.0001, 0.000001, 0].map(rateWords), ["300 items/s", "12.34 items/s", "0.5 items/s", "36 items/h", "8.6 items/day", "less than 1 item/day", "0 items/s"]);
  assert.deepEqual(["", " ", "a"].map(columnWords), ["(without a name)", "(without a name)", "a"]);
  for (const [text, typed] of [["Straße", "STRASSE"], ["İstanbul", "istanbul"], ["éclair", "Eclair"], ["ISPARTA ısparta", "isparta"]]) assert.ok(folded(text).includes(folded(typed)), text);
});
