
"use strict";
const base = location.pathname.replace(/\/?$/, "/");
const at = (id) => document.getElementById(id);
const KEY = "headway-token";
const FAILURES_SHOWN = 20;
const QUESTIONS = {
  cancel: "Cancel this job now? Items that have not begun will never run.",
  delete: "Delete this job, with its failures and results?",
};
const buttons = [...document.querySelectorAll("[data-action]")];
let watched = null;
let shown = null;
let isActing = false;

class Refused extends Error {
  constructor(status, text) { super(text); this.status = status; }
}

function token() { return sessionStorage.getItem(KEY); }

// The address may have #token=…&job=…. The token is removed from it at once, the job stays.
function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (given.has("token")) {
    sessionStorage.setItem(KEY, given.get("token"));
    showInAddress(given.get("job"));
  }
}

function showInAddress(job) {
  history.replaceState(null, "", location.pathname + location.search + (job ? "#job=" + encodeURIComponent(job) : ""));
}

async function call(path, headers, method, body) {
  const all = { Authorization: "Bearer " + token(), ...headers };
  const answer = await fetch(base + path, { method, headers: all, body, cache: "no-store" });
  if (answer.ok || answer.status === 304) return answer;
  const isProblem = (answer.headers.get("Content-Type") || "").startsWith("application/problem+json");
  const text = isProblem ? (await answer.json()).detail : "the server answered " + answer.status;
  throw new Refused(answer.status, text);
}

function tell(text) { at("notice").textContent = text; }

function failed(error) {
  if (error instanceof Refused && error.status === 401) {
    signOut();
    tell("The token was refused: " + error.message);
  } else {
    tell(error instanceof Refused ? error.message : "The server cannot be reached.");
  }
}

function cell(text, isNumber) {
  const td = document.createElement("td");
  td.textContent = text;
  if (isNumber) td.className = "number";
  return td;
}

function row(cells) {
  const tr = document.createElement("tr");
  tr.append(...cells);
  return tr;
}

const when = (text) => text ? new Date(text).toLocaleString() : "";
const count = (number) => number.toLocaleString();

function jobRow(job) {
  const button = document.createElement("button");
  button.textContent = when(job.createdAt);
  button.setAttribute("aria-label", "Show the job of " + when(job.createdAt));
  button.addEventListener("click", () => watch(job.id));
  const first = document.createElement("td");
  first.append(button);
  return row([first, cell(job.processor), cell(job.paused ? job.status + ", paused" : job.status),
    cell(count(job.processedItems), true), cell(count(job.failedItems), true), cell(count(job.totalItems), true)]);
}

let next = null;

async function list(goOn) {
  try {
    const query = goOn && next ? "?pageToken=" + encodeURIComponent(next) : "";
    const page = await (await call("v1/jobs" + query)).json();
    if (!goOn) at("jobs").replaceChildren();
    at("jobs").append(...page.jobs.map(jobRow));
    next = page.nextPageToken;
    at("more").hidden = !next;
    tell(at("jobs").childElementCount ? "" : "No jobs yet.");
  } catch (error) {
    failed(error);
  }
}

function fact(name, value) {
  const dt = document.createElement("dt");
  const dd = document.createElement("dd");
  dt.textContent = name;
  dd.textContent = value;
  return [dt, dd];
}

const WAITS = { throttled: "asked to wait by", unreachable: "cannot reach", rate: "limited to the rate of" };

function waiting({ limit, reason, until, lastError }) {
  const what = (WAITS[reason] || reason) + (limit ? " " + limit : "");
  return what + (until ? ", until " + when(until) : "") + (lastError ? ": " + lastError : "");
}

function show(job) {
  shown = job;
  at("live").hidden = false;
  allow(job.actions);
  at("bar").value = job.progressPercentage;
  const facts = [["Id", job.id], ["Status", job.paused ? job.status + ", paused" : job.status],
    ["Processed", count(job.processedItems)], ["Failed", count(job.failedItems)], ["Pending", count(job.pendingItems)],
    ["Items", count(job.totalItems) + (job.sealed ? "" : " so far")], ["Processor", job.processor], ["Round", count(job.round)],
    ["Started", when(job.createdAt)]];
  if (job.itemsPerSecond !== null) facts.push(["Items a second", count(job.itemsPerSecond)]);
  if (job.estimatedCompletionAt) facts.push(["Ends at about", when(job.estimatedCompletionAt)]);
  if (job.completedAt) facts.push(["Ended", when(job.completedAt)]);
  if (job.settling) facts.push(["Settling", "items that were running are still being counted"]);
  if (job.retryingItems) facts.push(["Waiting for another attempt", count(job.retryingItems)]);
  if (job.waitingFor) facts.push(["Waiting", waiting(job.waitingFor)]);
  if (job.errorMessage) facts.push(["Error", job.errorMessage]);
  at("facts").replaceChildren(...facts.flatMap(([name, value]) => fact(name, value)));
}

