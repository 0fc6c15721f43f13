// One job: where it is, why it waits, what failed, and what can be done.
function JobPage({ id, isSending, onPlan }) {
  const job = useJob(id);
  if (job.error && !(job.data && job.error.status !== 404)) {
    return html`<h1>Job</h1><${ErrorNote} error=${job.error} onRetry=${job.error.status === 404 ? null : job.refresh} /><p><a href="#/">All jobs</a></p>`;
  }
  if (!job.data) return html`<h1>Job</h1>${job.lost ? html`<${LostNote} lost=${job.lost} onRetry=${job.refresh} />` : html`<${Loading} what="the job" />`}`;
  return html`${job.error && html`<${ErrorNote} error=${job.error} onRetry=${job.refresh} />`}
    ${job.lost && html`<${LostNote} lost=${job.lost} isOld onRetry=${job.refresh} />`}
    <${Job} job=${job.data} refresh=${job.refresh} isSending=${isSending} onPlan=${onPlan} />`;
}

function Job({ job, refresh, isSending, onPlan }) {
  const samples = useRate(job);
  const firstRound = useRef(job.round);
  useEffect(() => forgetOldDrafts(job), [job.id, job.round]);
  const isRetriedElsewhere = job.round > firstRound.current && !ownRounds.has(`${job.id} ${job.round}`);
  useEffect(() => { document.title = `${isLive(job) ? `${percent(job.progressPercentage)} · ` : ""}${nameOf(job, 60)} · Headway`; });
  return html`<p class="crumbs"><a href=${listPlace.address}>← All jobs</a></p>
    <div class="title-row">
      <h1><bdi>${nameOf(job, 200)}</bdi></h1>
      <span role="status"><${StatusBadge} job=${job} /></span>
    </div>
    <p class="muted"><${CopyableId} id=${job.id} /> · started <${Time} at=${job.createdAt} /> by <${Text} value=${job.createdBy} max=${60} />
      ${job.round > 1 && html` · <strong>round ${count(job.round)}</strong>`}</p>
    ${isRetriedElsewhere && html`<${Note} tone="warn" title="Retried meanwhile."> Somebody else has retried this job: you see round ${count(job.round)} now. What was typed here for an earlier round was not saved.<//>`}
    <${Reasons} job=${job} />
    <section class="panel" aria-labelledby="progress">
      <div class="title-row"><h2 id="progress">Progress</h2><span class="big" data-value="percent">${percent(job.progressPercentage)}</span></div>
      <${ProgressBar} job=${job} />
      <${Legend} job=${job} />
      <${Timing} job=${job} />
      <${Actions} job=${job} refresh=${refresh} />
      <${TellMe} job=${job} />
    </section>
    ${!job.sealed && isLive(job) && can(job, "seal") && !isSending && html`<${SendRest} job=${job} onPlan=${onPlan} />`}
    ${job.failedItems > 0 && html`<${Failures} key=${`${job.id} ${job.round}`} job=${job} refresh=${refresh} />`}
    <${Downloads} job=${job} />
    <div class="columns">
      <${Ledger} job=${job} />
      <${RateChart} job=${job} samples=${samples} />
    </div>
    <${Rounds} job=${job} />
    <${Details} job=${job} />`;
}

function CopyableId({ id }) {
  const [isCopied, setCopied] = useState(false);
  const copy = () => navigator.clipboard?.writeText(id).then(() => setCopied(true), () => {});
  return html`<code>${id}</code> <button type="button" class="link" onClick=${copy}>${isCopied ? "Copied" : "Copy id"}</button>`;
}

// Why the job is as it is: its error, what it waits for, that it is paused or still counts.
function Reasons({ job }) {
  const { waitingFor } = job;
  useClock(Boolean(waitingFor?.until));
  const left = waitingFor?.until ? Date.parse(waitingFor.until) - clock.now() : 0;
  return html`
    ${job.errorMessage && html`<${Note} tone="bad" title="The job failed:"><${Text} value=${withPlace(job, job.errorMessage)} />
      ${job.failedItems > 0 && html`<p>Failures tolerated: ${toleranceWords(job.toleratedFailures)}. Failed: ${counted(job.failedItems, "item")}.</p>`}
      ${!job.sealed && html`<p>${unsentWords(job)}</p>`}
      ${job.pendingItems > 0 && !job.settling && html`<p>${counted(job.pendingItems, "item")} never ran. A retry runs ${job.pendingItems === 1 ? "it" : "them"}.</p>`}<//>`}
    ${job.settling && html`<${Note} title="Still counting."> The job has ended. Items that were running at that moment are still being counted, so the numbers may change for a short time.<//>`}
    ${job.paused && isLive(job) && html`<${Note} tone="warn" title="Paused."> No new item begins until somebody resumes the job. A job that is paused for 14 days fails.<//>`}
    ${!job.sealed && isLive(job) && html`<${Note} title="Open."> More items may still be sent. The job ends once all of them have been sent, or somebody finishes it with what was sent.<//>`}
    ${waitingFor && html`<${Note} tone="warn" isQuiet><span role="status"><strong>Waiting:</strong> <${Text} value=${waitingFor.detail} />. Nothing has failed because of that.</span>
      ${left > 0 ? ` It goes on in ${duration(left)}, at ${timeOfDay(waitingFor.until)}.` : " It goes on at any moment."}
      ${waitingFor.lastError && html`<p>The last answer: <${Text} value=${waitingFor.lastError} /></p>`}<//>`}`;
}

// What became of the items that had not been sent when the job failed.
function unsentWords(job) {
  const announced = announcedItems(job);
  const sent = announced > job.totalItems ? `Only ${count(job.totalItems)} of ${counted(announced, "item")} were sent before.` : "It failed before all items were sent.";
  return `${sent}${can(job, "retry") ? " Once the job is retried, this page can send the rest." : ""}`;
}

// An item is named by its row, as everywhere on the page.
function withPlace(job, message) {
  return message.replace(/^item (\d+)(?=: )/, (own, index) => (runsOf(job).length > 0 ? `${own} (${placeOf(job, Number(index))})` : own));
}

function Timing({ job }) {
  useClock(isLive(job) && !job.paused);
  const end = job.estimatedCompletionAt && Date.parse(job.estimatedCompletionAt) - clock.now();
  const begun = job.startedAt || job.createdAt;
  const took = job.completedAt && Date.parse(job.completedAt) - Date.parse(begun);
  const facts = [];
  if (isLive(job)) {
    facts.push(["Time left", end === null ? unknownEnd(job) : end <= 0 ? "any moment" : roughly(end)]);
    facts.push(["Rate", job.itemsPerSecond === null ? "–" : rateWords(job.itemsPerSecond)]);
    // The time of a retried job contains the time before the retry, and says nothing.
    if (job.round === 1) facts.push(["Running for", job.startedAt ? duration(clock.now() - Date.parse(job.startedAt)) : "not yet"]);
  } else {
    facts.push(["Ended", html`<${Time} at=${job.completedAt} />`]);
    if (job.round === 1) facts.push(["Took", duration(took)]);
    if (job.round === 1 && took >= SECOND) facts.push(["On average", averageWords(job.processedItems + job.failedItems, took)]);
    if (job.expiresAt) facts.push(["Deleted by itself", day(job.expiresAt)]);
  }
  if (job.correctedItems > 0) facts.push(["Corrected", `${counted(job.correctedItems, "item")}, used by the next retry`]);
  if (job.cost) facts.push(["Cost so far", `$${job.cost.usd}${job.cost.estimated ? ", estimated" : ""}`]);
  return html`<dl class="facts">${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

// Slow work is given by the hour, or by the day.
function rateWords(perSecond) {
  const [slow, time] = perSecond * HOUR >= SECOND ? [perSecond * (HOUR / SECOND), "h"] : [perSecond * (DAY / SECOND), "day"];
  if (perSecond >= 0.1 || perSecond === 0) return `${perSecond.toLocaleString()} items/s`;
  return slow < 0.1 ? `less than 1 item/${time}` : `${slow.toLocaleString(undefined, { maximumFractionDigits: 1 })} ${slow === 1 ? "item" : "items"}/${time}`;
}

function averageWords(items, ms) {
  const perSecond = items / (ms / SECOND);
  return perSecond >= 1 ? `${counted(Math.round(perSecond), "item")}/s` : `${counted(Math.round((items * HOUR) / ms), "item")}/h`;
}

function unknownEnd(job) {
  if (job.paused) return "paused";
  if (job.sealed && job.round > 1) return "not known yet: what is to be retried is looked up first";
  return job.sealed ? "not known yet" : "not known before all items are sent";
}

// What each round came to, once there was a retry.
function Rounds({ job }) {
  if (!job.rounds || job.rounds.length < 2) return null;
  return html`<section class="panel" aria-labelledby="rounds"><h2 id="rounds">Rounds</h2>
    <div class="scroll" tabindex="0" role="region" aria-label="Table of rounds"><table><thead><tr><th scope="col">Round</th><th scope="col">Succeeded</th><th scope="col">Failed</th><th scope="col">Corrected afterwards</th></tr></thead>
    <tbody>${job.rounds.map((round) => html`<tr key=${round.round}><th scope="row">${count(round.round)}</th><td>${count(round.processedItems)}</td><td>${count(round.failedItems)}</td>
      <td>${count(round.correctedItems)}</td></tr>`)}</tbody></table></div></section>`;
}

// Everything else that was said when the job was started. A long value has a row for itself.
const FACT_CHARS_MAX = 60;
function Details({ job }) {
  const { toleratedFailures: tolerated, limits } = job;
  const metadata = Object.entries(job.metadata || {});
  // Dates of some languages have marks for the direction of writing, which belong to them: such values are shown as they are.
  const asItIs = (name, value) => [name, value, true];
  const facts = [["Processor", job.processor], ["Round", count(job.round)], ["Failures tolerated", toleranceWords(tolerated)],
    ["All items submitted", job.sealed ? "yes" : "no"],
    asItIs("Submitted", exactTime(job.createdAt)), job.startedAt ? asItIs("Started", exactTime(job.startedAt)) : ["Started", "not yet"], ...(job.completedAt ? [asItIs("Ended", exactTime(job.completedAt))] : []), asItIs("Last change", exactTime(job.updatedAt))];
  if (job.callback) facts.push(asItIs("Told when it ends", callbackWords(job)));
  if (limits?.itemsPerSecond) facts.push(["At most", `${limits.itemsPerSecond} items/s`]);
  if (limits?.inFlight) facts.push(["At the same time", `${limits.inFlight} items`]);
  facts.push(...metadata.map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]));
  return html`<section class="panel" aria-labelledby="details"><h2 id="details">Details</h2>
    <dl class="facts">${facts.map(([name, value, isAsItIs]) => html`<div key=${name} class=${value.length > FACT_CHARS_MAX ? "wide" : ""}><dt><${Text} value=${name} max=${60} /></dt><dd>${isAsItIs ? html`<bdi>${value}</bdi>` : html`<${Text} value=${value} />`}</dd></div>`)}</dl></section>`;
}

