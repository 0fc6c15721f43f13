// The whole way of a file with mistakes: sent, told at the end, corrected, retried, and joined to its outcome.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { saved } from "./firefox.js";
import { accessibilityFaults, binary, open, picture, showsCounts, start } from "./kit.js";

let world;
let directory;
const told = [];
before(async () => {
  world = await start({ HEADWAY_CALLBACKS: "gate" });
  world.gate.open();
  world.gate.answer = (body) => { if (body.type) told.push(body); return 200; };
  directory = mkdtempSync(join(tmpdir(), "headway-joined-"));
});
after(() => { world?.stop(); if (directory) rmSync(directory, { recursive: true, force: true }); });

const SCHEMA = { required: ["email"], properties: { iata: { type: "string", maxLength: 3 }, seats: { type: "integer" }, email: { type: "string", pattern: "@" } } };
// Three kinds of mistakes, and a column whose name JavaScript would put first.
const rowOf = (at) => [at % 33 === 5 ? "TOOLONG" : "ZRH", at % 40 === 7 ? "many" : String(at), at % 45 === 11 ? "nobody" : `p${at}@example.com`, at === 3 ? '"=1+1, x"' : "-1"];
const ROWS = `iata,seats,email,2024\n${Array.from({ length: 100 }, (_, at) => rowOf(at).join(",")).join("\n")}\n`;

