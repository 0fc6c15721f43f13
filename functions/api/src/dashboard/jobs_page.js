// All jobs: filtered, live, page by page.
const JOBS_PER_PAGE = 25;
const JOBS_PER_SEARCH = 100;
const FIRST_PAGE = { token: null, shown: [] };
const LIST_LIVE_SECONDS = 3;
const LIST_SECONDS = 5;
// What people look for, with the status that the API knows, and what it does not know.
const FILTERS = {
  Pending: {}, Processing: {}, Completed: {}, "Completed with failures": { status: "Completed", fits: (job) => job.failedItems > 0 },
  Failed: {}, Cancelled: {}, Paused: { status: "", fits: (job) => job.paused && isLive(job) }, "Waits for more items": { status: "", fits: waitsForItems },
};
const STATUSES = Object.keys(FILTERS);
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

// Where somebody was in the list: they come back to it after a look at a job.
const listPlace = {
  address: "#/",
  scrolled: 0,
  filter: null,
  starts: null,
  visits: 0,
  forget() { Object.assign(listPlace, { address: "#/", scrolled: 0, filter: null, visits: listPlace.visits + 1 }); },
  leave(address, scrolled) { Object.assign(listPlace, { address: address || "#/", scrolled }); },
};

function jobsPath({ status, owner }, pageSize, token) {
  const query = new URLSearchParams({ pageSize });
  if (owner) query.set("owner", owner);
  const known = FILTERS[status]?.status ?? status;
  if (known) query.set("status", known);
  if (token) query.set("pageToken", token);
  return `v1/jobs?${query}`;
}

function JobsPage({ status, text, owner }) {
  const [typed, setTyped] = useState(text);
  const [typedOwner, setTypedOwner] = useState(owner);
  // Before anybody can choose something else: what is chosen is sought together with what is typed.
  useLayoutEffect(() => { setTyped(text); setTypedOwner(owner); }, [text, owner]);
  const show = (changes) => go("/", { status, text: typed.trim(), owner: typedOwner.trim(), ...changes });
  const filter = { status, owner };
  const search = (event) => { event.preventDefault(); show({}); };
  return html`<div class="title-row"><h1>Jobs</h1><a class="button primary" href="#/new">New job from a file</a></div>
    <form class="filters" role="search" onSubmit=${search}>
      <label>Status <select value=${status} onChange=${(event) => show({ status: event.target.value })}>
        <option value="">All</option>${STATUSES.map((name) => html`<option key=${name}>${name}</option>`)}
      </select></label>
      <label class="grow">Text <input type="search" value=${typed} placeholder="Title, file, processor or job id"
        onInput=${(event) => setTyped(event.target.value)} /></label>
      ${isOperator() && html`<label>Owner <input value=${typedOwner} placeholder="you; * for all that run" onInput=${(event) => setTypedOwner(event.target.value)} /></label>`}
      <button type="submit">Search</button>
      ${(status || text || owner) && html`<a class="button" href="#/">Show all</a>`}
    </form>
    ${text ? html`<${FoundJobs} key=${JSON.stringify([filter, text])} filter=${filter} text=${text} />` : html`<${ListedJobs} key=${JSON.stringify([filter, listPlace.visits])} filter=${filter} />`}`;
}

// An operator may see any owner's jobs, without their items. The server checks it.
function isOperator() {
  const { scope, scp } = claimsOf(session.token);
  return [scope, scp].flat().filter((one) => typeof one === "string").flatMap((one) => one.split(" ")).includes("jobs:operate");
}

function ListedJobs({ filter }) {
  // Where the pages begin, up to the one that is shown.
  const known = JSON.stringify(filter);
  const [starts, setStarts] = useState(listPlace.filter === known ? listPlace.starts : [FIRST_PAGE]);
  Object.assign(listPlace, { filter: known, starts });
  const start = starts[starts.length - 1];
  const [calls, setCalls] = useState(0);
  const brokenOff = useRef(null);
  const { data, error, lost, refresh } = useLive(async (signal) => {
    const page = brokenOff.current?.start === start ? brokenOff.current : { start, next: start, jobs: [], calls: 0 };
    brokenOff.current = null;
    try {
      await fill(page, filter, signal, setCalls);
    } catch (problem) {
      if (isTemporary(problem)) brokenOff.current = page;
      throw problem;
    }
    // A page that took many calls is read again less often.
    return { data: page, wait: page.calls * (page.jobs.some((job) => !isFinal(job)) ? LIST_LIVE_SECONDS : LIST_SECONDS) };
  }, [filter, start]);
  const isThere = Boolean(data);
  useLayoutEffect(() => {
    if (isThere && listPlace.address === location.hash) scrollTo(0, listPlace.scrolled);
    if (isThere) listPlace.scrolled = 0;
  }, [isThere]);
  if (error) return html`<${ErrorNote} error=${error} onRetry=${() => (starts.length > 1 ? setStarts([FIRST_PAGE]) : refresh())} />`;
  if (!data) return lost ? html`<${LostNote} lost=${lost} onRetry=${refresh} />` : html`<${Loading} what=${calls > 1 ? "jobs: few have this status, so all are looked through" : "jobs"} />`;
  if (data.jobs.length === 0 && starts.length === 1 && !data.next) return html`<${NoJobs} filter=${filter} />`;
  const turn = (next) => { setStarts(next); scrollTo(0, 0); };
  return html`${lost && html`<${LostNote} lost=${lost} isOld onRetry=${refresh} />`}
    <${JobRows} jobs=${data.jobs} />
    <nav class="pages" aria-label="Pages">
      <button type="button" aria-disabled=${String(starts.length === 1)} onClick=${() => starts.length > 1 && turn(starts.slice(0, -1))}>← Newer</button>
      <span>Page ${count(starts.length)}</span>
      <button type="button" aria-disabled=${String(!data.next)} onClick=${() => data.next && turn([...starts, data.next])}>Older →</button>
    </nav>`;
}

