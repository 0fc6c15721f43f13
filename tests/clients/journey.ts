// Every call of the API, with the types that openapi-typescript generates. Prints the calls that were made.
import assert from "node:assert/strict";

import createClient from "openapi-fetch";

import type { components, paths } from "./generated/api.js";

const [base = "", token = ""] = process.argv.slice(2);
const used = new Set<string>();
const api = createClient<paths>({ baseUrl: base, headers: { Authorization: `Bearer ${token}` } });
api.use({ onRequest({ request, schemaPath }) { used.add(`${request.method} ${schemaPath}`); } });

type Job = components["schemas"]["JobStatusResponse"];
// NDJSON is sent as it is.
const lines = { headers: { "Content-Type": "application/x-ndjson" }, bodySerializer: (body: string) => body };
const of = (job_id: string) => ({ params: { path: { job_id } } });

function good<T>({ data, error }: { data?: T; error?: unknown }): T {
  assert.ok(data !== undefined, JSON.stringify(error));
  return data;
}

// Waits until the numbers are final.
async function ended(id: string): Promise<Job> {
  for (;;) {
    const job = good(await api.GET("/v1/jobs/{job_id}", of(id)));
    if (["Completed", "Failed", "Cancelled"].includes(job.status) && !job.settling) return job;
    await new Promise((done) => { setTimeout(done, 50); });
  }
}

async function startsAndCorrects(): Promise<void> {
  const body: components["schemas"]["StartJobRequest"] = {
    processor: "json-schema", params: { schema: { properties: { iata: { maxLength: 3 } } } }, idField: "iata", title: "Airports",
    metadata: { file: "airports.csv" }, toleratedFailures: { percentage: 100 }, items: [{ iata: "ZRH" }, { iata: "TOOLONG" }],
  };
  const planned = good(await api.POST("/v1/jobs", { params: { query: { validateOnly: true } }, body }));
  assert.ok("estimate" in planned && planned.chunks >= 1, JSON.stringify(planned));
  const started = good(await api.POST("/v1/jobs", { params: { header: { "Idempotency-Key": "airports" } }, body }));
  assert.ok("id" in started);
  const { id } = started;
  assert.equal((await ended(id)).failedItems, 1);
  assert.equal(good(await api.GET("/v1/jobs/{job_id}/failures/groups", of(id))).groups[0]?.count, 1);
  const { failures } = good(await api.GET("/v1/jobs/{job_id}/failures", of(id))) as components["schemas"]["FailureList"];
  assert.deepEqual(failures.map(({ index, kind }) => [index, kind]), [[1, "Permanent"]]);
  const csv = await api.GET("/v1/jobs/{job_id}/failures", { params: { path: { job_id: id }, query: { format: "csv" } }, parseAs: "text" });
  assert.match(String(good(csv)), /^index,id,kind/);
  const { corrected } = good(await api.PATCH("/v1/jobs/{job_id}/items", { ...of(id), ...lines, body: '{"index": 1, "item": {"iata": "BSL"}}' }));
  assert.equal(corrected, 1);
  good(await api.POST("/v1/jobs/{job_id}/retry", { ...of(id), body: { round: 1 } }));
  assert.deepEqual([(await ended(id)).status, (await ended(id)).processedItems], ["Completed", 2]);
  const { results } = good(await api.GET("/v1/jobs/{job_id}/results", of(id))) as components["schemas"]["ResultList"];
  assert.deepEqual(results.map(({ id: item }) => item), ["ZRH", "BSL"]);
  const { items } = good(await api.GET("/v1/jobs/{job_id}/items", of(id))) as components["schemas"]["ItemList"];
  assert.deepEqual(items.map(({ status, correction }) => [status, correction]), [["Processed", null], ["Processed", "Used"]]);
  assert.equal((await api.DELETE("/v1/jobs/{job_id}", of(id))).response.status, 204);
  assert.equal((await api.GET("/v1/jobs/{job_id}", of(id))).error?.type, "urn:headway:problem:not-found");
}

async function open(): Promise<string> {
  const started = good(await api.POST("/v1/jobs", { body: { processor: "json-schema", params: { schema: true }, sealed: false } }));
  assert.ok("id" in started);
  return started.id;
}

async function sendsParts(): Promise<void> {
  const id = await open();
  const part = { params: { path: { job_id: id, n: 0 }, query: { firstIndex: 0 } } };
  assert.equal(good(await api.PUT("/v1/jobs/{job_id}/parts/{n}", { ...part, ...lines, body: '{"a": 1}\n{"a": 2}\n' })).totalItems, 2);
  assert.equal(good(await api.POST("/v1/jobs/{job_id}/pause", of(id))).paused, true);
  assert.equal(good(await api.POST("/v1/jobs/{job_id}/resume", of(id))).paused, false);
  good(await api.POST("/v1/jobs/{job_id}/seal", { ...of(id), body: { parts: 1 } }));
  assert.equal((await ended(id)).status, "Completed");
  assert.equal(good(await api.GET("/v1/jobs/{job_id}/parts", of(id))).parts.length, 1);
  const { token: jobToken } = good(await api.POST("/v1/jobs/{job_id}/tokens", { ...of(id), body: { allow: "read" } }));
  const embedded = createClient<paths>({ baseUrl: `${base}/embed`, headers: { Authorization: `Bearer ${jobToken}` } });
  assert.equal(good(await embedded.GET("/v1/jobs/{job_id}", of(id))).id, id);
  assert.equal((await api.DELETE("/v1/jobs/{job_id}/tokens", of(id))).response.status, 204);
  assert.equal((await embedded.GET("/v1/jobs/{job_id}", of(id))).error?.type, "urn:headway:problem:unauthenticated");
}

async function cancels(): Promise<void> {
  const id = await open();
  assert.equal(good(await api.POST("/v1/jobs/{job_id}/cancel", of(id))).status, "Cancelled");
  const { jobs } = good(await api.GET("/v1/jobs", { params: { query: { status: "Cancelled", pageSize: 10 } } }));
  assert.deepEqual(jobs.map((job) => job.id), [id]);
}

assert.equal(good(await api.GET("/healthz")).status, "ok");
assert.ok(good(await api.GET("/v1/processors")).processors.some(({ name }) => name === "json-schema"));
await startsAndCorrects();
await sendsParts();
await cancels();
console.log(JSON.stringify([...used]));
