//! Checks the invariants: repeatedly while the history runs, and on the whole history when it is over.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use headway_core::limits::{FUNCTION_TIMEOUT_MAX, SETTLES_AFTER};
use headway_core::{Job, JobId, JobStatus};

use super::calls::Calls;
use super::faults::Faults;
use super::invariant::{Violation, hold};
use super::world::World;

mod item_list;
mod recount;
mod verdict;

/// The auditor's clock may differ by this from the clock that wrote a row.
const SKEW: TimeDelta = TimeDelta::seconds(5);

/// What users were told about a job, and what they asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Book {
    /// Its number in the plan, once its submission was answered.
    pub(crate) number: Option<usize>,
    /// True if that answer acknowledged all its items.
    pub(crate) acknowledged: bool,
    /// The parts that were acknowledged.
    pub(crate) parts: BTreeSet<u32>,
    /// With how many parts it was sealed.
    pub(crate) sealed_at: Option<u32>,
    /// How often a retry was requested.
    pub(crate) retries: u32,
    /// True if a correction had no answer, so that its values may be used without being counted.
    pub(crate) corrects_unanswered: bool,
    pub(crate) cancels: bool,
    pub(crate) deletes: bool,
    /// True if the deletion was acknowledged.
    pub(crate) deleted: bool,
}

/// What has been seen of each job so far.
pub(crate) struct Auditor {
    faults: Faults,
    last: BTreeMap<JobId, Last>,
}

/// The last observed state of a job.
struct Last {
    job: Job,
    gone: bool,
    top_part: Option<u32>,
}

impl Default for Auditor {
    fn default() -> Self {
        Self::new(Faults::new(0))
    }
}

impl Auditor {
    pub(crate) fn new(faults: Faults) -> Self {
        Self { faults, last: BTreeMap::new() }
    }

    /// One observation of a job: the highest part that its row names, if there is a row, and the job as its owner sees it.
    pub(crate) fn look(
        &mut self,
        id: JobId,
        top_part: Option<u32>,
        seen: Option<Job>,
        book: &Book,
        calls: &Calls,
        now: DateTime<Utc>,
    ) -> Result<(), Violation> {
        if let Some(last) = self.last.get_mut(&id) {
            last.top_part = top_part.max(last.top_part);
        }
        let Some(job) = seen else { return self.look_at_gone(id, book, now) };
        hold!(DeletedIsGone, !book.deleted && self.last.get(&id).is_none_or(|last| !last.gone), "it came back: {job:?}");
        counts_are_right(&job, calls.succeeded(id))?;
        state_is_right(&job, book)?;
        if self.faults.clocks_agree() {
            settles_in_time(&job, now)?;
        }
        self.faults.saw(if job.is_settling() { "job: seen settling" } else { "job: seen at rest" });
        if let Some(last) = self.last.get(&id) {
            follows(&last.job, &job)?;
            hold!(
                SettledIsFinal,
                last.job.is_settling() || counts_stay(&last.job, &job),
                "it was settled and has changed: {:?} then {job:?}",
                last.job
            );
        }
        self.last.insert(id, Last { job, gone: false, top_part });
        Ok(())
    }

    fn look_at_gone(&mut self, id: JobId, book: &Book, now: DateTime<Utc>) -> Result<(), Violation> {
        let Some(last) = self.last.get_mut(&id) else { return Ok(()) };
        let expired = last.job.expires_at.is_some_and(|expires| expires <= now + SKEW);
        hold!(SweepSparesTheLive, book.deletes || expired, "it vanished at {now}: {:?}", last.job);
        last.gone = true;
        Ok(())
    }

    /// Checks the whole history when nothing changes any more.
    pub(crate) async fn judge(self, world: &World) -> Result<(), Violation> {
        let books = world.books.borrow().clone();
        for (id, last) in &self.last {
            let book = &books[id];
            match world.job(*id).await {
                Some(job) => verdict::of_job(world, &job, book).await?,
                None => verdict::of_gone(world, *id, last.top_part).await?,
            }
        }
        verdict::of_strays(world).await?;
        if world.calls.any_processed_again() {
            self.faults.saw("item: processed again");
        }
        Ok(())
    }
}

