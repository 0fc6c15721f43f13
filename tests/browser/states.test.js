// States that a real server shows seldom or for a moment only, answered by the test: at every size, in light and dark.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { COLOURS } from "./firefox.js";
import { accessibilityFaults, open, picture, start } from "./kit.js";

const ID = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
const JOB = `/jobs/${ID}`;
const ARABIC = "استيراد جميع أعضاء النادي لشهر نوفمبر مع أرقام العضوية";
const LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft".repeat(3).slice(0, 200);
const MINUTE = 60_000;

let world;
let examples;
before(async () => {
  world = await start();
  const { components } = await (await fetch(`${world.base}openapi.json`)).json();
  examples = (name) => structuredClone(components.examples[name].value);
});
after(() => world?.stop());

const ago = (ms) => new Date(Date.now() - ms).toISOString();
const problem = (status, type, detail) => ({ status, type: "application/problem+json", body: { type: `urn:headway:problem:${type}`, title: type, status, detail, errors: [] } });
const ended = { actions: ["delete"], estimatedCompletionAt: null, itemsPerSecond: null, completedAt: ago(MINUTE), expiresAt: ago(-30 * 24 * 60 * MINUTE), progressPercentage: 100 };

// A job as the server would answer it, with these members.
function job(members) {
  const whole = { ...examples("JobStatusResponse-processing"), id: ID, createdAt: ago(5 * MINUTE), startedAt: ago(4 * MINUTE), estimatedCompletionAt: ago(-3 * MINUTE), ...members };
  whole.pendingItems = whole.totalItems - whole.processedItems - whole.failedItems;
  return whole;
}

function jobs() {
  const million = { totalItems: 10_000_000, processedItems: 9_999_999, failedItems: 1, ...ended };
  return [
    job({ title: LONG }), job({ title: ARABIC, status: "Completed", ...million }), job({ title: null, status: "Failed", ...ended, totalItems: 1, processedItems: 0, failedItems: 1, errorMessage: ARABIC }),
    job({ title: "a", paused: true, round: 4_294_967_294, retryingItems: 3 }), job({ title: "Zero", status: "Pending", totalItems: 0, processedItems: 0, failedItems: 0, progressPercentage: 0, sealed: false }),
    job({ title: "Cancelled", status: "Cancelled", ...ended, progressPercentage: 3 }), job({ title: "Still counting", status: "Failed", ...ended, settling: true, progressPercentage: 42 }),
  ].map((one, at) => ({ ...one, id: ID.replace("7c9e6679", `7c9e667${at}`) }));
}

const part = (number, chunks, settled) => ({ part: number, firstIndex: number * 20_000, totalItems: chunks * 250, chunkSize: 250, fingerprint: "9f86d081884c7d659a2feaa0c55ad015", chunks, settled, open: "", parked: "", processedItems: chunks * 250, failedItems: 0, updatedAt: ago(0) });
const group = (at) => ({ code: at % 9 === 4 ? `/${LONG} pattern` : `/members/${at} maxLength`, kind: at % 3 ? "Permanent" : "RetriesExhausted", count: 100_000 - at * 990, examples: [{ index: at, id: at % 7 ? `id-${at}` : ARABIC, message: at % 5 ? "longer than 3 characters" : LONG }] });
const metadata = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`key-${at}`, at % 4 ? "value" : LONG]));
const waitingFor = { reason: "throttled", limit: "crm", detail: `The endpoint crm has asked to wait. ${LONG}`, until: ago(-MINUTE), lastError: `429 ${LONG}` };
const rounds = Array.from({ length: 30 }, (_, at) => ({ round: at + 1, processedItems: 20_990 + at, failedItems: 30 - at, correctedItems: at }));

