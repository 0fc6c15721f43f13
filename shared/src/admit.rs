//! Checks quotas: a start, a retry or a part must fit its owner's quotas before anything else is written.
//!
//! The owner's row is read, changed by the rules, and written if nobody else has written it in between. So concurrent
//! starts are counted exactly. A crash after that leaves a start without a job, which the rules drop later.

use std::collections::BTreeMap;

use crate::app::App;
use crate::error::JobError;
use crate::ids::{JobId, UserId};
use crate::job::Job;
use crate::quota::{Exceeded, Start, Usage, bounded};

/// Each start checks this many of the owner's jobs, so that the row contains little more than the live ones.
const CHECKED_PER_START: usize = 2;
/// How often in a row the write may fail because other requests change the same row.
const CHANGES_MAX: usize = 50;

/// Checks that a new job may begin, with the items in its row. `usage` is the owner's row as the caller has read it.
///
/// # Errors
///
/// [`JobError::Quota`], and [`JobError::Unavailable`].
pub(crate) async fn start(app: &App, usage: Option<Usage>, job: &Job) -> Result<(), JobError> {
    start_round(app, Some(usage), job, job.round, job.total_items).await
}

/// Checks that `job` may begin `round` with `items` items, as far as these are known.
///
/// # Errors
///
/// [`JobError::Quota`], and [`JobError::Unavailable`].
pub(crate) async fn retry(app: &App, job: &Job, round: u32, items: u64) -> Result<(), JobError> {
    start_round(app, None, job, round, items).await
}

async fn start_round(app: &App, usage: Option<Option<Usage>>, job: &Job, round: u32, items: u64) -> Result<(), JobError> {
    let start = Start { job: job.id, round, at: app.clock.now(), items: Some(bounded(items)) };
    let add = |usage: &mut Usage| usage.start(start, &app.quotas).map(|()| true);
    change(app, &job.user_id, usage, add, CHECKED_PER_START).await
}

/// Checks that an unsealed job may have `items` items, including those of the part that arrived.
///
/// # Errors
///
/// [`JobError::Quota`], and [`JobError::Unavailable`].
pub(crate) async fn growth(app: &App, job: &Job, items: u64) -> Result<(), JobError> {
    let grow = |usage: &mut Usage| usage.grow(job, bounded(items), &app.quotas);
    change(app, &job.user_id, None, grow, 0).await
}

/// `apply` returns whether there is anything to write. If so, `checks` jobs are checked afterwards. The owner's row is read,
/// unless the caller has it.
async fn change(
    app: &App,
    owner: &UserId,
    mut read: Option<Option<Usage>>,
    apply: impl Fn(&mut Usage) -> Result<bool, Exceeded>,
    checks: usize,
) -> Result<(), JobError> {
    let now = app.clock.now();
    for _ in 0..CHANGES_MAX {
        let row = match read.take() {
            Some(row) => row,
            None => Usage::read(app.cupboard.as_ref(), owner).await?,
        };
        let mut usage = row.unwrap_or_else(|| Usage::new(owner.clone()));
        let next = usage.to_check(checks);
        let applied = match apply(&mut usage) {
            Ok(false) => return Ok(()),
            Ok(true) => check(app, &mut usage, next).await.map(Ok)?,
            Err(exceeded) if usage.is_worth_a_check(exceeded, now) => {
                let all = usage.to_check(usize::MAX);
                check(app, &mut usage, all).await?;
                usage.all_checked_at = Some(now);
                apply(&mut usage).map(|_| ())
            }
            Err(exceeded) => return Err(exceeded.into()),
        };
        usage.version += 1;
        let is_put = usage.put(app.cupboard.as_ref()).await?;
        match applied {
            Err(exceeded) => return Err(exceeded.into()),
            Ok(()) if is_put => return Ok(()),
            Ok(()) => {}
        }
    }
    Err(JobError::unavailable("the table: an owner's row", "other requests of the owner kept changing it at the same time"))
}

async fn check(app: &App, usage: &mut Usage, jobs: Vec<JobId>) -> Result<(), JobError> {
    let rows = if jobs.is_empty() { BTreeMap::new() } else { app.ledger.rows(&jobs, &[]).await?.jobs };
    usage.check(&jobs, &rows, app.clock.now());
    Ok(())
}
