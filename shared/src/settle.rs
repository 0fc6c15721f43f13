//! Settling: writes a chunk's results into the ledger, once, however often its message was delivered.

use chrono::{DateTime, Utc};

use crate::app::App;
use crate::error::JobError;
use crate::ids::ChunkId;
use crate::ledger::Written;
use crate::limits::CLOCKS_DIFFER_MAX;
use crate::outcome::{Outcome, OutcomeChange};
use crate::outcome_rows::put_next;
use crate::part::{Part, PartWrite};
use crate::settlement::Settlement;

/// How often in a row merging a chunk's outcome may fail because other workers merge it too.
const MERGES_MAX: usize = 50;

/// Records the results. Returns the part as it is now, or `None` if it is gone. Safe to repeat.
///
/// # Errors
///
/// [`JobError::Unavailable`]: settle again later.
pub async fn settle(app: &App, settlement: &Settlement) -> Result<Option<Part>, JobError> {
    let ChunkId { job, part, chunk } = settlement.id;
    if settlement.is_clean() {
        let clean = PartWrite::Clean { chunk, items: settlement.chunk_items };
        match app.jobs.update_progress((job, part), &clean).await? {
            Written::Applied(part) => return Ok(Some(part)),
            Written::Refused(part) if part.registers.get(&chunk).is_some_and(|register| register.is_full()) => return Ok(Some(part)),
            Written::Refused(_) => {}
            Written::Gone => return Ok(None),
        }
    }
    let outcome = merge(app, settlement).await?;
    match outcome.version {
        // There is no outcome row, and nothing to write into one.
        0 => app.ledger.part((job, part)).await,
        _ => show(app, &outcome).await,
    }
}

/// Shows an outcome row in its part. Anybody who finds a record that is not shown does this.
///
/// # Errors
///
/// [`JobError::Unavailable`].
pub async fn show(app: &App, outcome: &Outcome) -> Result<Option<Part>, JobError> {
    let ChunkId { job, part, chunk } = outcome.id;
    let shadow = PartWrite::Shadow { chunk, register: outcome.register(), waiting_for: outcome.waiting_for.clone() };
    Ok(app.jobs.update_progress((job, part), &shadow).await?.row())
}

/// Shows every outcome row of a part that its registers do not show yet. Returns how many, and the part as it is now.
///
/// # Errors
///
/// [`JobError::Unavailable`].
pub async fn reconcile(app: &App, part: &Part) -> Result<(usize, Part), JobError> {
    let (mut shown, mut latest) = (0, part.clone());
    // Skip full registers: this round has no outcome row that they do not show yet.
    let open = |chunk: &u16| !part.registers.get(chunk).is_some_and(|register| register.is_full());
    for chunk in (0..part.chunks).filter(open) {
        let Some(outcome) = app.ledger.outcome(ChunkId { job: part.job, part: part.number, chunk }).await? else { continue };
        if part.registers.get(&chunk).is_none_or(|register| register.code() < outcome.register().code()) {
            shown += 1;
            latest = show(app, &outcome).await?.unwrap_or(latest);
        }
    }
    Ok((shown, latest))
}

/// Removes runs from a chunk's outcome row whose workers have ended.
///
/// # Errors
///
/// [`JobError::Unavailable`].
pub async fn forget_gone_runs(app: &App, id: ChunkId) -> Result<(), JobError> {
    let change = OutcomeChange { gone_before: Some(gone_before(app)), ..OutcomeChange::default() };
    for _ in 0..MERGES_MAX {
        let Some(mut outcome) = app.ledger.outcome(id).await? else { return Ok(()) };
        let before = outcome.extra_rows();
        if outcome.change(&change) && !put_next(app, &before, &mut outcome).await? {
            continue;
        }
        return show(app, &outcome).await.map(drop);
    }
    Err(JobError::unavailable("the table: a chunk's runs", "other workers kept writing its outcome at the same time"))
}

/// A worker that was to end before this time has ended, even if its clock differs.
pub fn gone_before(app: &App) -> DateTime<Utc> {
    app.clock.now() - CLOCKS_DIFFER_MAX
}

async fn merge(app: &App, settlement: &Settlement) -> Result<Outcome, JobError> {
    for _ in 0..MERGES_MAX {
        let known = app.ledger.outcome(settlement.id).await?;
        let mut outcome = known.unwrap_or_else(|| Outcome::new(settlement.id, settlement.first_index, settlement.chunk_items));
        let before = outcome.extra_rows();
        let results = settlement.results.iter().map(|(index, result)| (*index, result.clone()));
        let merged = outcome.merge(results, settlement.round_begun);
        // Both, and in this order: recorded items do not wait.
        if !(outcome.change(&settlement.change) | merged) {
            return Ok(outcome);
        }
        if put_next(app, &before, &mut outcome).await? {
            return Ok(outcome);
        }
    }
    Err(JobError::unavailable("the table: merging a chunk's outcome", "other workers kept merging it at the same time"))
}