// Each state: its page, what shows that it is there, and what the server answers to each list.
const STATES = {
  "list-empty": ["/", ".empty", { jobs: { jobs: [], nextPageToken: null } }],
  "list-loading": ["/", ".loading", { jobs: null }],
  "list-error": ["/", ".note.bad", { jobs: problem(400, "malformed", `pageSize must be a whole number. ${LONG}`) }],
  "list-away": ["/", ".note.warn", { jobs: "away" }],
  "list-extremes": ["/", ".jobs", () => ({ jobs: { jobs: jobs(), nextPageToken: "b3Bx" } })],
  "job-loading": [JOB, ".loading", { job: null }],
  "job-error": [JOB, ".note.bad", { job: problem(403, "scope", "the token lacks the scope jobs:read") }],
  "job-one-item": [JOB, ".bar", () => ({ job: job({ title: "One", ...ended, status: "Completed", totalItems: 1, processedItems: 1, failedItems: 0 }), parts: { parts: [part(0, 1, "0")], nextPageToken: null } })],
  "job-ten-million": [JOB, "canvas", () => ({ job: job({ title: ARABIC, totalItems: 10_000_000, processedItems: 4_200_123, failedItems: 77_000, progressPercentage: 42.77 }), parts: { parts: Array.from({ length: 500 }, (_, at) => part(at, 80, at < 210 ? "0-79" : "")), nextPageToken: null }, groups: { groups: [group(0)], countedFailures: 50_000, complete: false } })],
  "job-hundred-groups": [JOB, ".group", () => ({ job: job({ title: LONG, ...ended, status: "Completed", processedItems: 40_000, failedItems: 10_000, actions: ["retry", "delete"] }), groups: { groups: Array.from({ length: 100 }, (_, at) => group(at)), countedFailures: 10_000, complete: true } })],
  "job-waiting": [JOB, ".note.warn", () => ({ job: job({ waitingFor, metadata, retryingItems: 12, paused: false, cost: { usd: "0.000412", estimated: true } }) })],
  "job-early-end": [JOB, ".note.bad", () => ({ job: job({ ...ended, status: "Failed", progressPercentage: 42, settling: true, errorMessage: `item 17: ${LONG}`, actions: ["retry", "delete"], rounds, round: 30, callback: "crm", callbackState: "Waiting", callbackDelivery: { round: 30, failedTries: 3, nextTryAt: ago(-MINUTE), deliveredAt: null } }) })],
  "job-open": [JOB, ".note", () => ({ job: job({ status: "Pending", sealed: false, totalItems: 0, processedItems: 0, failedItems: 0, progressPercentage: 0, startedAt: null, estimatedCompletionAt: null, itemsPerSecond: null, actions: ["cancel", "pause", "seal"] }), parts: { parts: [], nextPageToken: null } })],
  "job-soon": [JOB, ".bar", () => ({ job: job({ processedItems: 49_990, progressPercentage: 99.99, estimatedCompletionAt: ago(-900) }) })],
};

const others = () => ({ groups: { groups: [group(1)], countedFailures: 10, complete: true }, parts: { parts: [part(0, 80, "0-17,19"), part(1, 40, "")], nextPageToken: null } });

// What the state that is shown answers. A page that asks for another job is one that was left.
function answerTo(url, { id, answers }) {
  const path = new URL(url).pathname.split("/v1/")[1];
  if (path.startsWith("jobs/") && !path.startsWith(`jobs/${id}`)) return "away";
  const name = path === "jobs" ? "jobs" : path.endsWith("/groups") ? "groups" : path.endsWith("/parts") ? "parts" : "job";
  return { ...others(), ...answers }[name];
}

function serve(route, state) {
  const answer = answerTo(route.request().url(), state);
  // An answer that never comes.
  if (answer === null) return undefined;
  if (answer === "away" || answer === undefined) return route.abort();
  const { status = 200, type = "application/json", body = answer } = typeof answer.body === "object" ? answer : {};
  return route.fulfill({ status, contentType: type, headers: { "Retry-After": "1" }, body: JSON.stringify(body).replaceAll(ID, state.id) });
}

for (const [width, height] of [[320, 640], [768, 1024], [1440, 900], [3840, 2160]]) {
  for (const colorScheme of COLOURS) {
    test(`every state fits ${width} pixels in ${colorScheme}, and axe finds nothing`, async () => {
      const page = await open(world, "", { viewport: { width, height }, colorScheme });
      let state = {};
      await page.route("**/v1/**", (route) => serve(route, state));
      for (const [at, [name, [path, sign, answers]]] of Object.entries(STATES).entries()) {
        // Each state is of a job of its own, so that nothing of the one before is taken for it.
        state = { id: ID.replace("7c9e66", String(100_000 + at)), answers: typeof answers === "function" ? answers() : answers };
        await page.goto(`${world.base}#/new`);
        await page.locator(".drop").waitFor();
        await page.goto(`${world.base}#${path.replace(ID, state.id)}`);
        await page.locator(".drop").waitFor({ state: "detached" });
        await page.locator(sign).first().waitFor();
        await picture(page, `state-${name}-${width}-${colorScheme}`);
        const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.ok(wide <= window, `${name} is ${wide} wide in a window of ${window}`);
        if (width === 320 || width === 1440) assert.deepEqual(await accessibilityFaults(page), [], name);
      }
      assert.deepEqual(page.faults, []);
      await page.context().close();
    });
  }
}
