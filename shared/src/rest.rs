//! Coming to rest: an ended job's numbers change while items that were running at its end are still being counted. A
//! read of the job finds out whether that is over and records it in the row. From then on only a retry changes a
//! number.
//!
//! Nobody counts workers. A worker that runs a chunk for longer than a second enters its run in the chunk's rows, and
//! removes the entry once its results are shown. A faster worker writes its results within [`UNSEEN_RUN_MAX`] of a read
//! in which the job was live, or of a write to the job's row that says that they come (`work/in_time.rs`). The entry of a worker
//! that died counts until its time is over.
//!
//! [`UNSEEN_RUN_MAX`]: crate::limits::UNSEEN_RUN_MAX

use std::time::Duration;

use chrono::TimeDelta;
use futures::future::try_join_all;

use crate::app::App;
use crate::error::JobError;
use crate::ids::PartId;
use crate::job::Job;
use crate::ledger::Written;
use crate::limits::{FUNCTION_TIMEOUT_MAX, SETTLES_AFTER, SLICE};
use crate::part::Part;
use crate::settle::{forget_gone_runs, gone_before, show};

/// How many parts' outcome rows are read at a time.
const PARTS_AT_ONCE: usize = 16;

/// Finds out whether the numbers of an ended job are final, and records it if so. Returns true if it recorded that now.
///
/// # Errors
///
/// [`JobError::Unavailable`]: try again later.
pub async fn come_to_rest(app: &App, job: &Job) -> Result<bool, JobError> {
    let (Some(ended), Some(expires_at)) = (job.completed_at, job.expires_at) else { return Ok(false) };
    let now = app.clock.now();
    let last_known = job.late_results_at.map_or(ended, |late| late.max(ended));
    if !job.is_settling() || job.deleting || now < last_known + time(SETTLES_AFTER) {
        return Ok(false);
    }
    // Read the parts only now: what was read before may have changed since.
    let parts = app.ledger.open_parts(job).await?;
    let may_run = now < ended + time(FUNCTION_TIMEOUT_MAX + SETTLES_AFTER);
    // What runs has ended soon, as a rule. Only then it is worth a read whether its worker has.
    if may_run && now < ended + time(SLICE) && parts.iter().any(Part::is_running) {
        return Ok(false);
    }
    let open: Vec<Part> = parts.into_iter().filter(|part| !part.is_full()).collect();
    for parts in open.chunks(PARTS_AT_ONCE) {
        let run = try_join_all(parts.iter().map(|part| show_all(app, part))).await?;
        if may_run && run.contains(&true) {
            return Ok(false);
        }
    }
    let noted = app.jobs.update_status(job.id, &job.reconcile(expires_at)).await?;
    Ok(matches!(noted, Written::Applied(_)))
}

/// Shows every outcome row that the part does not show yet, left behind by a worker that died, and removes runs whose workers have
/// ended for certain. Returns true if any row has a current run.
async fn show_all(app: &App, part: &Part) -> Result<bool, JobError> {
    let id: PartId = (part.job, part.number);
    let (mut from, mut running) = (0, false);
    loop {
        let outcomes = app.ledger.outcomes(id, from).await?;
        let Some(last) = outcomes.last() else { return Ok(running) };
        from = last.id.chunk + 1;
        for outcome in &outcomes {
            let (known, register) = (part.registers.get(&outcome.id.chunk), outcome.register());
            if known.is_some_and(|known| known.is_full()) {
                continue;
            }
            if register.is_running() && outcome.runs.values().all(|until| *until < gone_before(app)) {
                forget_gone_runs(app, outcome.id).await?;
                continue;
            }
            running |= register.is_running();
            if known.is_none_or(|known| known.code() < register.code()) {
                show(app, outcome).await?;
            }
        }
    }
}

fn time(span: Duration) -> TimeDelta {
    TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX)
}