// Whether the endpoint has been told of the job's end, and if not, when it is tried next.
function callbackWords({ callback, callbackState: state, callbackDelivery: delivery, round }) {
  const of = delivery && round > 1 ? ` (round ${count(delivery.round)})` : "";
  const tries = delivery?.failedTries || 0;
  const failed = tries === 0 ? "" : tries === 1 ? ", 1 try has failed" : `, ${count(tries)} tries have failed`;
  if (!state) return `${callback}, not yet: the job has not ended`;
  if (state === "Waiting") return `${callback}: waiting${failed}${delivery?.nextTryAt ? `, next try ${dateTime(delivery.nextTryAt)}` : ""}${of}`;
  if (state === "Delivered") return `${callback}: delivered${delivery?.deliveredAt ? ` ${dateTime(delivery.deliveredAt)}` : ""}${of}`;
  if (state === "GivenUp") return `${callback}: not told${failed}, given up${of}`;
  return `${callback} (${state})`;
}

function toleranceWords({ count: most, percentage, minimumSample }) {
  if (most === 0) return "none (the first failure ends the job)";
  if (most !== undefined) return `up to ${counted(most, "item")}`;
  if (percentage === 100) return "all (every item is tried)";
  const sample = minimumSample ? `, looked at after ${counted(minimumSample, "item")}` : "";
  return `up to ${percentage} % of all items${sample}`;
}
