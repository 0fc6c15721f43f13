// What can be done with a job. Each says what it leads to before it is done.
const ACTIONS = {
  pause: { word: "Pause", title: "Pause this job?", yes: "Pause" },
  resume: { word: "Resume", title: null },
  retry: { word: "Retry", title: "Retry this job?", yes: "Retry", isPrimary: true },
  cancel: { word: "Cancel job", title: "Cancel this job for good?", yes: "Cancel the job", isDanger: true },
  delete: { word: "Delete", title: "Delete this job?", yes: "Delete the job", isDanger: true },
};

function consequences(action, job, canCorrect) {
  const left = counted(job.pendingItems, "item");
  const corrected = job.correctedItems || 0;
  return {
    pause: [`Items that are running are finished. ${job.pendingItems ? `The other ${left} wait` : "Items that are sent later wait"} until you resume the job.`, "Nothing is lost. A job that stays paused for 14 days fails."],
    cancel: [`${job.pendingItems ? `${left} will never run: a` : "A"} cancelled job can be neither resumed nor retried.`,
      ...(job.sealed ? [] : ["What has not been sent yet cannot be sent any more."]),
      `What has been done stays done: ${counted(job.processedItems, "item")} succeeded. Their results can still be downloaded.`],
    delete: ["The job, its results and its failures are gone at once, for everybody who shares it.", "What the items did elsewhere is not undone. Download first what you still need."],
    retry: [
      `${counted(job.failedItems, "failed item")}${job.pendingItems ? ` and ${left} that never ran` : ""} will run, as round ${count(job.round + 1)}. Items that succeeded do not run again.`,
      corrected ? `${counted(corrected, "item")} will run with the corrected value, the others as they were submitted.` : `The items run as they were submitted. Those with wrong values will fail again${canCorrect ? ": correct them first, in the list below" : ""}.`,
      "The list of failures begins anew: download it first if you need it.",
    ],
  }[action];
}

// Rounds that were started here. Others were started by somebody else.
const ownRounds = new Set();

// True if the job is not as the page shows it: it was retried, has ended or was deleted meanwhile.
function isOutdated(error) {
  return error instanceof Refused && [404, 409].includes(error.status);
}

// The request names the round, so that sending it twice does not start two rounds.
function request(action, job) {
  const path = `v1/jobs/${job.id}`;
  if (action === "delete") return call(path, { method: "DELETE" });
  if (action === "retry") ownRounds.add(`${job.id} ${job.round + 1}`);
  return post(`${path}/${action}`, action === "retry" ? { round: job.round } : undefined);
}

function Actions({ job, refresh }) {
  const [asked, setAsked] = useState(null);
  const [error, setError] = useState(null);
  const canCorrect = useCanCorrect(job);
  const box = useKeptFocus();
  const act = async (action) => {
    try {
      await request(action, job);
    } catch (problem) {
      if (isOutdated(problem)) refresh();
      throw problem;
    }
    if (action === "delete") return go("/");
    return refresh();
  };
  const click = (action) => {
    setError(null);
    if (ACTIONS[action].title) setAsked(action);
    else act(action).catch(setError);
  };
  const unsaved = asked === "retry" ? unsavedCorrections(job) : 0;
  const offered = Object.keys(ACTIONS).filter((action) => can(job, action));
  return html`<div ref=${box} tabindex="-1" class="buttons" role="group" aria-label="Actions">
      ${offered.map((action) => html`<button key=${action} type="button" data-action=${action} onClick=${() => click(action)}
        class=${ACTIONS[action].isDanger ? "danger-outline" : ACTIONS[action].isPrimary ? "primary" : ""}>${ACTIONS[action].word}</button>`)}
      ${can(job, "seal") && html`<${Seal} job=${job} refresh=${refresh} />`}
    </div>
    ${error && html`<${ErrorNote} error=${error} />`}
    ${asked && html`<${Ask} title=${ACTIONS[asked].title} yes=${unsaved > 0 ? "Retry without them" : ACTIONS[asked].yes} isDanger=${ACTIONS[asked].isDanger}
        onYes=${() => act(asked)} onClose=${() => setAsked(null)}>
      ${unsaved > 0 && html`<${Note} tone="warn" title=${`${counted(unsaved, "correction")} ${unsaved === 1 ? "was" : "were"} typed, but not saved.`}> The retry does not use what is not saved, and it is lost then. Go back, and save below first.<//>`}
      ${consequences(asked, job, canCorrect).map((sentence) => html`<p key=${sentence}>${sentence}</p>`)}<//>`}`;
}

// A job whose sender has gone away can be sealed with what has arrived.
function Seal({ job, refresh }) {
  const [parts, setParts] = useState(null);
  const [error, setError] = useState(null);
  const ask = () => allParts(job.id).then(setParts, setError);
  const seal = async () => { await post(`v1/jobs/${job.id}/seal`, { parts: parts.length }); refresh(); };
  return html`<button type="button" data-action="seal" onClick=${ask}>Finish with what was sent</button>
    ${error && html`<${ErrorNote} error=${error} />`}
    ${parts && html`<${Ask} title="Finish with what was sent?" yes="Finish" onYes=${seal} onClose=${() => setParts(null)}>
      <p>${counted(parts.length, "part")} with ${counted(job.totalItems, "item")} have arrived. ${isLive(job) ? "The job ends once those are done: nothing can be added any more." : "Nothing can be added any more: a retry runs only these."}</p><//>`}`;
}

async function allParts(id, signal) {
  const parts = [];
  let token = null;
  do {
    const query = new URLSearchParams({ pageSize: 100, ...(token ? { pageToken: token } : {}) });
    const page = await read(`v1/jobs/${id}/parts?${query}`, { signal });
    parts.push(...page.parts);
    token = page.nextPageToken;
  } while (token);
  return parts;
}