// A page of the API may be short or empty while more follow, so the page reads on until it is full or at the end. With a status
// it reads many at a time, since few may have it; it may then end within a page of the API, and the next one leaves out what was
// shown. If a call fails, the next reading goes on where this one was: otherwise a long one would never come to its end.
async function fill(page, filter, signal, onCalls) {
  const size = filter.status ? JOBS_PER_SEARCH : JOBS_PER_PAGE;
  do {
    const { token, shown } = page.next;
    onCalls(page.calls + 1);
    const found = await read(jobsPath(filter, size, token), { signal });
    page.calls += 1;
    const rest = found.jobs.filter((job) => !shown.includes(job.id) && fits(job, filter));
    const fitting = rest.slice(0, JOBS_PER_PAGE - page.jobs.length);
    page.jobs.push(...fitting);
    page.next = found.nextPageToken && { token: found.nextPageToken, shown: [] };
    if (rest.length > fitting.length) page.next = { token, shown: [...shown, ...fitting.map(({ id }) => id)] };
  } while (page.next && page.jobs.length < JOBS_PER_PAGE);
}

function fits(job, { status }) {
  return FILTERS[status]?.fits?.(job) ?? true;
}

function NoJobs({ filter: { status, owner } }) {
  if (status) return html`<p class="empty">No job is “${status}” now.</p>`;
  if (owner) return html`<p class="empty">${owner === "*" ? "No job runs now." : "This owner has no jobs."}</p>`;
  return html`<div class="empty"><p><strong>No jobs yet.</strong></p>
    <p>Hand over a file of CSV, NDJSON or JSON, and watch what becomes of each row.</p>
    <p><a class="button primary" href="#/new">New job from a file</a></p></div>`;
}

function matches(job, text) {
  const metadata = job.metadata ? JSON.stringify(job.metadata) : "";
  return [job.title, job.id, job.processor, job.createdBy, job.errorMessage, metadata].some((part) => part && folded(part).includes(text));
}

// Letters without their accents and case, as people type who look for something.
function folded(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replaceAll("ß", "ss").replaceAll("ı", "i");
}

// The API cannot search texts: the page looks through all jobs, newest first, as far as it is asked to.
function FoundJobs({ filter, text }) {
  const wanted = folded(text);
  const [found, setFound] = useState({ jobs: [], looked: 0, token: null, state: "looking" });
  const [goal, setGoal] = useState(JOBS_PER_PAGE);
  const [error, setError] = useState(null);
  useEffect(() => {
    if (found.state === "end" || error) return undefined;
    const stop = new AbortController();
    (async () => {
      let { jobs, looked, token } = found;
      while (jobs.length < goal) {
        const page = await read(jobsPath(filter, JOBS_PER_SEARCH, token), { signal: stop.signal });
        jobs = [...jobs, ...page.jobs.filter((job) => matches(job, wanted) && fits(job, filter))];
        looked += page.jobs.length;
        token = page.nextPageToken;
        setFound({ jobs, looked, token, state: token ? "looking" : "end" });
        if (!token) return;
      }
      setFound({ jobs, looked, token, state: "enough" });
    })().catch((problem) => { if (problem.name !== "AbortError") setError(problem); });
    return () => stop.abort();
  }, [goal, error]);
  const looked = `${counted(found.looked, "job")} looked through`;
  return html`${found.state === "looking" ? html`<${Busy} says="Searching …">${looked}<//>` : html`<p class="muted" role="status">${found.state === "end" ? `${counted(found.jobs.length, "job")} found. All ${looked}.` : `${counted(found.jobs.length, "job")} found so far, ${looked}.`}</p>`}
    ${UUID.test(wanted) && !found.jobs.length && html`<p><a href=${`#/jobs/${wanted}`}>Open the job ${wanted}</a></p>`}
    ${error && html`<${ErrorNote} error=${error} onRetry=${() => setError(null)} />`}
    ${found.jobs.length > 0 && html`<${JobRows} jobs=${found.jobs} />`}
    ${found.state === "end" && found.jobs.length === 0 && html`<p class="empty">No job contains this text.</p>`}
    ${found.state === "enough" && html`<p><button type="button" onClick=${() => setGoal(found.jobs.length + JOBS_PER_PAGE)}>Search on</button></p>`}`;
}

function JobRows({ jobs }) {
  return html`<ul class="jobs">${jobs.map((job) => html`<li key=${job.id}><a href=${`#/jobs/${job.id}`}>
    <span class="name"><bdi>${nameOf(job, 120)}</bdi></span>
    <${StatusBadge} job=${job} />
    <span class="what"><bdi>${short(job.processor, 60)}</bdi> · <${Time} at=${job.createdAt} hasClock /> · by <bdi>${short(job.createdBy, 40)}</bdi>${job.round > 1 ? ` · round ${count(job.round)}` : ""}</span>
    <span class="progress"><${ProgressBar} job=${job} isSmall />
      <span class="counts">${summaryOf(job)}${job.settling ? ", still counting" : ""}</span></span>
  </a></li>`)}</ul>`;
}
