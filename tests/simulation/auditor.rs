//! Checks the invariants: at every look while the history runs, and of the whole once it is over.

use std::collections::BTreeSet;
use std::sync::Arc;

use headway::outcome::FailureKind;
use headway::records::{self, Position};
use headway::{App, Job, JobStatus, ToleratedFailures};
use tokio::time::Instant;

use super::faults::Faults;
use super::workload::{Calls, Fate, Plan};

/// What was seen of a job so far.
#[derive(Default)]
pub(crate) struct Auditor {
    last: Option<Job>,
    /// When a cancel was acknowledged.
    pub(crate) cancelled_at: Option<Instant>,
}

macro_rules! hold {
    ($holds:expr, $($what:tt)+) => {
        if !$holds {
            return Err(format!($($what)+));
        }
    };
}

impl Auditor {
    /// One look at the job.
    pub(crate) fn look(&mut self, job: Job) -> Result<(), String> {
        let handled = job.processed_items + job.failed_items;
        hold!(handled + job.pending_items() == job.total_items, "the counts do not add up: {job:?}");
        let last = self.last.as_ref();
        hold!(last.is_none_or(|last| job.round >= last.round), "the round fell: {last:?} then {job:?}");
        if let Some(last) = last.filter(|last| last.round == job.round) {
            hold!(job.processed_items >= last.processed_items, "processed fell: {last:?} then {job:?}");
            hold!(job.failed_items >= last.failed_items, "failed fell: {last:?} then {job:?}");
            hold!(
                !last.is_terminal() || (job.status, job.completed_at) == (last.status, last.completed_at),
                "an end changed: {last:?} then {job:?}"
            );
        }
        self.last = Some(job);
        Ok(())
    }

    /// The whole history, once nothing moves any more.
    pub(crate) async fn judge(self, app: &App, plan: &Plan, acknowledged: bool, calls: &Arc<Calls>, faults: &Faults) -> Result<(), String> {
        let Some(job) = self.last else { return Ok(()) };
        let seen = calls.items.lock().unwrap().clone();
        if let Some(cancelled_at) = self.cancelled_at {
            let late = seen.iter().find(|(_, seen)| seen.last_begun.is_some_and(|begun| begun > cancelled_at));
            hold!(late.is_none(), "an item began after the cancel was acknowledged: {late:?}");
        }
        faults.saw(match job.status {
            JobStatus::Completed => "job: Completed",
            JobStatus::Failed => "job: Failed",
            JobStatus::Cancelled => "job: Cancelled",
            _ => return Err(format!("the job never ended: {job:?}")),
        });
        let failed = self::failed(app, &job).await?;
        let job = app.jobs.get(job.id).await.map_err(|e| e.to_string())?.ok_or("the job is gone")?;
        let indexes: BTreeSet<u64> = failed.iter().map(|(index, _)| *index).collect();
        hold!(indexes.len() == failed.len(), "a failure is listed twice: {failed:?}");
        hold!(failed.len() as u64 == job.failed_items, "{} failures are listed: {job:?}", failed.len());
        for (index, kind) in &failed {
            let fate = plan.fates[*index as usize];
            // An innocent item may have been at work, or about to be, each time its worker was killed.
            let unlucky = *kind == FailureKind::Crashed && seen.get(index).is_some_and(|seen| seen.left_marked >= 2);
            hold!(
                fate.may_fail() || unlucky || *kind == FailureKind::DeadLettered,
                "item {index} ({fate:?}) is listed as failed: {kind:?}"
            );
        }
        if failed.iter().any(|(_, kind)| *kind == FailureKind::Crashed) {
            faults.saw("item: Crashed");
        }
        if !failed.is_empty() {
            faults.saw("item: failed for good");
        }
        if seen.values().any(|seen| seen.succeeded > 1) {
            faults.saw("item: processed again");
        }
        let succeeded = seen.iter().filter(|(index, seen)| seen.succeeded > 0 && !indexes.contains(index)).count() as u64;
        hold!(job.processed_items <= succeeded, "{} counted as processed, {succeeded} succeeded: {job:?}", job.processed_items);
        let outputs = outputs(app, &job).await?;
        for index in &outputs {
            hold!(plan.fates[*index as usize] == Fate::GivesOutput && !indexes.contains(index), "an output of item {index}");
        }
        let exceeded = job.tolerated.exceeded(job.failed_items, job.handled_items(), job.sealed.then_some(job.total_items));
        match job.status {
            JobStatus::Completed => {
                hold!(job.pending_items() == 0, "items disappeared: {job:?}");
                hold!(acknowledged && job.total_items == plan.fates.len() as u64, "not the items that were sent: {job:?}");
                hold!(!exceeded, "completed with too many failures: {job:?}");
                let giving = (0..plan.fates.len() as u64).filter(|i| plan.fates[*i as usize] == Fate::GivesOutput && !indexes.contains(i));
                hold!(giving.collect::<BTreeSet<_>>() == outputs, "outputs and counts disagree: {outputs:?}");
                let never = plan.fates.iter().enumerate().find(|(i, fate)| !fate.may_succeed() && !indexes.contains(&(*i as u64)));
                hold!(never.is_none(), "an item that cannot succeed is counted as processed: {never:?}");
            }
            // A share that was exceeded may no longer be once what was in flight is counted.
            JobStatus::Failed => {
                let share = matches!(job.tolerated, ToleratedFailures::Percentage { .. }) && job.failed_items > 0;
                hold!(exceeded || share || job.abandoned, "failed without a reason: {job:?}");
            }
            _ => hold!(plan.cancel_after.is_some(), "cancelled by nobody: {job:?}"),
        }
        Ok(())
    }
}

async fn failed(app: &App, job: &Job) -> Result<Vec<(u64, FailureKind)>, String> {
    let (mut all, mut from) = (Vec::new(), Position::default());
    loop {
        let page = records::failures(app, job, from, 3).await.map_err(|e| e.to_string())?;
        all.extend(page.records.into_iter().map(|(index, failure)| (index, failure.kind)));
        match page.next {
            Some(next) => from = next,
            None => return Ok(all),
        }
    }
}

async fn outputs(app: &App, job: &Job) -> Result<BTreeSet<u64>, String> {
    let (mut all, mut from) = (BTreeSet::new(), Position::default());
    loop {
        let page = records::results(app, job, from, 3).await.map_err(|e| e.to_string())?;
        for (index, _) in page.records {
            hold!(all.insert(index), "output {index} is listed twice");
        }
        match page.next {
            Some(next) => from = next,
            None => return Ok(all),
        }
    }
}
