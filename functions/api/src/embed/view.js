// What is seen. It is built once and then changed in place, so that nobody loses the focus. Texts are only ever text.
const ICONS = { Pending: "○", Processing: "▶", Completed: "✓", Failed: "✕", Cancelled: "⊘", Paused: "‖", warn: "!" };
const FINAL = ["Completed", "Failed", "Cancelled"];
// Of all reasons, only the most frequent: the element is a part of somebody else's page.
const GROUPS_SHOWN = 10;
const ACTIONS = ["resume", "pause", "retry", "cancel"];

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// The beginning of a text's direction is its own, so that it cannot turn what comes after it.
function outside(text) {
  return make("bdi", {}, outsideText(text));
}

function put(node, ...children) {
  const filled = children.filter((child) => child !== null && child !== "");
  node.hidden = filled.length === 0;
  node.replaceChildren(...filled);
}

class View {
  constructor(root, { onAct, onOpen }) {
    this.onAct = onAct;
    this.root = root;
    this.title = make("bdi", { class: "title", id: "title", part: "title" });
    this.status = make("span", { class: "status", part: "status", role: "status" });
    this.bar = make("div", { class: "bar", part: "bar", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" });
    this.shares = ["succeeded", "failed", "retrying"].map((name) => make("span", { class: name, part: `bar-${name}` }));
    this.bar.append(...this.shares);
    this.counts = make("ul", { class: "counts", part: "counts" });
    this.left = make("p", { class: "muted" });
    this.waits = make("p", { class: "warn", part: "waiting" });
    this.error = make("p", { class: "bad", part: "error" });
    this.note = make("p", { class: "warn", part: "note", role: "status" });
    this.buttons = make("div", { class: "buttons", part: "buttons" });
    this.named = Object.fromEntries(ACTIONS.map((action) => [action, this.button(action)]));
    this.asking = make("div", { class: "buttons", role: "group", "aria-labelledby": "ask" });
    this.buttons.append(...Object.values(this.named));
    this.failures = make("details", { part: "failures" });
    this.summary = make("summary");
    this.groups = make("div");
    this.failures.append(this.summary, this.groups);
    this.failures.addEventListener("toggle", () => { if (this.failures.open) onOpen(); });
    const head = make("div", { class: "head" }, this.title, this.status);
    this.box = make("div", { class: "job", part: "job", role: "group", "aria-labelledby": "title", tabindex: "-1" },
      head, this.bar, this.counts, this.left, this.waits, this.error, this.buttons, this.asking, this.note, this.failures);
    root.append(this.box);
    this.clear("");
  }

  // Nothing is known of the job yet.
  clear(title) {
    put(this.title, title);
    [this.status, this.counts, this.left, this.waits, this.error, this.asking, this.groups].forEach((node) => put(node));
    [this.bar, this.buttons, this.failures].forEach((node) => { node.hidden = true; });
    this.status.dataset.text = "";
    this.failures.open = false;
  }

  button(action) {
    const node = make("button", { type: "button", part: `button button-${action}`, "data-action": action });
    if (action === "resume" || action === "retry") node.classList.add("first");
    node.addEventListener("click", () => {
      if (node.getAttribute("aria-disabled") !== "true") (action === "cancel" ? this.ask() : this.onAct(action));
    });
    return node;
  }

  // Cancelling cannot be undone, so it is asked for twice.
  ask() {
    const close = () => { this.asking.hidden = true; this.named.cancel.focus(); };
    const [yes, no] = ["cancelYes", "cancelNo"].map((word) => make("button", { type: "button" }, this.speaker.text(word)));
    yes.addEventListener("click", () => { close(); this.onAct("cancel"); });
    no.addEventListener("click", close);
    this.asking.onkeydown = (event) => { if (event.key === "Escape") close(); };
    put(this.asking, make("span", { id: "ask" }, this.speaker.text("cancelAsk", { n: this.speaker.items(this.pending) })), yes, no);
    no.focus();
  }

  // Everything that the job says. `hide` names what the page does not want to be seen.
  show(job, speaker, hide) {
    const focused = this.root.activeElement;
    Object.assign(this, { speaker, pending: job.pendingItems, runs: runsOf(job) });
    put(this.title, outsideText(job.title || speaker.text("job")));
    this.showStatus(job, speaker);
    this.showBar(job, speaker);
    this.showCounts(job, speaker);
    put(this.error, job.errorMessage ? outside(job.errorMessage) : "");
    const isLive = !FINAL.includes(job.status);
    for (const [action, node] of Object.entries(this.named)) {
      node.hidden = !job.actions.includes(action);
      const word = action === "retry" && job.failedItems === 0 ? "retryRest" : action;
      if (node.textContent !== speaker.text(word)) node.textContent = speaker.text(word);
    }
    this.buttons.hidden = hide.includes("actions") || Object.values(this.named).every((node) => node.hidden);
    if (!isLive || this.buttons.hidden) this.asking.hidden = true;
    this.failures.hidden = hide.includes("failures") || job.failedItems === 0;
    if (this.summary.textContent !== speaker.text("why")) this.summary.textContent = speaker.text("why");
    // The button that had the focus is gone: the focus stays in the element.
    if (focused?.getClientRects().length === 0) this.box.focus();
  }

  showStatus(job, speaker) {
    const isPaused = job.paused && !FINAL.includes(job.status);
    const isWarning = isPaused || (job.status === "Completed" && job.failedItems > 0);
    const word = isPaused ? "Paused" : job.status;
    const text = isWarning && !isPaused ? speaker.text("completedWithFailures", { n: speaker.number(job.failedItems) }) : speaker.text(word);
    const tone = isWarning ? "warn" : job.status;
    this.status.className = `status ${tone}`;
    // It is read aloud when it changes, and only then.
    if (this.status.dataset.text === text) return;
    this.status.dataset.text = text;
    put(this.status, make("span", { "aria-hidden": "true" }, `${ICONS[isPaused ? "Paused" : tone]} `), text);
  }

  showBar(job, speaker) {
    const total = Math.max(job.totalItems, 1);
    // A share of few items stays visible.
    const share = (items) => (items === 0 ? 0 : Math.max(0.6, (100 * items) / total));
    const isEmpty = job.totalItems === 0 && job.status === "Completed";
    const shares = isEmpty ? [100, 0, 0] : [share(job.processedItems), share(job.failedItems), share(job.retryingItems)];
    this.shares.forEach((node, at) => { node.style.flexBasis = `${shares[at]}%`; });
    this.bar.hidden = false;
    this.bar.setAttribute("aria-label", speaker.text("progress"));
    this.bar.setAttribute("aria-valuenow", String(Math.round(job.progressPercentage)));
    this.bar.setAttribute("aria-valuetext", speaker.percent(job.progressPercentage));
  }

  showCounts(job, speaker) {
    const rest = { Cancelled: "dropped", Failed: "notRun" }[job.status] || "pending";
    const entries = [["succeeded", job.processedItems], ["failed", job.failedItems], ["retrying", job.retryingItems], [rest, job.pendingItems - job.retryingItems]];
    const shown = entries.filter(([name, n]) => n > 0 || name === "succeeded");
    const entry = (name, n) => make("li", { class: name, "data-count": name }, speaker.text(name, { n: speaker.number(n) }));
    put(this.counts, ...shown.map(([name, n]) => entry(name, n)), make("li", { class: "total", "data-count": "total" }, speaker.text(job.sealed ? "total" : "totalSoFar", { n: speaker.number(job.totalItems) })));
  }

  // What changes with time alone.
  showTimes({ left, waits }, speaker) {
    put(this.left, left > 0 ? speaker.text("left", { time: speaker.duration(left) }) : "");
    if (!waits) return put(this.waits);
    const again = waits.ms > 0 ? ` ${speaker.text("again", { time: speaker.duration(waits.ms) })}` : "";
    return put(this.waits, speaker.text(waits.reason in WORDS ? waits.reason : "throttled", { limit: outsideText(waits.limit) }) + again);
  }

  showGroups({ groups, countedFailures, complete }, speaker) {
    const row = ({ code, count, examples }) => make("li", {}, make("span", { class: "number" }, speaker.number(count)),
      make("div", {}, outside(code), ...examples.slice(0, 1).map((example) => make("div", { class: "example" }, outside(this.exampleWords(example, speaker))))));
    const muted = (word, n) => make("p", { class: "muted" }, speaker.text(word, { n: speaker.number(n) }));
    const more = groups.length - GROUPS_SHOWN;
    // The service sends only the largest groups.
    const rest = complete ? countedFailures - groups.reduce((sum, { count }) => sum + count, 0) : 0;
    put(this.groups, make("ul", { class: "groups" }, ...groups.slice(0, GROUPS_SHOWN).map(row)), more > 0 ? muted(more === 1 ? "groupsMoreOne" : "groupsMore", more) : "",
      rest > 0 ? muted("groupsRest", rest) : "", complete ? "" : muted("groupsPart", countedFailures));
  }

  // An item is named by its id, else by its row in the file, if the job says which that is.
  exampleWords({ index, id, message }, speaker) {
    const row = rowIn(this.runs, index);
    if (id === null && row !== undefined) return speaker.text("exampleRow", { n: speaker.number(row), message: outsideText(message) });
    return speaker.text("example", { n: id === null ? speaker.number(index) : outsideText(id), message: outsideText(message) });
  }

  say(...words) {
    // It is read aloud when it changes, and only then.
    const text = words.filter(Boolean).join(" ");
    if (this.note.textContent !== text) this.note.textContent = text;
  }
}
