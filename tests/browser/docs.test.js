// The reader of the API: whatever it tells people to type works.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { open, start } from "./kit.js";

let world;
let directory;
before(async () => {
  world = await start();
  directory = mkdtempSync(join(tmpdir(), "headway-docs-"));
});
after(() => { world?.stop(); if (directory) rmSync(directory, { recursive: true, force: true }); });

const prelude = readFileSync(new URL("../docs/prelude.sh", import.meta.url), "utf8");

// Runs commands with the names that a reader would have set.
function run(commands, env, CURL_FLAGS = "--fail-with-body") {
  return execFileSync("bash", ["-c", `${prelude}\n${commands}\necho; echo "JOB=$JOB"`], { cwd: directory, encoding: "utf8", env: { ...process.env, CURL_FLAGS, TOKEN: world.token, HEADWAY: world.base.replace(/\/$/, ""), ...env } });
}

test("the guide can be followed from the first command to the last", async () => {
  const page = await open(world);
  await page.goto(`${world.base}docs`);
  await page.getByRole("heading", { name: "Schemas" }).waitFor();
  const [first, read, failures, retry, parts] = await page.locator("#guide pre:not(#correct, #token)").allTextContents();
  const corrections = await page.locator("#guide pre#correct").allTextContents();
  const JOB = /JOB=(.*)/.exec(run(first, { JOB: "" }))[1];
  const job = await world.ended(JOB);
  assert.deepEqual([job.title, job.failedItems], ["Airports, November", 1]);
  assert.match(run(read, { JOB }), /etag: W\//i);
  assert.match(run(failures, { JOB }), /maxLength/);
  for (const correct of corrections) assert.match(run(correct, { JOB }), /"corrected":1/);
  assert.match(run(retry, { JOB }), /"round":2/);
  assert.equal((await world.ended(JOB)).failedItems, 1 - corrections.length);
  // Bug found: the block used the job above, which takes no parts, and a file that nobody had made.
  const sent = run(parts, { JOB });
  assert.match(sent, /"sealed":true/);
  const [, other] = /JOB=(.*)/.exec(sent);
  assert.notEqual(other, JOB);
  assert.equal((await world.ended(other)).processedItems, 2);
  const [jobToken] = await page.locator("#authentication pre").allTextContents();
  assert.match(run(jobToken, { JOB }), /"actions":\[\]/);
  const [paging] = await page.locator("#paging pre").allTextContents();
  assert.match(run(paging, { JOB, NEXT: "" }), /"jobs":/);
  await page.context().close();
});

test("the command of every call is understood by the server", async () => {
  const page = await open(world);
  await page.goto(`${world.base}docs`);
  await page.getByRole("heading", { name: "Schemas" }).waitFor();
  const { paths } = await (await fetch(`${world.base}openapi.json`)).json();
  const names = Object.values(paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId));
  assert.ok(names.length > 14);
  for (const name of names) {
    const JOB = await world.job({ processor: "json-schema", params: { schema: { type: "object" } }, items: [{}, 7] });
    await world.ended(JOB);
    const said = run(await page.locator(`article#${name} pre`).first().textContent(), { JOB }, "");
    // A call may not be possible now, such as to pause a job that has ended. But it must be one that the server knows.
    assert.ok(!/problem:(malformed|media-type|not-found|method|unauthenticated|scope|invalid|internal)/.test(said), `${name}: ${said}`);
  }
  await page.context().close();
});

test("a type leads to its schema, which opens", async () => {
  const page = await open(world);
  await page.goto(`${world.base}docs`);
  await page.getByRole("heading", { name: "Schemas" }).waitFor();
  await page.locator("article#post_job").getByRole("link", { name: "StartJobRequest" }).click();
  await page.locator("#schema-StartJobRequest table").waitFor();
  assert.ok(await page.locator("#schema-StartJobRequest").evaluate((place) => place.open));
  await page.context().close();
});
