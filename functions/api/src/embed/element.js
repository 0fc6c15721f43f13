// <headway-job job="…" token="…">: shows one job until it has ended.
//
// Events, all of which bubble: `headway-token-needed` (set `token` to a new one), `headway-change` and `headway-end` (the job is in
// `detail`), `headway-error` (the job cannot be shown; `detail.status`).
const HERE = document.currentScript?.src ? new URL("./", document.currentScript.src).href : null;
const WAIT_MAX_S = 30;
const TOKEN_WAIT_MAX_S = 60;
const SAID_NOTHING_S = 5;
// The reasons are counted from all failures, so they are not asked for each time that a number changes.
const GROUPS_EVERY_MS = 10 * SECOND;

class HeadwayJob extends HTMLElement {
  static observedAttributes = ["job", "token", "src", "hide"];
  static #onPage = new Set();
  static #hasNewWords = false;
  // Elements that are drawn already are drawn again, once for all words that are replaced at once.
  static words = new Proxy(WORDS, { set: (words, name, text) => { HeadwayJob.#drawAgain(); return Reflect.set(words, name, text); } });

  static #drawAgain() {
    if (HeadwayJob.#hasNewWords) return;
    HeadwayJob.#hasNewWords = true;
    queueMicrotask(() => {
      HeadwayJob.#hasNewWords = false;
      HeadwayJob.#onPage.forEach((element) => element.#sayAgain());
    });
  }

  #view;
  #token = null;
  #calls = null;
  #reading = new AbortController();
  #isDue = false;
  // True if what is being read may be from before an action.
  #isOld = false;
  #wake = () => {};
  #seen = null;
  #refusals = 0;
  #refused = "";
  #groups = { of: "", at: -Infinity };

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [SHEET];
    this.#view = new View(root, { onAct: (action) => this.#act(action), onOpen: () => this.#readGroups() });
  }

  // The token is best given here: it is not in the document then.
  get token() { return this.#token ?? this.getAttribute("token"); }
  set token(token) { this.#token = token; this.#restart(); }
  get job() { return this.getAttribute("job"); }
  set job(id) { this.setAttribute("job", id); }
  get src() { return this.getAttribute("src"); }
  set src(address) { this.setAttribute("src", address); }

  // The job as it was last read.
  get status() { return this.#seen?.job ?? null; }

  connectedCallback() {
    // What the page set before this script was there.
    for (const name of ["token", "job", "src"].filter((one) => Object.hasOwn(this, one))) {
      const value = this[name];
      delete this[name];
      this[name] = value;
    }
    HeadwayJob.#onPage.add(this);
    this.#restart();
  }

  disconnectedCallback() {
    HeadwayJob.#onPage.delete(this);
    this.#reading.abort();
  }

  attributeChangedCallback(name) {
    if (name === "token") this.#token = null;
    if (name === "hide") this.#draw();
    else this.#restart();
  }

  // In other words.
  #sayAgain() {
    this.#groups = { of: "", at: -Infinity };
    this.#draw();
    this.#restart();
  }

  // Several changes at once are one.
  #restart() {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => { this.#isDue = false; if (this.isConnected) this.#start(); });
  }

  #start() {
    this.#reading.abort();
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    const speaker = new Speaker(this);
    const base = baseOf(this.src || HERE);
    const id = this.job ?? "";
    if (this.#seen?.of !== `${base} ${id}`) this.#forget();
    // The page may name the job later.
    if (!id) return this.#view.say();
    if (!JOB_ID.test(id) || !base) return this.#cannot(0, speaker.text(base ? "noJob" : "noSource"));
    if (!this.token) return this.#needToken("loading");
    if (!canBeSent(this.token)) return this.#needToken();
    if (!this.#seen) this.#view.say(speaker.text("loading"));
    this.#calls = new Calls(base, id, this.token);
    const wake = () => { if (!document.hidden) this.#wake(); };
    document.addEventListener("visibilitychange", wake, { signal });
    window.addEventListener("online", wake, { signal });
    const clock = setInterval(() => this.#drawTimes(), SECOND);
    signal.addEventListener("abort", () => { clearInterval(clock); this.#wake(); });
    return this.#read(`${base} ${id}`, signal);
  }

  async #read(of, signal) {
    let failures = 0;
    while (!signal.aborted) {
      this.#isOld = false;
      let wait;
      try {
        const answer = await this.#calls.job(this.#seen?.tag, signal);
        if (signal.aborted) return;
        failures = 0;
        this.#refusals = 0;
        this.#got(of, answer);
        // The server says when to ask again. If something in between has removed that, the job says whether to.
        wait = answer.wait ?? (isFinal(this.#seen.job) ? null : SAID_NOTHING_S);
      } catch (error) {
        if (signal.aborted) return;
        if (error.status === 401) { this.#needToken(); return; }
        if (!error.isTemporary) { this.#cannot(error.status, new Speaker(this).text(error.status === 404 ? "gone" : "refused")); return; }
        failures += 1;
        wait = Math.max(error.retryAfter || 0, Math.min(WAIT_MAX_S, 2 ** (failures - 1)));
        this.#lost(error);
      }
      if (!this.#isOld) await this.#pause(wait, signal);
    }
  }

  // Until so many seconds have passed, or something wakes it. A page in the background asks for nothing.
  async #pause(seconds, signal) {
    const once = (ms) => new Promise((done) => {
      const timer = ms === null ? null : setTimeout(done, ms);
      this.#wake = () => { clearTimeout(timer); done(); };
    });
    await once(seconds === null ? null : seconds * SECOND);
    while (document.hidden && !signal.aborted) await once(null);
  }

  #got(of, { job, tag }) {
    const before = this.#seen?.job;
    if (job && job.status !== before?.status) this.#refused = "";
    this.#view.say(this.#refused);
    if (!job) { this.#readGroups(); return; }
    this.#seen = { of, job, tag, at: performance.now(), time: Date.now() };
    this.#draw();
    this.#tell("headway-change", job);
    if (isFinal(job) && !(before && isFinal(before) && before.round === job.round)) this.#tell("headway-end", job);
    this.#readGroups();
  }

  #draw() {
    if (!this.#seen) return;
    this.#view.show(this.#seen.job, new Speaker(this), (this.getAttribute("hide") ?? "").split(/\s+/));
    this.#drawTimes();
  }

  // The clock of this machine may be wrong: what is left is reckoned from the job's own times.
  #drawTimes() {
    if (!this.#seen) return;
    const { job, at } = this.#seen;
    const ends = job.estimatedCompletionAt && Date.parse(job.estimatedCompletionAt) - Date.parse(job.updatedAt) - (performance.now() - at);
    const waits = job.waitingFor && !FINAL.includes(job.status) ? { ...job.waitingFor, ms: job.waitingFor.until ? Date.parse(job.waitingFor.until) - Date.now() : 0 } : null;
    // If all that is left waits, the time of its next attempt says enough.
    const isWaiting = waits && job.retryingItems === job.pendingItems;
    this.#view.showTimes({ left: isWaiting ? 0 : ends ?? 0, waits }, new Speaker(this));
  }

  async #readGroups() {
    if (!this.#seen || !this.#view.failures.open || this.#view.failures.hidden) return;
    const { job } = this.#seen;
    const of = `${job.id} ${job.round} ${job.failedItems}`;
    const isFinal = FINAL.includes(job.status);
    if (this.#groups.of === of || (!isFinal && performance.now() - this.#groups.at < GROUPS_EVERY_MS)) return;
    this.#groups = { of, at: performance.now() };
    const { signal } = this.#reading;
    try {
      this.#view.showGroups(await this.#calls.groups(signal), new Speaker(this));
    } catch (error) {
      if (this.#groups.of === of) this.#groups.of = "";
      if (signal.aborted) return;
      if (error.status === 401) { this.#needToken(); return; }
      put(this.#view.groups, new Speaker(this).text("groupsLost"));
    }
  }

  async #act(action) {
    const { signal } = this.#reading;
    const node = this.#view.named[action];
    node.setAttribute("aria-disabled", "true");
    this.#refused = "";
    try {
      await this.#calls.act(action, this.#seen.job, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (error.status === 401) { this.#needToken(); return; }
      this.#refused = error instanceof Refused ? outsideText(error.message) : this.#why(error);
      this.#view.say(this.#refused);
    } finally {
      node.removeAttribute("aria-disabled");
    }
    // What it has become is read at once, and again if it is being read already.
    this.#isOld = true;
    this.#wake();
  }

  #forget() {
    this.#seen = null;
    this.#refused = "";
    this.#groups = { of: "", at: -Infinity };
    this.#view.clear(new Speaker(this).text("job"));
  }

  #why(error) {
    const speaker = new Speaker(this);
    if (error instanceof Refused) return speaker.text("busy");
    return speaker.text(navigator.onLine ? "unreached" : "offline");
  }

  // The last numbers stay, and are named as old.
  #lost(error) {
    const speaker = new Speaker(this);
    this.#view.say(this.#why(error), ...(this.#seen ? [speaker.text("old", { time: speaker.timeOfDay(this.#seen.time) })] : []));
  }

  // A page that answers with tokens that do not work is asked less and less often.
  #needToken(word = "tokenNeeded") {
    this.#reading.abort();
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    this.#view.say(new Speaker(this).text(this.#refusals === 0 ? word : "tokenNeeded"));
    const wait = this.#refusals === 0 ? 0 : Math.min(TOKEN_WAIT_MAX_S, 2 ** this.#refusals);
    this.#refusals += 1;
    // Nobody may hear it, or be able to answer: it is told again, less and less often.
    let timer;
    const ask = (seconds) => {
      timer = setTimeout(() => {
        this.#tell("headway-token-needed", { job: this.job });
        if (signal.aborted) return;
        this.#refusals += 1;
        ask(Math.min(TOKEN_WAIT_MAX_S, 2 ** this.#refusals));
      }, seconds * SECOND);
    };
    ask(wait);
    signal.addEventListener("abort", () => clearTimeout(timer));
  }

  #cannot(status, message) {
    this.#reading.abort();
    this.#view.say(message);
    this.#tell("headway-error", { status, message });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

// True once no number of the job changes any more, except by a retry.
function isFinal(job) {
  return FINAL.includes(job.status) && !job.settling;
}

// The address of the service, with a slash at its end.
function baseOf(address) {
  if (!address) return null;
  try {
    const url = new URL(address, document.baseURI);
    return /^https?:$/.test(url.protocol) ? `${url.origin}${url.pathname.replace(/\/?$/, "/")}` : null;
  } catch {
    return null;
  }
}

if (!customElements.get("headway-job")) customElements.define("headway-job", HeadwayJob);
