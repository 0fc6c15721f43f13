//! Settling: a chunk's results into the ledger, once, however often it was delivered; then looking one level up.
//!
//! Whoever settles, and whoever finds that it is done already, looks upward: that heals every crash in between.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::app::App;
use crate::error::JobError;
use crate::ids::ChunkId;
use crate::job::{Job, JobWrite};
use crate::ledger::Written;
use crate::limits::CHECKPOINT_EVERY;
use crate::outcome::{ItemResult, Outcome};
use crate::part::{Counts, Part, PartWrite, Register};

/// Merges of one chunk's outcome that may fail in a row because other workers merge it too.
const MERGES_MAX: usize = 50;

/// Results of one chunk, to be settled.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// Which chunk.
    pub id: ChunkId,
    /// The index of its first item.
    pub first_index: u64,
    /// How many items the whole chunk has.
    pub chunk_items: u16,
    /// Results by the items' indexes in the job.
    pub results: BTreeMap<u64, ItemResult>,
    /// The part's round as read before the items were begun.
    pub round_begun: u32,
    /// Whether some of it is in the chunk's outcome row already.
    pub merged: bool,
}

impl Settlement {
    /// How long to wait before showing progress again: a second, and one more for each kilobyte that is written anew.
    pub fn checkpoint_after(&self) -> Duration {
        let bytes = |result: &ItemResult| match result {
            ItemResult::Processed(None) => 0,
            ItemResult::Processed(Some(record)) => record.output.as_ref().map_or(0, |output| output.get().len()),
            ItemResult::Failed(failure) => failure.item.get().len() + failure.message.len(),
        };
        CHECKPOINT_EVERY * (1 + self.results.values().map(bytes).sum::<usize>() / 1_024) as u32
    }

    /// Whether one write can say it all: every item succeeded, none left anything to keep.
    fn is_clean(&self) -> bool {
        !self.merged
            && self.results.len() == usize::from(self.chunk_items)
            && self.results.values().all(|result| matches!(result, ItemResult::Processed(None)))
    }
}

/// Records the results; returns the part as it is since, or `None` if it is gone. Safe to repeat.
///
/// # Errors
/// [`JobError::Unavailable`]: settle again later.
pub async fn settle(app: &App, settlement: &Settlement) -> Result<Option<Part>, JobError> {
    let ChunkId { job, part, chunk } = settlement.id;
    if settlement.is_clean() {
        let clean = PartWrite::Clean { chunk, items: settlement.chunk_items };
        match app.jobs.update_progress(job, part, &clean).await? {
            Written::Applied(part) => return Ok(Some(part)),
            Written::Refused(part) if part.registers.get(&chunk).is_some_and(|register| register.is_full()) => return Ok(Some(part)),
            Written::Refused(_) => {}
            Written::Gone => return Ok(None),
        }
    }
    let outcome = merge(app, settlement).await?;
    show(app, &outcome).await
}

/// Shows an outcome row on its part: who sees a record shows it.
///
/// # Errors
/// [`JobError::Unavailable`].
pub async fn show(app: &App, outcome: &Outcome) -> Result<Option<Part>, JobError> {
    let ChunkId { job, part, chunk } = outcome.id;
    let shadow = PartWrite::Shadow { chunk, register: outcome.register() };
    Ok(app.jobs.update_progress(job, part, &shadow).await?.row())
}

