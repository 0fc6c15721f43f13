// Every call through the client that openapi-generator writes in TypeScript. Prints the names of the calls that were made.
import assert from "node:assert/strict";

import { Configuration, JobsApi, PartsApi, ProcessorsApi, RecordsApi, ResponseError, ServiceApi } from "./generated/typescript-fetch/index.js";
import type { PostJobRequest } from "./generated/typescript-fetch/index.js";

const [basePath = "", accessToken = ""] = process.argv.slice(2);
const used = new Set<string>();
const configuration = new Configuration({ basePath, accessToken });

// The same object, whose calls are remembered.
function recorded<T extends object>(api: T): T {
  return new Proxy(api, {
    get(of, name) {
      const member: unknown = Reflect.get(of, name);
      if (typeof member === "function" && !String(name).endsWith("Raw")) used.add(String(name));
      return typeof member === "function" ? member.bind(of) : member;
    },
  });
}

const jobs = recorded(new JobsApi(configuration));
const parts = recorded(new PartsApi(configuration));
const records = recorded(new RecordsApi(configuration));
const lines = (text: string) => new Blob([text]);

// Waits until the numbers are final.
async function ended(jobId: string) {
  for (;;) {
    const job = await jobs.getJobStatus({ jobId });
    if (["Completed", "Failed", "Cancelled"].includes(job.status) && !job.settling) return job;
    await new Promise((done) => { setTimeout(done, 50); });
  }
}

// The generator knows one type for both answers: the job's, and that of `validateOnly`.
async function start(request: PostJobRequest): Promise<string> {
  const job = await jobs.postJob(request);
  assert.ok("id" in job);
  return job.id;
}

async function startsAndCorrects() {
  const startJobRequest = {
    processor: "json-schema", params: { schema: { properties: { iata: { maxLength: 3 } } } }, idField: "iata",
    toleratedFailures: { percentage: 100 }, items: [{ iata: "ZRH" }, { iata: "TOOLONG" }],
  };
  const planned = await jobs.postJob({ startJobRequest, validateOnly: true });
  assert.ok("chunks" in planned);
  const jobId = await start({ startJobRequest, idempotencyKey: "airports-3" });
  assert.equal((await ended(jobId)).failedItems, 1);
  assert.equal((await records.groupJobFailures({ jobId })).groups[0]?.count, 1);
  assert.deepEqual((await records.listJobFailures({ jobId })).failures.map(({ index }) => index), [1]);
  assert.equal((await records.correctItems({ jobId, body: lines('{"index": 1, "item": {"iata": "BSL"}}') })).corrected, 1);
  assert.equal((await jobs.retryJob({ jobId, retryRequest: { round: 1 } })).round, 2);
  assert.equal((await ended(jobId)).processedItems, 2);
  assert.deepEqual((await records.listJobResults({ jobId })).results.map(({ id }) => id), ["ZRH", "BSL"]);
  assert.equal((await records.listJobItems({ jobId })).items.length, 2);
  assert.ok((await jobs.makeJobToken({ jobId, jobTokenRequest: { allow: "read" } })).token);
  await jobs.endJobTokens({ jobId });
  await jobs.deleteJob({ jobId });
  await assert.rejects(jobs.getJobStatus({ jobId }), (error: unknown) => error instanceof ResponseError && error.response.status === 404);
}

async function open(): Promise<string> {
  return start({ startJobRequest: { processor: "json-schema", params: { schema: true }, sealed: false } });
}

async function sendsParts() {
  const jobId = await open();
  assert.equal((await parts.putJobPart({ jobId, n: 0, firstIndex: 0, body: lines('{"a": 1}\n{"a": 2}\n') })).totalItems, 2);
  assert.equal((await jobs.pauseJob({ jobId })).paused, true);
  assert.equal((await jobs.resumeJob({ jobId })).paused, false);
  await parts.sealJob({ jobId, sealRequest: { parts: 1 } });
  assert.equal((await ended(jobId)).status, "Completed");
  assert.equal((await parts.listJobParts({ jobId })).parts.length, 1);
}

async function cancels() {
  const jobId = await open();
  assert.equal((await jobs.cancelJob({ jobId })).status, "Cancelled");
  assert.ok((await jobs.listJobs({ pageSize: 100 })).jobs.some(({ id }) => id === jobId));
}

assert.equal((await recorded(new ServiceApi(configuration)).healthz()).status, "ok");
assert.ok((await recorded(new ProcessorsApi(configuration)).listProcessors()).processors.some(({ name }) => name === "json-schema"));
await startsAndCorrects();
await sendsParts();
await cancels();
console.log(JSON.stringify([...used]));
