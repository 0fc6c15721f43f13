// What was typed and is not sent yet. It is kept in the page's memory, so it is still there after a look at another page, and after
// signing in again because the token had ended. It is gone once it is sent or given up, once somebody signs out or somebody else signs
// in, and with the browser tab.
const drafts = new Map();
const DRAFT_OF_NEW_JOB = "new job";

function draftOfItem({ id, round }, { code, index }) {
  return JSON.stringify([id, round, code, index]);
}

function draftOfTable({ id, round }, code) {
  return JSON.stringify([id, round, code]);
}

// What was typed in a round of a job, each with its key.
function draftsOf({ id, round }) {
  const start = `${JSON.stringify([id, round]).slice(0, -1)},`;
  return [...drafts].filter(([key]) => key.startsWith(start));
}

// The group of failures in which something was typed.
function draftedGroup(job) {
  const [first] = draftsOf(job);
  return first === undefined ? null : JSON.parse(first[0])[2];
}

// How many corrections were typed and are not saved.
function unsavedCorrections(job) {
  return draftsOf(job).reduce((sum, [, typed]) => sum + (typed instanceof Map ? typed.size : 1), 0);
}

// Keeps what is typed in a form: `value`, as soon as `isChanged`. This runs before the change is drawn, so nothing typed is lost.
function useDraft(key, isChanged, value) {
  useLayoutEffect(() => { if (isChanged) drafts.set(key, value); });
}

// Corrections are for one round: once it is over, nobody can save them.
function forgetOldDrafts({ id, round }) {
  for (const key of drafts.keys()) {
    if (key === DRAFT_OF_NEW_JOB) continue;
    const [of, typedIn] = JSON.parse(key);
    if (of === id && typedIn < round) drafts.delete(key);
  }
}

// The browser asks before the page is left with corrections, also if another job is shown. A form that is shown asks for itself.
function warnOfDrafts(event) {
  if ([...drafts.keys()].some((key) => key !== DRAFT_OF_NEW_JOB)) event.preventDefault();
}
