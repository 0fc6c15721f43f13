//! Sweeping: deletes jobs past their retention, ends submissions that nobody finished, and repairs or ends jobs that no
//! longer move.
//!
//! It never decides by the index that finds candidates, only by rows that it reads consistently, and a job that makes
//! progress never meets the conditions of its writes. A job that was checked goes behind those that were not, so that
//! no number of paused or slow jobs keeps the others from being checked.

use std::ops::AddAssign;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::app::App;
use crate::counted;
use crate::due::ask_for_overdue;
use crate::end::end;
use crate::error::{JobError, error_chain};
use crate::ids::JobId;
use crate::job::{Ending, Job, JobWrite};
use crate::ledger::{Candidates, Written};
use crate::limits::{MESSAGE_KEPT_MAX, OPEN_WITHOUT_PART_MAX, PAUSED_MAX, RECONCILE_AFTER_END, ROWS_PER_READ, STANDS_STILL_AFTER};
use crate::part::Part;
use crate::settle::reconcile;
use crate::upward::{look_upward, look_upward_from_job};
use crate::work::send_revivals;

/// A job is not checked if its status changed, or it was checked, within this time.
const LOOKED_AT_AFTER: Duration = Duration::from_secs(300);
/// How many candidates are checked in one run.
const CANDIDATES_MAX: usize = 1_000;

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Swept {
    /// Jobs deleted: their retention is over, or an earlier deletion was not finished.
    pub deleted: usize,
    /// Submissions ended that nobody finished.
    pub abandoned: usize,
    /// Jobs checked: live ones, and ended ones of which something may be left.
    pub looked_at: usize,
    /// Outcomes that were recorded but not shown before.
    pub reconciled: usize,
    /// Jobs that could not be checked; the log says why.
    pub failed: usize,
    /// Parts in an earlier round or without progress, for which a worker was sent a message.
    pub revived: usize,
    /// Jobs that ended because of the sweep.
    pub ended: usize,
    /// Overdue notices of ends, for which a worker was sent another message.
    pub notices: usize,
}

impl Swept {
    /// Logs one line about a job that was changed.
    fn log(&self, id: JobId) {
        let Self { abandoned, reconciled, revived, ended, notices, .. } = *self;
        if abandoned + reconciled + revived + ended + notices > 0 {
            tracing::info!(job_id = %id, abandoned, reconciled, revived, ended, notices, "repaired a job");
        }
    }
}

impl AddAssign for Swept {
    fn add_assign(&mut self, other: Self) {
        self.deleted += other.deleted;
        self.abandoned += other.abandoned;
        self.looked_at += other.looked_at;
        self.reconciled += other.reconciled;
        self.failed += other.failed;
        self.revived += other.revived;
        self.ended += other.ended;
        self.notices += other.notices;
    }
}

