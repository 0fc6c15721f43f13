// Tells somebody who looks at something else that a job has ended, with a notification of the browser. It works as long as this
// browser tab is open, also in the background and on other pages of the dashboard.
const TELL_KEY = "headway-tell";
const TELL_SECONDS = 10;

// The jobs that somebody wants to be told of, each with what stops the reading.
const toTell = new Map();

function savedToTell() {
  try {
    return JSON.parse(sessionStorage.getItem(TELL_KEY)) || [];
  } catch {
    return [];
  }
}

function saveToTell() {
  sessionStorage.setItem(TELL_KEY, JSON.stringify([...toTell.keys()]));
}

// After a reload it goes on.
function tellOfSavedJobs() {
  if (session.token && canNotify()) savedToTell().forEach(tellOf);
}

function canNotify() {
  return typeof Notification === "function" && Notification.permission === "granted";
}

function tellOf(id) {
  if (toTell.has(id)) return;
  const stop = new AbortController();
  toTell.set(id, stop);
  saveToTell();
  const over = () => { if (toTell.get(id) === stop) forget(id); };
  // A job that was deleted has nothing to tell.
  untilFinal(id, stop.signal).then((job) => { over(); tell(job); }, over);
}

function forget(id) {
  toTell.get(id)?.abort();
  toTell.delete(id);
  if (session.token) saveToTell();
}

async function untilFinal(id, signal) {
  for (;;) {
    const job = await persistently(() => read(`v1/jobs/${id}`, { signal }), () => {}, signal);
    if (isFinal(job)) return job;
    await sleep(TELL_SECONDS, signal);
  }
}

function tell(job) {
  const note = new Notification(nameOf(job, 100), { body: `${statusWords(job)}. ${summaryOf(job)}`, tag: job.id });
  note.onclick = () => { window.focus(); go(`/jobs/${job.id}`); note.close(); };
}

function TellMe({ job }) {
  const [isOn, setOn] = useState(() => toTell.has(job.id));
  const [isRefused, setRefused] = useState(false);
  if (typeof Notification !== "function" || !isLive(job)) return null;
  const turnOn = async () => {
    const isAllowed = (await Notification.requestPermission()) === "granted";
    setRefused(!isAllowed);
    setOn(isAllowed);
    if (isAllowed) tellOf(job.id);
  };
  const turnOff = () => { forget(job.id); setOn(false); };
  return html`<p class="tell"><button type="button" class="small" aria-pressed=${String(isOn)} onClick=${isOn ? turnOff : turnOn}>Tell me when it ends</button>
    ${" "}<span class="muted" role="status">${isOn ? "Your browser will show a notification. Keep this tab open." : isRefused ? "Your browser does not allow notifications of this page. You can change that in its settings." : ""}</span></p>`;
}
