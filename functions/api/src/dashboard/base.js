// The names that all files use. The files of this folder are joined into one script, in the order that dashboard.rs
// lists, and share one scope. There is no build step: what is written here is what the browser runs.
const { h, render } = preact;
const { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } = preactHooks;
const html = htm.bind(h);

// The address without the part after `#`, always with a slash at its end: the API may be mapped below a base path.
const BASE = location.pathname.replace(/\/?$/, "/");
// The limits of this server, which its page contains.
const LIMITS = JSON.parse(document.getElementById("limits").textContent);

const FINAL_STATUSES = ["Completed", "Failed", "Cancelled"];

// True once no number of the job changes any more, except by a retry.
function isFinal(job) {
  return FINAL_STATUSES.includes(job.status) && job.settling !== true;
}

function isLive(job) {
  return !FINAL_STATUSES.includes(job.status);
}

function can(job, action) {
  return job.actions.includes(action);
}

// True if everything that was sent is done, and more is to come.
function waitsForItems(job) {
  return !job.sealed && isLive(job) && job.pendingItems === 0;
}

// How many items the sender of a job that is not sealed has announced. Null if that is not known.
function announcedItems(job) {
  if (job.sealed || typeof job.expectedItems !== "number") return null;
  return Math.max(job.totalItems, job.expectedItems);
}

// The job's title as it is shown, or a name if it has none.
function nameOf(job, max) {
  return job.title ? short(job.title, max) : `${short(job.processor, max)}, ${dateTime(job.createdAt)}`;
}
