// Sends a file as a job, part by part. A part that got no answer is sent again: the server knows it by its number.
const PART_BYTES = Math.floor(LIMITS.partBytes * 0.85);

// Cuts items into parts that the server accepts: limited in bytes, items and chunks.
class PartCutter {
  constructor(chunkSize) {
    this.chunkSize = chunkSize;
    this.begin();
  }

  begin() {
    Object.assign(this, { lines: [], bytes: 0, chunks: 0, chunkItems: 0, chunkBytes: 0 });
  }

  // True if the item still fits.
  takes(text) {
    const size = sizeOf(text) + 1;
    const newChunk = this.chunks === 0 || this.chunkItems === this.chunkSize || this.chunkBytes + size > LIMITS.chunkBytes;
    const isFull = this.bytes + size > PART_BYTES || this.lines.length === LIMITS.itemsPerRequest || (newChunk && this.chunks === LIMITS.chunksPerPart);
    if (isFull && this.lines.length > 0) return false;
    Object.assign(this, newChunk ? { chunks: this.chunks + 1, chunkItems: 1, chunkBytes: size } : { chunkItems: this.chunkItems + 1, chunkBytes: this.chunkBytes + size });
    this.bytes += size;
    this.lines.push(text);
    return true;
  }
}

// Parts of a file: `{ firstIndex, lines }`, without its first `done` items. One ends after `canary` items, if that is asked for. Each
// item must be the one that was looked at.
async function* partsOf({ source, chunkSize, canary, hashes }, done) {
  const cutter = new PartCutter(chunkSize);
  let firstIndex = done;
  let passed = 0;
  const cut = () => {
    const part = { firstIndex, lines: cutter.lines };
    firstIndex += part.lines.length;
    cutter.begin();
    return part;
  };
  for await (const { text } of itemsOf(source)) {
    hashes.check(passed, text);
    passed += 1;
    if (passed <= done) continue;
    if ((canary && firstIndex + cutter.lines.length === canary) || !cutter.takes(text)) {
      yield cut();
      cutter.takes(text);
    }
  }
  hashes.checkEnd(passed);
  if (cutter.lines.length > 0) yield cut();
}

async function packed(lines) {
  const text = `${lines.join("\n")}\n`;
  if (typeof CompressionStream !== "function") return { body: text, headers: {} };
  const body = await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
  return { body, headers: { "Content-Encoding": "gzip" } };
}

function freshKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// If the token ends, it goes on after the next sign-in.
async function signedIn(doIt, onWait, signal) {
  for (;;) {
    try {
      return await doIt();
    } catch (error) {
      if (error.status !== 401 || signal.aborted) throw error;
      onWait("Sign in again, and the sending goes on.");
      await session.again(signal);
    }
  }
}

// The job has ended before all was sent, or somebody has deleted it: then `job` is null.
class EndedMeanwhile extends Error {
  constructor(job) {
    super("The job has ended.");
    this.job = job;
  }
}

// Why the sending stops: a server that refuses a part may only say that the job is not as it was.
async function whyStopped(problem, id) {
  if (!isOutdated(problem)) return problem;
  try {
    const job = await read(`v1/jobs/${id}`);
    return isLive(job) ? problem : new EndedMeanwhile(job);
  } catch (other) {
    return other.status === 404 ? new EndedMeanwhile(null) : problem;
  }
}

// Starts the job and sends all of it. `say` is told the progress; `askOn(job)` decides after the canary.
// Returns the job. If the canary's answer was no, it is cancelled.
// `rest` continues a job of which some parts have arrived already.
async function send(plan, options) {
  const rows = partsOf(plan, plan.rest?.items || 0);
  let id = null;
  const say = (change) => { id = change.job?.id ?? id; options.say(change); };
  try {
    return await sendParts(rows, plan, { ...options, say });
  } catch (problem) {
    throw id === null ? problem : await whyStopped(problem, id);
  } finally {
    // The file is closed, however the sending ends.
    await rows.return();
  }
}

async function sendParts(rows, { source, body, canary, items, rest }, { say, askOn, signal }) {
  const onWait = (wait) => say({ wait });
  const surely = (doIt) => persistently(() => signedIn(doIt, onWait, signal), onWait, signal);
  const key = freshKey();
  let parts = rest?.parts || 0;
  let sent = rest?.items || 0;
  // Of a file that was changed meanwhile, no job is made.
  let part = await rows.next();
  const job = rest?.job || await surely(() => post("v1/jobs", { ...body, sealed: false, expectedItems: items }, { "Idempotency-Key": key }));
  sentFiles.set(job.id, source);
  say({ job, sent });
  for (; !part.done; part = await rows.next()) {
    const { firstIndex, lines } = part.value;
    await surely(() => putPart(job.id, parts, firstIndex, lines, signal));
    parts += 1;
    sent += lines.length;
    say({ sent });
    if (canary && sent === canary && sent < items) {
      const tried = await untilHandled(job.id, sent, { say, surely, signal });
      if (!isLive(tried)) throw new EndedMeanwhile(tried);
      if (!(await askOn(tried))) {
        return surely(() => post(`v1/jobs/${job.id}/cancel`));
      }
    }
  }
  return surely(() => post(`v1/jobs/${job.id}/seal`, { parts }));
}

async function putPart(id, number, firstIndex, lines, signal) {
  const { body, headers } = await packed(lines);
  const type = { "Content-Type": "application/x-ndjson" };
  return read(`v1/jobs/${id}/parts/${number}?firstIndex=${firstIndex}`, { method: "PUT", headers: { ...type, ...headers }, body, signal });
}

// Waits until all items sent so far have an outcome, or the job has ended.
async function untilHandled(id, items, { say, surely, signal }) {
  for (;;) {
    const job = await surely(() => read(`v1/jobs/${id}`, { signal }));
    say({ tried: job });
    if (!isLive(job) || job.processedItems + job.failedItems >= items) return job;
    await sleep(1, signal);
  }
}