// What the command makes of the same file.
function joinedByCommand(id, name, text, ...more) {
  const file = join(directory, name);
  writeFileSync(file, text);
  return execFileSync(binary, ["results", id, "--join", file, ...more], { env: { ...process.env, HEADWAY_URL: world.base, HEADWAY_TOKEN: world.token }, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
}

async function send(page, name, content, choose = async () => {}, encoding) {
  await page.locator("#file-input").setInputFiles({ name, mimeType: "", buffer: Buffer.from(content) });
  if (encoding) await page.getByLabel("Encoding").selectOption(encoding);
  await page.locator('[data-value="items"]').waitFor();
  await page.getByLabel("Processor").selectOption("json-schema");
  await page.getByLabel("JSON Schema of an item").fill(JSON.stringify(SCHEMA));
  await choose();
  await page.getByRole("button", { name: /^Send \d+ items?$/ }).click();
  await page.getByText(/^\W* ?Completed/).first().waitFor();
  return page.url().split("/").pop();
}

async function correct(page, code, number, value) {
  await page.getByRole("button", { name: code }).click();
  await page.getByRole("button", { name: "Correct them in a table" }).click();
  const cells = page.locator("input.blamed");
  assert.equal(await cells.count(), number);
  await cells.first().fill(value);
  await page.getByRole("button", { name: `Also write “${value}”` }).click();
  await picture(page, "correct-group");
  assert.deepEqual(await accessibilityFaults(page), []);
  await page.getByRole("button", { name: `Save ${number} corrections` }).click();
  await page.getByText("✓ Corrected").nth(number - 1).waitFor();
  await page.getByRole("button", { name: code }).click();
}

async function choose(page, what) {
  await page.getByRole("combobox", { name: "What", exact: true }).selectOption(what);
}

function download(page) {
  return saved(page, () => page.getByRole("button", { name: "Download", exact: true }).click());
}

test("a file with three kinds of mistakes is sent, told, corrected, retried and joined", async () => {
  const page = await open(world, "/new");
  const id = await send(page, "airports.csv", ROWS, () => page.getByLabel("Endpoint to be told when it ends").selectOption("gate"));
  await page.getByText("Completed, 8 failed").first().waitFor();
  // The endpoint is told after the end, and the page still says so.
  await page.getByText(/^gate: delivered /).waitFor();
  assert.deepEqual(told.map(({ type, data }) => [type, data.id]), [["job.completed", id]]);
  await correct(page, /maxLength/, 3, "BSL");
  await correct(page, /seats type/, 3, "12");
  await correct(page, /pattern/, 2, "who@example.com");
  await page.getByRole("button", { name: "Retry" }).click();
  await page.getByRole("dialog").getByText("8 items will run with the corrected value").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Retry" }).click();
  await showsCounts(page, { processedItems: 100, failedItems: 0, pendingItems: 0, totalItems: 100 });
  await page.getByText(/^gate: delivered .*\(round 2\)/).waitFor();
  // The file is still known in this tab.
  await choose(page, "sent");
  await page.getByText("airports.csv, ").waitFor();
  await picture(page, "joined");
  assert.deepEqual(await accessibilityFaults(page), []);
  const joined = await download(page);
  assert.match(joined.split("\r\n")[6], /^5,TOOLONG,5,p5@example\.com,-1,Processed,Used,,,,,BSL,5,p5@example\.com,-1$/);
  assert.equal(joined, joinedByCommand(id, "airports.csv", ROWS));
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test("a file is chosen again later, read as it was sent, and another one is refused with its lines", async () => {
  const text = Buffer.from("IATA;seats;email;place\nZRH;1;a@b;Z\xfcrich\nTOOLONG;2;c@d;x\n\n;;;\nBSL;3;none;y\n", "latin1");
  const page = await open(world, "/new");
  const id = await send(page, "places.csv", text, async () => {
    await page.getByLabel("Column of the file for iata").selectOption("IATA");
    await page.getByText("The columns fit the schema.").waitFor();
  }, "windows-1252");
  await page.context().close();

  const later = await open(world, `/jobs/${id}`);
  await choose(later, "sent");
  await later.getByRole("button", { name: "Download", exact: true }).click();
  await later.getByText("Choose the file first.").waitFor();
  const give = (buffer) => later.locator("#sent-file").setInputFiles({ name: "places.csv", mimeType: "", buffer });
  for (const [was, now, says] of [["TOOLONG", "TOOLATE", "A row from line 2 to line 6 is not the one that was sent."], ["BSL;3;none;y\n", "", "The file ends after 2 items, but the job has 3."], ["y\n", "y\nBSL;4;e@f;z\n", "Line 7: this row is one too many"]]) {
    await give(Buffer.from(text.toString("latin1").replace(was, now), "latin1"));
    await later.getByText("places.csv, ").waitFor();
    await later.getByRole("button", { name: "Download", exact: true }).click();
    await later.getByRole("alert").filter({ hasText: says }).waitFor();
  }
  await give(text);
  const rows = (await download(later)).split("\r\n");
  assert.deepEqual([rows[0], rows[1], rows.length], ["_index,IATA,seats,email,place,_status,_correction,_kind,_code,_error,_attempts,output.iata,output.seats,output.email,output.place", "0,ZRH,1,a@b,Zürich,Processed,,,,,,ZRH,1,a@b,Zürich", 5]);
  assert.match(rows[3], /^2,BSL,3,none,y,Failed,,Permanent,\/email pattern,/);
  assert.deepEqual(later.faults, []);
  await later.context().close();
});

test("lines keep every digit beside their outcome, and rows that were not sent say so", async () => {
  const items = ['{"email":"a@b","n":12345678901234567890}', '  {"iata":"TOOLONG","email":"c@d"}', "7", '{"n":1.0}'];
  const text = `${items.slice(0, 2).join("\n")}\n\n${items.slice(2).join("\n")}\n`;
  for (const [name, written] of [["items.ndjson", text], ["items.json", `[\n${items.join(",\n")}\n]\n`]]) {
    const page = await open(world, "/new");
    const id = await send(page, name, written);
    await choose(page, "sent");
    assert.equal(await download(page), joinedByCommand(id, name, written), name);
    await page.context().close();
  }

  // A job that was cancelled before all of its file had been sent.
  const cut = (await world.api("POST", "jobs", { processor: "json-schema", params: { schema: true }, sealed: false, toleratedFailures: { percentage: 100 } })).id;
  await fetch(`${world.base}v1/jobs/${cut}/parts/0?firstIndex=0`, { method: "PUT", headers: { Authorization: `Bearer ${world.token}`, "Content-Type": "application/x-ndjson" }, body: `${items.slice(0, 2).join("\n")}\n` });
  await world.until(cut, ({ processedItems }) => processedItems === 2);
  await world.api("POST", `jobs/${cut}/cancel`);
  await world.ended(cut);
  const other = await open(world, `/jobs/${cut}`);
  await choose(other, "sent");
  await other.locator("#sent-file").setInputFiles({ name: "items.ndjson", mimeType: "", buffer: Buffer.from(text) });
  await other.getByText("items.ndjson, ").waitFor();
  const joined = await download(other);
  assert.deepEqual(joined.trim().split("\n").map((line) => JSON.parse(line).status), ["Processed", "Processed", "NotSent", "NotSent"]);
  assert.equal(joined, joinedByCommand(cut, "items.ndjson", text));
  await other.context().close();
});

// Bug found: after a reload nobody could send the rest of the file, and the bar was full.
test("a sending that was interrupted goes on with the same file", async () => {
  const page = await open(world, "/new");
  await page.locator("#file-input").setInputFiles({ name: "airports.csv", mimeType: "", buffer: Buffer.from(ROWS) });
  await page.locator('[data-value="items"]').waitFor();
  await page.getByLabel("Processor").selectOption("json-schema");
  await page.getByLabel("JSON Schema of an item").fill(JSON.stringify(SCHEMA));
  await page.getByLabel("First try only some items").check();
  await page.getByLabel("Items to try first").fill("40");
  await page.getByRole("button", { name: "Try the first 40 items" }).click();
  await page.getByRole("button", { name: "Yes, send the rest" }).waitFor();
  await page.context().close();

  const [{ id }] = (await world.api("GET", "jobs?pageSize=1")).jobs;
  // The same file chosen again would be a second job, and its rows would run twice.
  const again = await open(world, "/new");
  await again.locator("#file-input").setInputFiles({ name: "airports.csv", mimeType: "", buffer: Buffer.from(ROWS) });
  await again.getByLabel("Processor").selectOption("json-schema");
  await again.getByRole("button", { name: "Send 100 items" }).click();
  await again.getByText("A job with this file was begun already. 40 of its items were sent").waitFor();
  assert.deepEqual(await accessibilityFaults(again), []);
  assert.equal(await again.getByRole("link", { name: "Send the rest to that job" }).getAttribute("href"), `#/jobs/${id}`);
  await again.context().close();
  const later = await open(world);
  await later.locator(".counts").filter({ hasText: "waits for more items" }).waitFor();
  await later.goto(`${world.base}#/jobs/${id}`);
  await later.getByText("40 of 100 items were sent so far.").waitFor();
  await later.locator('[data-count="unsent"]').filter({ hasText: /^60$/ }).waitFor();
  await later.getByRole("button", { name: "Cancel job" }).click();
  await later.getByRole("dialog").getByText("What has not been sent yet cannot be sent any more.").waitFor();
  await later.getByRole("dialog").getByRole("button", { name: "No, go back" }).click();
  const give = (text) => later.locator("#rest-file").setInputFiles({ name: "airports.csv", mimeType: "", buffer: Buffer.from(text) });
  await give(ROWS.replace("p3@", "p4@"));
  await later.getByRole("button", { name: "Send the rest" }).click();
  await later.getByRole("alert").filter({ hasText: "A row from line 2 to line 41 is not the one that was sent." }).waitFor();
  // Bug found: a file that has become longer was sent without a word.
  await give(`${ROWS}${ROWS.trimEnd().split("\n").at(-1)}\n`);
  await later.getByRole("button", { name: "Send the rest" }).click();
  await later.getByRole("dialog").getByText("its file had 100 items. This one has 101.").waitFor();
  await later.getByRole("dialog").getByRole("button", { name: "No, go back" }).click();
  await give(ROWS);
  await picture(later, "rest");
  assert.deepEqual(await accessibilityFaults(later), []);
  await later.getByRole("button", { name: "Send the rest" }).click();
  await showsCounts(later, { processedItems: 92, failedItems: 8, pendingItems: 0, totalItems: 100 });
  await choose(later, "sent");
  await later.locator("#sent-file").setInputFiles({ name: "airports.csv", mimeType: "", buffer: Buffer.from(ROWS) });
  await later.getByText("airports.csv, ").last().waitFor();
  assert.equal(await download(later), joinedByCommand(id, "airports.csv", ROWS));
  assert.deepEqual(later.faults, []);
  await later.context().close();
});

test("rows are named as in a spreadsheet, also if some between them are empty", async () => {
  for (const [gap, name] of [["", "Row 3"], [",\n", "Row 4"]]) {
    const page = await open(world, "/new");
    await send(page, "few.csv", `email,iata\na@b,ZRH\n${gap}a@b,TOOLONG\n`);
    await page.getByRole("button", { name: /maxLength/ }).filter({ hasText: name }).click();
    await page.getByRole("article", { name }).getByText(name, { exact: true }).waitFor();
    await page.context().close();
  }
});
