// A job's status, in colour and in words, and its progress.
const STATUS_ICONS = { Pending: "○", Processing: "▶", Completed: "✓", Failed: "✕", Cancelled: "⊘", Paused: "‖", CompletedWithFailures: "!" };

function shownStatus(job) {
  return job.paused && isLive(job) ? "Paused" : job.status;
}

function statusWords(job) {
  const status = shownStatus(job);
  if (status === "Completed" && job.failedItems > 0) return `Completed, ${count(job.failedItems)} failed`;
  return status;
}

function StatusBadge({ job }) {
  const status = shownStatus(job);
  const tone = status === "Completed" && job.failedItems > 0 ? "CompletedWithFailures" : status;
  return html`<span class=${`badge ${tone}`}><span aria-hidden="true">${STATUS_ICONS[tone] || "•"}</span> ${statusWords(job)}</span>`;
}

// What the job says about itself in one line.
function summaryOf(job) {
  if (job.totalItems === 0) return job.sealed || !isLive(job) ? "No items" : "No items yet";
  const of = `of ${count(job.totalItems)} ${job.sealed ? "" : "submitted "}${job.totalItems === 1 ? "item" : "items"}`;
  const failed = job.failedItems ? `, ${count(job.failedItems)} failed` : "";
  const waits = waitsForItems(job) ? ", waits for more items" : "";
  return `${count(job.processedItems)} ${of} succeeded${failed}${waits}`;
}

// The shares of a job's items, in per cent. A share of few items stays visible.
function sharesOf(job) {
  const total = Math.max(announcedItems(job) || job.totalItems, 1);
  // A job without items is done as soon as it is submitted.
  if (job.totalItems === 0 && job.status === "Completed") return { processed: 100, failed: 0, retrying: 0 };
  const share = (items) => (items === 0 ? 0 : Math.max(0.6, (100 * items) / total));
  return { processed: share(job.processedItems), failed: share(job.failedItems), retrying: share(job.retryingItems || 0) };
}

function ProgressBar({ job, isSmall }) {
  const shares = sharesOf(job);
  const moves = isLive(job) && !job.paused ? "moves" : "";
  return html`<div class=${`bar ${isSmall ? "small" : ""} ${moves}`} role="progressbar" aria-label="Progress" aria-valuemin="0"
      aria-valuemax="100" aria-valuenow=${Math.round(job.progressPercentage)} aria-valuetext=${`${percent(job.progressPercentage)}: ${summaryOf(job)}`}>
    <span class="processed" style=${{ flexBasis: `${shares.processed}%` }}></span>
    <span class="failed" style=${{ flexBasis: `${shares.failed}%` }}></span>
    <span class="retrying" style=${{ flexBasis: `${shares.retrying}%` }}></span>
  </div>`;
}

// The numbers behind the bar, each with its colour and word.
function Legend({ job }) {
  const retrying = job.retryingItems || 0;
  const left = job.status === "Cancelled" ? "dropped" : job.status === "Failed" ? "not run" : "pending";
  const entries = [["processed", "succeeded", job.processedItems], ["failed", "failed", job.failedItems],
    ["retrying", "waiting for another attempt", retrying], ["pending", left, job.pendingItems - retrying]];
  // Nothing is left in a job that has ended, except what is named.
  const isSaid = ([key, , n]) => n > 0 || (key !== "retrying" && (key !== "pending" || isLive(job)));
  const unsent = (announcedItems(job) || job.totalItems) - job.totalItems;
  return html`<ul class="legend">${entries.filter(isSaid).map(([key, word, n]) => html`
    <li key=${key}><span class=${`key ${key}`} aria-hidden="true"></span><strong data-count=${key}>${count(n)}</strong> ${word}</li>`)}
    ${unsent > 0 && html`<li><span class="key pending" aria-hidden="true"></span><strong data-count="unsent">${count(unsent)}</strong> ${isLive(job) ? "not sent yet" : "not sent"}</li>`}
    <li class="total"><strong data-count="total">${count(job.totalItems)}</strong> ${job.sealed ? "in all" : "submitted so far"}</li>
  </ul>`;
}