/// The counts add up, and none is above its maximum.
fn counts_are_right(job: &Job, succeeded: u64) -> Result<(), Violation> {
    let sum = job.processed_items + job.failed_items + job.pending_items();
    hold!(CountsAddUpAndNeverFall, sum == job.total_items, "the counts do not add up: {job:?}");
    hold!(CountsAreDistinctItems, job.processed_items <= succeeded, "{succeeded} items have succeeded so far: {job:?}");
    Ok(())
}

/// The job's fields fit its status, and a user asked for that status if only users can.
fn state_is_right(job: &Job, book: &Book) -> Result<(), Violation> {
    let ended = job.is_terminal();
    let fits = (job.completed_at.is_some(), job.expires_at.is_some()) == (ended, ended);
    hold!(EndsAreFinal, fits && !(ended && job.paused), "its times do not fit its status: {job:?}");
    hold!(EndsAreFinal, job.error_message.is_some() == (job.status == JobStatus::Failed), "its error does not fit its status: {job:?}");
    hold!(EndsAreFinal, job.status != JobStatus::Cancelled || book.cancels, "cancelled by nobody: {job:?}");
    hold!(EndsAreFinal, !(job.sealed && job.abandoned), "sealed, and given up for want of a seal: {job:?}");
    hold!(EndsAreFinal, job.round <= 1 + book.retries, "retried by nobody: {job:?}");
    hold!(EndsAreFinal, job.status != JobStatus::Pending || job.handled_items() == 0, "work was done before it began: {job:?}");
    Ok(())
}

/// Once a round has ended, its counts are the same, and stay settled.
fn counts_stay(last: &Job, job: &Job) -> bool {
    let counts = |job: &Job| (job.processed_items, job.failed_items, job.is_settling());
    !last.is_terminal() || job.round != last.round || counts(job) == counts(last)
}

/// A reader waits no longer than a worker lives.
fn settles_in_time(job: &Job, now: DateTime<Utc>) -> Result<(), Violation> {
    let bound = TimeDelta::from_std(FUNCTION_TIMEOUT_MAX + SETTLES_AFTER).unwrap_or_default() + SKEW;
    let late = job.completed_at.is_some_and(|ended| ended + bound < now);
    hold!(SettledIsFinal, !(late && job.is_settling()), "it still settles at {now}: {job:?}");
    Ok(())
}

/// What may follow the last observed state.
fn follows(last: &Job, job: &Job) -> Result<(), Violation> {
    let same_round = job.round == last.round;
    hold!(EndsAreFinal, job.round >= last.round, "the round fell: {last:?} then {job:?}");
    hold!(CountsAddUpAndNeverFall, job.processed_items >= last.processed_items, "processed fell: {last:?} then {job:?}");
    hold!(CountsAddUpAndNeverFall, !same_round || job.failed_items >= last.failed_items, "failed fell: {last:?} then {job:?}");
    hold!(
        CountsAddUpAndNeverFall,
        job.total_items >= last.total_items || !last.sealed && job.sealed,
        "the total fell: {last:?} then {job:?}"
    );
    hold!(
        EndsAreFinal,
        !last.sealed || (job.sealed, job.parts, job.total_items) == (true, last.parts, last.total_items),
        "the seal changed: {last:?} then {job:?}"
    );
    let ended_before = same_round && last.is_terminal();
    let end = |job: &Job| (job.status, job.completed_at, job.expires_at, job.error_message.clone());
    hold!(EndsAreFinal, !ended_before || end(job) == end(last), "an end changed: {last:?} then {job:?}");
    let may_leave = same_round || matches!(last.status, JobStatus::Completed | JobStatus::Failed) || !last.is_terminal();
    hold!(EndsAreFinal, may_leave, "a cancelled job went on: {last:?} then {job:?}");
    hold!(
        EndsAreFinal,
        job.status != JobStatus::Pending || last.status == JobStatus::Pending,
        "it is pending again: {last:?} then {job:?}"
    );
    Ok(())
}