/// Shows every outcome row of a part that its register does not show yet: returns how many, and the part as it is since.
///
/// # Errors
/// [`JobError::Unavailable`].
pub async fn reconcile(app: &App, part: &Part) -> Result<(usize, Part), JobError> {
    let (mut shown, mut latest) = (0, part.clone());
    // Behind a full register there is nothing in its round, behind a clean one never.
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

/// Looks up from a part, as it was just written or read: fails the job if too much has failed, rolls the part up if it
/// is full, ends the job if that was all.
///
/// # Errors
/// [`JobError::Unavailable`]: look again later.
pub async fn look_upward(app: &App, part: &Part) -> Result<(), JobError> {
    let counts = part.counts();
    if !part.is_full() && counts.failed == 0 {
        return Ok(());
    }
    let Some(job) = app.ledger.job(part.job).await? else { return Ok(()) };
    if part.round != job.round || job.deleting {
        return Ok(());
    }
    let own = if job.rolled_up.parts.contains(&part.number) { Counts::default() } else { counts };
    if job.is_live() && exceeded(&job, own) {
        fail(app, &job, Some(part)).await?;
    }
    if !part.is_full() {
        return Ok(());
    }
    if job.rolled_up.parts.contains(&part.number) {
        return look_upward_from_job(app, job).await;
    }
    let roll_up = JobWrite::RollUp { round: part.round, part: part.number, processed: counts.processed, failed: counts.failed };
    match app.jobs.update_status(part.job, &roll_up).await?.row() {
        Some(job) => look_upward_from_job(app, job).await,
        None => Ok(()),
    }
}

/// Ends the job if all its parts are rolled up, or if those that are have failed too much.
///
/// # Errors
/// [`JobError::Unavailable`]: look again later.
pub async fn look_upward_from_job(app: &App, job: Job) -> Result<(), JobError> {
    if !job.is_live() || !job.sealed {
        return Ok(());
    }
    if exceeded(&job, Counts::default()) {
        return fail(app, &job, None).await;
    }
    if job.rolled_up.parts.len() == job.parts as usize {
        app.jobs.mark_completed(&job).await?;
    }
    Ok(())
}

/// Whether the row's failures and `own` ones beside them are too many.
fn exceeded(job: &Job, own: Counts) -> bool {
    let failed = job.rolled_up.failed + own.failed;
    let handled = job.rolled_up.processed + job.rolled_up.failed + own.handled();
    job.tolerated.exceeded(failed, handled, job.sealed.then_some(job.total_items))
}

async fn fail(app: &App, job: &Job, part: Option<&Part>) -> Result<(), JobError> {
    let first = match part {
        Some(part) => first_failure(app, part).await?,
        None => first_failure_of_job(app, job).await?,
    };
    // Without a count: items that are still running change it, and the counts are beside it.
    let error = match first {
        Some((index, message)) => format!("item {index}: {message}"),
        None => "more items failed than are tolerated".to_owned(),
    };
    app.jobs.mark_failed(job.id, job.round, error).await?;
    Ok(())
}

/// The failure of the lowest index that the part's ledger shows.
async fn first_failure(app: &App, part: &Part) -> Result<Option<(u64, String)>, JobError> {
    for (&chunk, register) in &part.registers {
        if !matches!(register, Register::Outcome { failed: 1.., .. }) {
            continue;
        }
        let id = ChunkId { job: part.job, part: part.number, chunk };
        let outcome = app.ledger.outcome(id).await?;
        if let Some((&index, failure)) = outcome.as_ref().and_then(|outcome| outcome.failures.first_key_value()) {
            return Ok(Some((index, failure.message.clone())));
        }
    }
    Ok(None)
}

async fn first_failure_of_job(app: &App, job: &Job) -> Result<Option<(u64, String)>, JobError> {
    for number in 0..job.parts {
        let part = app.ledger.part((job.id, number)).await?;
        let Some(part) = part.filter(|part| part.counts().failed > 0) else { continue };
        if let Some(first) = first_failure(app, &part).await? {
            return Ok(Some(first));
        }
    }
    Ok(None)
}

async fn merge(app: &App, settlement: &Settlement) -> Result<Outcome, JobError> {
    for _ in 0..MERGES_MAX {
        let known = app.ledger.outcome(settlement.id).await?;
        let mut outcome = known.unwrap_or_else(|| Outcome::new(settlement.id, settlement.first_index, settlement.chunk_items));
        let results = settlement.results.iter().map(|(index, result)| (*index, result.clone()));
        if !outcome.merge(results, settlement.round_begun) {
            return Ok(outcome);
        }
        outcome.version += 1;
        if app.ledger.put_outcome(&outcome).await? {
            return Ok(outcome);
        }
    }
    Err(JobError::unavailable("the table: merging a chunk's outcome", "other workers kept merging it at the same time"))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::value::RawValue;

    use super::*;
    use crate::ids::{JobId, UserId};
    use crate::job::{RolledUp, ToleratedFailures};
    use crate::outcome::{Failure, FailureKind, OutputRecord};

    #[test]
    fn the_more_a_checkpoint_writes_the_later_it_comes() {
        let raw = |bytes: usize| RawValue::from_string("1".repeat(bytes)).unwrap();
        let output = |bytes| ItemResult::Processed(Some(OutputRecord { id: None, output: Some(raw(bytes)) }));
        let failure = ItemResult::Failed(Failure::new(FailureKind::Permanent, "", &"m".repeat(500), 1, None, raw(524)));
        let after = |results: Vec<ItemResult>| {
            let id = ChunkId { job: JobId(uuid::Uuid::nil()), part: 0, chunk: 0 };
            let results = (0..).zip(results).collect();
            Settlement { id, first_index: 0, chunk_items: 9, results, round_begun: 1, merged: false }.checkpoint_after().as_secs()
        };
        assert_eq!(after(vec![ItemResult::Processed(None), output(1_023)]), 1);
        assert_eq!(after(vec![output(1_000), output(24)]), 2);
        assert_eq!(after(vec![failure, output(2_048)]), 4);
    }

    /// What broke it: a sample reckoned larger than it is, and a job failed by its first bad items.
    #[test]
    fn the_sample_is_what_finished_parts_and_this_one_have_handled() {
        let tolerated = ToleratedFailures::Percentage { percentage: "30".parse().unwrap(), minimum_sample: Some(10) };
        let rolled_up = RolledUp { parts: [0].into(), processed: 5, failed: 3 };
        let job = Job { tolerated, rolled_up, ..Job::new(JobId(uuid::Uuid::nil()), UserId::new("u").unwrap(), 0, DateTime::UNIX_EPOCH) };
        assert!(!exceeded(&job, Counts { processed: 0, failed: 1 }), "4 of 9");
        assert!(exceeded(&job, Counts { processed: 1, failed: 1 }), "4 of 10");
        assert!(!exceeded(&job, Counts { processed: 2, failed: 0 }), "3 of 10");
    }
}
