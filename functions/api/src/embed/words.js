// Texts, numbers and times as people read them. A page may replace any of these texts:
// `Object.assign(customElements.get("headway-job").words, { Completed: "Fertig" })`.
const WORDS = {
  Pending: "Pending", Processing: "Processing", Completed: "Completed", Failed: "Failed", Cancelled: "Cancelled", Paused: "Paused",
  completedWithFailures: "Completed, {n} failed",
  job: "Job", progress: "Progress", loading: "Loading …",
  succeeded: "{n} succeeded", failed: "{n} failed", retrying: "{n} waiting for another attempt", pending: "{n} to do", notRun: "{n} not run", dropped: "{n} dropped",
  total: "of {n}", totalSoFar: "of {n} so far", percent: "{n} %", left: "About {time} left",
  rate: "Goes on as fast as {limit} allows.", throttled: "{limit} has asked to wait.", unreachable: "{limit} cannot be reached. It will be tried again.", again: "Next attempt in {time}.",
  pause: "Pause", resume: "Resume", cancel: "Cancel", retry: "Try failed items again", retryRest: "Run the rest again",
  cancelAsk: "Cancel for good? {n} will never run.", cancelYes: "Yes, cancel", cancelNo: "No", items: "{n} items", item: "1 item",
  why: "Why items failed", groupsLost: "The reasons could not be loaded.", groupsPart: "Counted so far: {n}.", groupsMore: "And {n} more reasons.", groupsMoreOne: "And 1 more reason.", groupsRest: "And {n} items for still other reasons.",
  example: "For instance item {n}: {message}", exampleRow: "For instance row {n}: {message}",
  tokenNeeded: "This view has expired. Waiting for a new permission …", gone: "This job does not exist any more.", refused: "This job cannot be shown.",
  noJob: "The attribute “job” must be the id of a job.", noSource: "The attribute “src” must be the address of the service.",
  offline: "You are offline.", unreached: "The server cannot be reached.", busy: "The server is busy.", old: "Last update: {time}.",
  s: "{n} s", min: "{n} min", h: "{n} h", d: "{n} d",
};
const SECOND = 1000;
const UNITS = [["d", 86_400 * SECOND], ["h", 3_600 * SECOND], ["min", 60 * SECOND], ["s", SECOND]];
const TEXT_MAX = 300;

// Text from outside: nothing in it is hidden, and it is not endless.
function outsideText(text) {
  const whole = [...visible(text)];
  return whole.length > TEXT_MAX ? `${whole.slice(0, TEXT_MAX).join("")}…` : whole.join("");
}

// Speaks the language of the place where the element is.
class Speaker {
  constructor(element) {
    const language = element.closest("[lang]")?.lang || undefined;
    this.language = language && isLanguage(language) ? language : undefined;
  }

  // A text with its places filled in.
  text(name, values = {}) {
    return WORDS[name].replace(/\{(\w+)\}/g, (place, key) => (key in values ? values[key] : place));
  }

  number(number) {
    return number.toLocaleString(this.language);
  }

  items(number) {
    return number === 1 ? this.text("item") : this.text("items", { n: this.number(number) });
  }

  percent(value) {
    const rounded = value > 99 && value < 100 ? Math.floor(value * 10) / 10 : Math.round(value * 10) / 10;
    return this.text("percent", { n: this.number(rounded) });
  }

  // The two largest units: "3 min 20 s".
  duration(ms) {
    const first = Math.max(0, UNITS.findIndex(([, size]) => ms >= size));
    const [name, size] = ms < SECOND ? UNITS[3] : UNITS[first];
    const whole = Math.max(1, Math.floor(ms / size));
    const next = ms < SECOND ? undefined : UNITS[first + 1];
    const rest = next ? Math.floor((ms - whole * size) / next[1]) : 0;
    const words = [[name, whole], ...(rest ? [[next[0], rest]] : [])];
    return words.map(([unit, n]) => this.text(unit, { n: this.number(n) })).join(" ");
  }

  timeOfDay(when) {
    return new Date(when).toLocaleTimeString(this.language);
  }
}

function isLanguage(text) {
  try {
    return Intl.getCanonicalLocales(text).length === 1;
  } catch {
    return false;
  }
}