async function showFailures(job) {
  at("failed").hidden = job.failedItems === 0;
  if (job.failedItems === 0) return;
  const page = await (await call("v1/jobs/" + job.id + "/failures?pageSize=" + FAILURES_SHOWN)).json();
  at("failures").replaceChildren(...page.failures.map((failure) =>
    row([cell(count(failure.index), true), cell(failure.id || ""), cell(failure.kind), cell(failure.message)])));
}

// All buttons are always shown, so that none moves under the pointer when the job ends.
function allow(actions) {
  for (const button of buttons) button.disabled = isActing || !actions.includes(button.dataset.action);
}

// The request names the round, so that a second click does not start another round.
function ask(id, action, round) {
  if (action === "delete") return call("v1/jobs/" + id, {}, "DELETE");
  const path = "v1/jobs/" + id + "/" + action;
  if (action !== "retry") return call(path, {}, "POST");
  return call(path, { "Content-Type": "application/json" }, "POST", JSON.stringify({ round }));
}

async function act(action) {
  const { id, round } = shown;
  const mine = watched;
  if (QUESTIONS[action] && !confirm(QUESTIONS[action])) return;
  isActing = true;
  allow([]);
  try {
    await ask(id, action, round);
    tell("");
    const isStillShown = watched === mine;
    if (isStillShown && action !== "delete") watch(id);
    if (isStillShown && action === "delete") leave();
    if (action === "delete") await list(false);
  } catch (error) {
    failed(error);
  } finally {
    isActing = false;
    allow(shown.actions);
  }
}

function leave() {
  watched = null;
  at("live").hidden = true;
  showInAddress(null);
}

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

async function watch(id) {
  const mine = watched = {};
  showInAddress(id);
  let known = {};
  let failuresSeen = -1;
  let isLost = false;
  while (watched === mine) {
    let wait = 5;
    try {
      const answer = await call("v1/jobs/" + encodeURIComponent(id), known);
      if (watched !== mine) return;
      if (answer.status === 200) {
        known = { "If-None-Match": answer.headers.get("ETag") };
        const job = await answer.json();
        if (watched !== mine) return;
        show(job);
        if (job.failedItems !== failuresSeen) { failuresSeen = job.failedItems; await showFailures(job); }
      }
      if (isLost) tell("");
      isLost = false;
      const asked = answer.headers.get("Retry-After");
      // A job that has ended may still count items that were running. Its numbers are final once it has settled.
      if (asked === null && shown.settling !== true) { list(false); return; }
      wait = asked === null ? 1 : Number(asked);
    } catch (error) {
      isLost = true;
      failed(error);
      if (error instanceof Refused && error.status < 500) return;
    }
    await pause(wait);
  }
}

function signIn() {
  const has = Boolean(token());
  at("sign-in").hidden = has;
  at("signed-in").hidden = !has;
  if (!has) { at("token").focus(); return; }
  list(false);
  const job = new URLSearchParams(location.hash.slice(1)).get("job");
  if (job) watch(job);
}

function signOut() {
  watched = null;
  sessionStorage.removeItem(KEY);
  at("live").hidden = true;
  at("jobs").replaceChildren();
  signIn();
}

at("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, at("token").value.trim());
  at("token").value = "";
  tell("");
  signIn();
});
for (const button of buttons) button.addEventListener("click", () => act(button.dataset.action));
at("more").addEventListener("click", () => list(true));
at("refresh").addEventListener("click", () => list(false));
at("sign-out").addEventListener("click", () => { signOut(); tell("The token has been removed from this page."); });
window.addEventListener("hashchange", () => { readAddress(); signIn(); });
readAddress();
signIn();
