// A file on its way: how much is sent, what the first items showed, and the question whether to go on. It goes on while
// other pages are looked at.
function Sending({ plan, isShown, onBack }) {
  const [state, setState] = useState({ sent: 0, job: null, tried: null, wait: null, error: null, answer: null, isOver: false, ended: null });
  const stop = useRef(new AbortController());
  const shown = useRef(isShown);
  shown.current = isShown;
  const isWorking = !state.error && !state.isOver && !state.ended;
  useEffect(() => {
    const say = (change) => setState((old) => ({ ...old, ...change }));
    const askOn = () => new Promise((resolve) => { say({ answer: (isYes) => { say({ answer: null }); resolve(isYes); } }); });
    const end = (job) => {
      drafts.delete(DRAFT_OF_NEW_JOB);
      if (!shown.current) return say({ isOver: true });
      onBack();
      return go(`/jobs/${job.id}`);
    };
    const fail = (problem) => {
      if (stop.current.signal.aborted) return;
      say(problem instanceof EndedMeanwhile ? { ended: problem, answer: null } : { error: fileError(problem), answer: null });
    };
    send(plan, { say, askOn, signal: stop.current.signal }).then(end, fail);
    return () => stop.current.abort();
  }, []);
  useUnsaved(isWorking);
  const giveUp = async () => {
    stop.current.abort();
    if (state.job) await post(`v1/jobs/${state.job.id}/cancel`).catch(() => {});
    onBack();
    if (state.job) go(`/jobs/${state.job.id}`);
  };
  const view = { ...state, plan, isWorking, giveUp, onBack };
  if (isShown && state.ended) return html`<${NotAllSent} ...${view} />`;
  return isShown ? html`<${SendingInFull} ...${view} />` : html`<${SendingInShort} ...${view} />`;
}

// On another page.
function SendingInShort({ plan, sent, job, error, ended, answer, isOver, onBack }) {
  const name = html`<strong><bdi>${short(plan.source.file.name, 80)}</bdi></strong>`;
  if (isOver) {
    return html`<${Note}>${name} is sent. <a href=${`#/jobs/${job.id}`} onClick=${onBack}>Watch the job</a><//>`;
  }
  const says = ended ? "was not sent to its end." : error ? "could not be sent." : answer ? "waits for your answer." : `${percent((100 * sent) / plan.items)} sent. Keep this browser tab open.`;
  return html`<${Note} tone=${error || ended || answer ? "warn" : "info"} isQuiet=${!error && !ended && !answer}>${name}: ${says} <a href="#/new">Show</a><//>`;
}

function SendingInFull({ plan, sent, job, tried, wait, error, answer, isWorking, giveUp, onBack }) {
  const share = (100 * sent) / plan.items;
  const heading = useRef(null);
  useEffect(() => heading.current.focus(), []);
  return html`<h1 tabindex="-1" ref=${heading}>${error && !job ? "Not sent:" : "Sending"} <bdi>${short(plan.source.file.name, 80)}</bdi></h1>
    <section class="panel" aria-label="Sending">
      ${(job || !error) && html`<div class="bar" role="progressbar" aria-label="Sent" aria-valuemin="0" aria-valuemax="100" aria-valuenow=${Math.round(share)}><span class="sent" style=${{ flexBasis: `${share}%` }}></span></div>
      <p>${counted(sent, "item")} of ${count(plan.items)} sent. <span role="status">${wait ? `${wait} ` : ""}${isWorking && !answer ? "Keep this browser tab open until all is sent." : ""}</span></p>`}
      ${tried && !answer && !error && isLive(tried) && sent < plan.items && plan.canary === sent && html`<${Loading} what="the outcome of the first items" />`}
      ${error && html`<${ErrorNote} error=${error} />`}
      <p class="buttons">${error && !job && html`<button type="button" class="primary" onClick=${onBack}>Change it</button>`}
        ${error && job && html`<a class="button" href=${`#/jobs/${job.id}`} onClick=${onBack}>Look at the job</a>`}
        ${!answer && (job || !error) && html`<button type="button" class="danger-outline" onClick=${giveUp}>${job ? "Stop, and cancel the job" : "Stop"}</button>`}</p>
    </section>
    ${answer && html`<${CanaryQuestion} job=${tried} plan=${plan} sent=${sent} answer=${answer} />`}`;
}

const ENDED_WORDS = { Failed: "The job has failed.", Cancelled: "The job has been cancelled.", Completed: "Somebody has finished the job with what was sent." };

// The job ended before all was sent: what became of the file, and how to go on.
function NotAllSent({ plan, sent, ended: { job }, onBack }) {
  const heading = useRef(null);
  useEffect(() => heading.current.focus(), []);
  const left = plan.items - sent;
  const other = plan.rest ? "" : "To send them, start another job.";
  const how = job?.status === "Failed" ? `To go on with this job, look at it, correct what failed and retry it: its page can send the rest then.${plan.rest ? "" : " Or change what you chose, for example how many failures are tolerated, and start another job."}` : other;
  return html`<h1 tabindex="-1" ref=${heading}>${left > 0 ? "Not all was sent:" : "Sent:"} <bdi>${short(plan.source.file.name, 80)}</bdi></h1>
    <section class="panel" aria-label="Sending">
      <${Note} tone="warn" title=${job ? ENDED_WORDS[job.status] : "Somebody has deleted the job."}>
        ${job?.errorMessage && html` <${Text} value=${withPlace(job, job.errorMessage)} />`}
        <p>${counted(sent, "item")} of ${count(plan.items)} ${sent === 1 ? "was" : "were"} sent.${left > 0 ? ` The other ${count(left)} ${left === 1 ? "was" : "were"} not, and nothing more is sent. ${how}` : ""}</p><//>
      <p class="buttons">${job ? html`<a class="button primary" href=${`#/jobs/${job.id}`} onClick=${onBack}>Look at the job</a>` : html`<a class="button" href="#/" onClick=${onBack}>All jobs</a>`}
        ${!plan.rest && html`<button type="button" onClick=${onBack}>Back to what you chose</button>`}</p>
    </section>`;
}

function CanaryQuestion({ job, plan, sent, answer }) {
  const heading = useRef(null);
  useEffect(() => heading.current.focus(), []);
  return html`<section class="panel" aria-labelledby="canary"><h2 id="canary" tabindex="-1" ref=${heading}>${job.failedItems === 0 ? (sent === 1 ? "The first item succeeded" : `All of the first ${counted(sent, "item")} succeeded`) : `${count(job.failedItems)} of the first ${counted(sent, "item")} failed`}</h2>
    <${ProgressBar} job=${{ ...job, totalItems: sent, sealed: true }} />
    <p>Shall the other ${counted(plan.items - sent, "item")} be sent? If not, the job is cancelled: what has run stays done, and its results can be downloaded.</p>
    <p class="buttons"><button type="button" class="primary" onClick=${() => answer(true)}>Yes, send the rest</button>
      <button type="button" class="danger-outline" onClick=${() => answer(false)}>No, cancel the job</button></p>
    ${job.failedItems > 0 && html`<${Failures} job=${job} refresh=${() => {}} />`}</section>`;
}