/// One run, limited in size; the rest is left for the next run.
///
/// # Errors
///
/// [`JobError::Unavailable`]: what was done until then remains; the next run continues.
pub async fn sweep(app: &App) -> Result<Swept, JobError> {
    let now = app.clock.now();
    app.cupboard.drop_expired().await?;
    let mut swept = Swept { deleted: app.jobs.cleanup_old_jobs(now).await?, ..Swept::default() };
    let mut after: Option<String> = None;
    while swept.looked_at < CANDIDATES_MAX {
        let found = app.ledger.candidates(Candidates::Watched, now - LOOKED_AT_AFTER, after.as_deref(), ROWS_PER_READ).await?;
        for id in found.ids {
            let mut done = Swept::default();
            // A job that cannot be checked must not keep the others from being checked.
            if let Err(error) = look_at(app, id, now, &mut done).await {
                done.failed = 1;
                tracing::error!(job_id = %id, error = error_chain(&error), "a job could not be swept");
            }
            done.log(id);
            swept += done;
        }
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    Ok(swept)
}

async fn look_at(app: &App, id: JobId, now: DateTime<Utc>, swept: &mut Swept) -> Result<(), JobError> {
    let Some(job) = app.ledger.job(id).await? else { return Ok(()) };
    swept.notices += ask_for_overdue(app, &job, now).await?;
    let ended_lately = job.completed_at.is_some_and(|ended| ended > now - time(RECONCILE_AFTER_END));
    if (job.is_terminal() && job.reconciled) || job.deleting || ended_lately {
        return Ok(());
    }
    swept.looked_at += 1;
    let parts = app.ledger.open_parts(&job).await?;
    if let Some(ending) = overdue(&job, &parts, now) {
        let is_abandoned = matches!(ending, Ending::Abandoned { .. });
        let ended = usize::from(end(app, &job, ending).await?.is_some());
        *(if is_abandoned { &mut swept.abandoned } else { &mut swept.ended }) += ended;
        return Ok(());
    }
    swept.reconciled += show_and_look_upward(app, &job, &parts, now).await?;
    if let (true, Some(expires_at)) = (job.is_terminal(), job.expires_at) {
        // Refused if the notices have changed since: then it is checked again soon.
        let row = app.ledger.job(id).await?.filter(|row| row.round == job.round);
        if let Some(row) = row {
            app.jobs.update_status(id, &row.reconcile(expires_at)).await?;
        }
        return Ok(());
    }
    let revived =
        if job.paused { Vec::new() } else { parts.iter().filter(|part| waits(part, &job, now)).map(|part| part.number).collect() };
    let again_after = if job.paused || !revived.is_empty() { STANDS_STILL_AFTER } else { LOOKED_AT_AFTER };
    let (updated_at, revivals) = (job.updated_at, revived.len());
    send_revivals(app, &job, revived, Duration::ZERO).await?;
    swept.revived += revivals;
    look_upward_from_job(app, job).await?;
    // Refused if the job has changed since, by this or anybody else: then it is due again soon.
    let place = now + time(again_after) - time(LOOKED_AT_AFTER);
    if let Written::Refused(job) = app.jobs.update_status(id, &JobWrite::Postpone { place, updated_at }).await? {
        swept.ended += usize::from(job.is_terminal());
    }
    Ok(())
}

/// How to end a job that has waited too long for something that nothing else will end.
fn overdue(job: &Job, parts: &[Part], now: DateTime<Utc>) -> Option<Ending> {
    if !job.is_live() {
        return None;
    }
    // With its parts' counts the job also has their times.
    let exact = job.clone().count(parts);
    if !job.sealed && exact.updated_at < now - time(OPEN_WITHOUT_PART_MAX) {
        return Some(Ending::Abandoned { untouched_since: now - time(OPEN_WITHOUT_PART_MAX) });
    }
    if job.paused && job.updated_at < now - time(PAUSED_MAX) {
        return Some(Ending::Failed("it was paused for too long: retry it to continue".to_owned()));
    }
    if job.sealed && !job.paused && exact.updated_at < now - time(MESSAGE_KEPT_MAX) && parts.iter().any(|part| !part.is_full()) {
        let pending = exact.pending_items();
        let (items, were) = (counted(pending, "item"), if pending == 1 { "was" } else { "were" });
        let error = format!("{items} {were} never worked on, and the queue does not have the messages any more: submit again");
        return Some(Ending::Failed(error));
    }
    None
}

/// Shows what is recorded and not shown, where no worker can be running any more, and looks upward from every part.
/// Returns how many outcomes were shown.
async fn show_and_look_upward(app: &App, job: &Job, parts: &[Part], now: DateTime<Utc>) -> Result<usize, JobError> {
    let left_alone = |part: &Part| job.is_live() && (job.paused || part.updated_at > now - time(RECONCILE_AFTER_END));
    let mut shown_in_all = 0;
    for part in parts {
        if left_alone(part) {
            look_upward(app, part).await?;
            continue;
        }
        let (shown, part) = reconcile(app, part).await?;
        shown_in_all += shown;
        look_upward(app, &part).await?;
    }
    Ok(shown_in_all)
}

/// True if the part may have something parked: it is in an earlier round than its job, or its row was not written for
/// long.
fn waits(part: &Part, job: &Job, now: DateTime<Utc>) -> bool {
    part.round < job.round || (!part.is_full() && part.updated_at < now - time(STANDS_STILL_AFTER))
}

fn time(span: Duration) -> TimeDelta {
    TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::value::RawValue;
    use uuid::Uuid;

    use super::*;
    use crate::clock::Clock as _;
    use crate::clock::tests::HeldClock;
    use crate::ids::{ChunkId, UserId};
    use crate::job::JobStatus;
    use crate::jobs::NewJob;
    use crate::ledger::memory::MemoryLedger;
    use crate::outcome::{ItemResult, Outcome};
    use crate::part::PartWrite;
    use crate::queue::memory::MemoryQueue;

    struct World {
        app: App,
        clock: Arc<HeldClock>,
        queue: Arc<MemoryQueue>,
    }

    /// A part of one chunk, with nothing recorded.
    fn part(job: JobId, now: DateTime<Utc>) -> Part {
        Part { sent: true, ..Part::new((job, 0), 0, 3, 1, now) }
    }

    impl World {
        fn new() -> Self {
            let (clock, queue) = (Arc::new(HeldClock::default()), Arc::new(MemoryQueue::default()));
            Self { app: App::new(Arc::new(MemoryLedger::default()), queue.clone(), clock.clone()), clock, queue }
        }

        /// A sealed job of one part with one chunk, whose message no worker receives.
        async fn job(&self) -> JobId {
            let (id, now) = (JobId(Uuid::new_v4()), self.clock.now());
            let job = Job::new(id, UserId::new("u").unwrap(), 3, now);
            self.app.jobs.create(NewJob { job, params: Arc::from(RawValue::NULL.to_owned()), key: None }).await.unwrap();
            self.write(id, JobWrite::Reserve { part: 0 }).await;
            let part = part(id, now);
            self.app.ledger.put_part(&part).await.unwrap();
            self.write(id, JobWrite::Seal { parts: 1, total_items: 3, total_bytes: 3, total_chunks: 1 }).await;
            self.write(id, JobWrite::Begin).await;
            id
        }

        async fn write(&self, id: JobId, write: JobWrite) {
            assert!(matches!(self.app.jobs.update_status(id, &write).await.unwrap(), Written::Applied(_)), "{write:?}");
        }

        async fn sweep_after(&self, wait: Duration) -> Swept {
            self.clock.pass(wait);
            sweep(&self.app).await.unwrap()
        }
    }

    const DAY: Duration = Duration::from_secs(24 * 3_600);

    #[tokio::test]
    async fn many_paused_jobs_do_not_hide_one_that_no_longer_moves() {
        let world = World::new();
        for _ in 0..CANDIDATES_MAX {
            let id = world.job().await;
            world.write(id, JobWrite::Pause).await;
        }
        world.clock.pass(Duration::from_secs(60));
        world.job().await;
        assert_eq!(world.sweep_after(DAY).await.revived, 0, "the paused ones were first");
        assert_eq!(world.sweep_after(LOOKED_AT_AFTER).await.revived, 1);
    }

    #[tokio::test]
    async fn a_part_that_waits_behind_others_is_not_revived_at_every_run() {
        let world = World::new();
        world.job().await;
        let mut revived = 0;
        for _ in 0..100 {
            revived += world.sweep_after(LOOKED_AT_AFTER).await.revived;
        }
        let most = 100 * LOOKED_AT_AFTER.as_secs() / STANDS_STILL_AFTER.as_secs();
        assert!((1..=most as usize).contains(&revived) && world.queue.take().len() == revived, "{revived}");
    }

    #[tokio::test]
    async fn a_job_whose_messages_are_lost_ends_with_that_reason() {
        let world = World::new();
        let id = world.job().await;
        assert_eq!(world.sweep_after(20 * DAY).await.ended, 0, "a message may still be in the dead-letter queue");
        assert_eq!(world.sweep_after(2 * DAY).await.ended, 1);
        let job = world.app.jobs.get(id).await.unwrap().unwrap();
        let why = job.error_message.unwrap_or_default();
        assert!(job.status == JobStatus::Failed && why.starts_with("3 items were never worked on"), "{why}");
    }

    #[tokio::test]
    async fn an_interrupted_deletion_continues_in_the_next_run() {
        let world = World::new();
        let id = world.job().await;
        world.write(id, JobWrite::Cancel).await;
        world.clock.pass(31 * DAY);
        world.write(id, JobWrite::Delete { round: 1 }).await;
        assert_eq!(world.sweep_after(LOOKED_AT_AFTER).await.deleted, 1);
    }

    /// Bug found: the sweep read jobs to which nothing can have happened, or jobs whose workers were still running.
    #[tokio::test]
    async fn a_job_that_was_checked_or_ended_recently_is_not_checked() {
        let world = World::new();
        let id = world.job().await;
        let looked_at = async |wait| world.sweep_after(wait).await.looked_at;
        let moment = Duration::from_secs(1);
        assert_eq!(looked_at(LOOKED_AT_AFTER - moment).await, 0, "it has just begun");
        assert_eq!(looked_at(2 * moment).await, 1);
        assert_eq!((looked_at(moment).await, looked_at(LOOKED_AT_AFTER).await), (0, 1));
        world.write(id, JobWrite::Cancel).await;
        assert_eq!(looked_at(RECONCILE_AFTER_END - moment).await, 0, "workers may still be at it");
        assert_eq!(looked_at(2 * moment).await, 1);
        assert_eq!(looked_at(DAY).await, 0, "nothing is left of it to look at");
    }

    /// Bug found: a part whose message a worker has was treated as one with a parked message.
    #[tokio::test]
    async fn a_part_is_checked_after_six_function_timeouts_without_a_write() {
        let world = World::new();
        world.job().await;
        let minutes = async |minutes: u64| world.sweep_after(Duration::from_secs(60 * minutes)).await.revived;
        assert_eq!((minutes(94).await, minutes(6).await), (0, 1));
    }

    /// Bug found: results in the table were never counted, since the worker that recorded them had died.
    #[tokio::test]
    async fn unshown_results_are_shown_once_no_worker_can_be_running() {
        let world = World::new();
        let job = world.job().await;
        let mut outcome = Outcome::new(ChunkId { job, part: 0, chunk: 0 }, 0, 3);
        outcome.merge([(1, ItemResult::Processed(None))], 1);
        outcome.version = 1;
        assert!(world.app.ledger.put_outcome(&outcome).await.unwrap());
        assert_eq!(world.sweep_after(RECONCILE_AFTER_END - Duration::from_secs(1)).await.reconciled, 0);
        assert_eq!(world.sweep_after(2 * LOOKED_AT_AFTER).await.reconciled, 1);
        assert_eq!(world.app.jobs.get(job).await.unwrap().unwrap().processed_items, 1);
    }

    /// Bug found: all items of a job were counted, but its last worker died before it ended the job.
    #[tokio::test]
    async fn a_job_with_all_items_handled_is_ended_and_counted() {
        let world = World::new();
        let id = world.job().await;
        world.app.jobs.update_progress((id, 0), &PartWrite::Clean { chunk: 0, items: 3 }).await.unwrap();
        assert_eq!(world.sweep_after(2 * LOOKED_AT_AFTER).await.ended, 1);
        assert_eq!(world.app.jobs.get(id).await.unwrap().unwrap().status, JobStatus::Completed);
    }

    /// Bug found: a paused job that nobody resumes never ended, or one was ended while its user still decided.
    #[tokio::test]
    async fn a_job_paused_for_two_weeks_fails_and_says_what_to_do() {
        let world = World::new();
        let id = world.job().await;
        world.write(id, JobWrite::Pause).await;
        assert_eq!((world.sweep_after(13 * DAY).await.ended, world.sweep_after(2 * DAY).await.ended), (0, 1));
        let job = world.app.jobs.get(id).await.unwrap().unwrap();
        assert_eq!(
            (job.status, job.error_message.as_deref()),
            (JobStatus::Failed, Some("it was paused for too long: retry it to continue"))
        );
    }

    /// Bug found: a live job was ended too early, or by a write that does not check the time again.
    #[test]
    fn a_job_is_overdue_right_after_its_limit_and_not_before() {
        let began = DateTime::UNIX_EPOCH;
        let open = Job::new(JobId(Uuid::nil()), UserId::new("u").unwrap(), 0, began);
        let paused = Job { paused: true, sealed: true, ..open.clone() };
        let sealed = Job { sealed: true, ..open.clone() };
        let moment = TimeDelta::milliseconds(1);
        for (job, parts, most) in
            [(&open, vec![], OPEN_WITHOUT_PART_MAX), (&paused, vec![], PAUSED_MAX), (&sealed, vec![part(open.id, began)], MESSAGE_KEPT_MAX)]
        {
            assert!(overdue(job, &parts, began + time(most)).is_none(), "{most:?}");
            match overdue(job, &parts, began + time(most) + moment) {
                Some(Ending::Abandoned { untouched_since }) => assert_eq!(untouched_since, began + moment),
                Some(Ending::Failed(_)) => assert!(job.sealed),
                other => panic!("{other:?} after {most:?}"),
            }
        }
    }

    #[test]
    fn the_counts_of_runs_add_up() {
        let one = Swept { deleted: 1, abandoned: 2, looked_at: 3, reconciled: 4, failed: 5, revived: 6, ended: 7, notices: 8 };
        let mut both = one;
        both += one;
        assert_eq!(both, Swept { deleted: 2, abandoned: 4, looked_at: 6, reconciled: 8, failed: 10, revived: 12, ended: 14, notices: 16 });
    }
}
