//! Tells that a round of a job has started or ended: to an endpoint, or by an event on a bus. The job's row says what is due and
//! when; the message only makes a worker look. A try is recorded after its answer, so a worker that dies in between repeats it,
//! with the same id.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::asked_for::NoticeId;
use super::delivery::Invocation;
use super::worker::Worker;
use crate::due::ask;
use crate::error::JobError;
use crate::job::{Job, NoticeState, RoundNotice, SendResult};
use crate::ledger::Written;
use crate::limits::{DEADLINE_MARGIN, LEASE, NOTICE_TIMEOUT};
use crate::notice::Notice;
use crate::rest::come_to_rest;
use crate::time::{Instant, timeout};

/// The longest wait of a notice for a place. It costs no try.
const PLACE_WAIT_MAX: Duration = Duration::from_secs(5);
/// So much of the time for a notice may pass before it is sent. After more than that it is sent another time.
const PREPARED_WITHIN: Duration = Duration::from_secs(1);
/// How often in a row the result of a try may not be recorded because others write the row too.
const TRIES_MAX: usize = 50;

/// What became of an attempt to tell.
enum Attempt {
    /// The notice is no longer due.
    NotDue,
    /// The job was not at rest in time: so little time was left that the endpoint could not have answered, or the process was told to
    /// stop. It costs no try.
    TooLate,
    Made(SendResult),
}

impl Worker {
    /// Does what the message asks for: this is to be told, and so many tries to do so had failed.
    pub(super) async fn notify(&self, id: NoticeId, tries: u32, invocation: Invocation) -> Result<(), JobError> {
        let Some((job, notice)) = self.patiently(invocation, || self.due(id)).await? else { return Ok(()) };
        if tries < notice.tries {
            // Whoever recorded a later try had sent a message for it before.
            return Ok(());
        }
        let wait = notice.next_at - self.app.clock.now();
        if let Ok(wait) = wait.to_std()
            && !wait.is_zero()
        {
            return self.patiently(invocation, || ask(&self.app, &job, &notice, wait)).await;
        }
        let limit = limit(invocation);
        let in_time = !self.threads.is_stopping() && (limit == NOTICE_TIMEOUT || (invocation.is_fresh(Instant::now()) && !limit.is_zero()));
        let endpoint = job.labels.callback.as_deref().filter(|_| notice.kind.is_callback());
        let Some(_place) = self.notice_places.take(job.user_id.as_str(), notice.kind.target(), endpoint).filter(|_| in_time) else {
            return self.later(&job, &notice, invocation).await;
        };
        let least = limit.saturating_sub(PREPARED_WITHIN);
        let told = match self.patiently(invocation, || self.tell(&job, &notice, least, invocation)).await? {
            Attempt::NotDue => return Ok(()),
            Attempt::TooLate => return self.later(&job, &notice, invocation).await,
            Attempt::Made(told) => told,
        };
        let next = notice.after(&told, self.app.clock.now());
        log(&job, &next, &told);
        self.patiently(invocation, || self.record_told(&job, &next)).await
    }

    /// Leaves the notice for another message soon. It costs no try.
    async fn later(&self, job: &Job, notice: &RoundNotice, invocation: Invocation) -> Result<(), JobError> {
        let wait = Duration::from_secs(1) + PLACE_WAIT_MAX.mul_f64(self.fraction());
        self.patiently(invocation, || ask(&self.app, job, notice, wait)).await
    }

    /// The job's row and the notice, if it is due now or later.
    async fn due(&self, (id, round, kind): NoticeId) -> Result<Option<(Job, RoundNotice)>, JobError> {
        let job = self.app.ledger.job(id).await?.filter(|job| !job.is_gone(self.app.clock.now()));
        Ok(job.and_then(|job| job.due_notice(round, kind).map(|notice| (job, notice))))
    }

    /// Sends the notice once, if the endpoint has at least that much time to answer.
    async fn tell(&self, job: &Job, notice: &RoundNotice, least: Duration, invocation: Invocation) -> Result<Attempt, JobError> {
        let id = (job.id, notice.round, notice.kind);
        if notice.kind.is_end() && notice.end.is_none() {
            come_to_rest(&self.app, job).await?;
        }
        let Some((row, _)) = self.due(id).await? else { return Ok(Attempt::NotDue) };
        let counted = if notice.end.is_some() { Some(row) } else { self.app.jobs.exact(row).await? };
        // Reading the counts may take long, and nothing may be told of a job that was deleted meanwhile.
        let read = Instant::now();
        let Some(((_, due), counted)) = self.due(id).await?.zip(counted) else { return Ok(Attempt::NotDue) };
        if read.elapsed() > LEASE {
            return Err(JobError::unavailable("the table", "the job was read too long ago to tell of it"));
        }
        let limit = limit(invocation);
        if limit < least || self.threads.is_stopping() {
            return Ok(Attempt::TooLate);
        }
        let sent = timeout(limit, self.app.notices.send(&notice_of(counted, &due))).await;
        Ok(Attempt::Made(sent.unwrap_or_else(|_| SendResult::Failed("no answer in time".to_owned()))))
    }

    /// Records what became of a try. A message for the next one is sent first: if this process dies in between, both are
    /// done again.
    async fn record_told(&self, job: &Job, next: &RoundNotice) -> Result<(), JobError> {
        if next.state == NoticeState::Waiting {
            let wait = (next.next_at - self.app.clock.now()).to_std().unwrap_or_default();
            ask(&self.app, job, next, wait).await?;
        }
        let mut row = self.app.ledger.job(job.id).await?;
        for _ in 0..TRIES_MAX {
            let Some((job, known)) = row.and_then(|job| job.due_notice(next.round, next.kind).map(|known| (job, known))) else {
                return Ok(());
            };
            if next.state == NoticeState::Waiting && known.tries >= next.tries {
                return Ok(());
            }
            let next = RoundNotice { end: known.end, ..next.clone() };
            match self.app.jobs.update_status(job.id, &job.note(job.notices.with(next))).await? {
                Written::Applied(_) | Written::Gone => return Ok(()),
                Written::Refused(job) => row = Some(job),
            }
        }
        Err(JobError::unavailable("the table: recording a notice", "others kept writing the job at the same time"))
    }
}

/// How long the endpoint may take: in any case no longer than this invocation lasts.
fn limit(invocation: Invocation) -> Duration {
    invocation.deadline.saturating_duration_since(Instant::now() + DEADLINE_MARGIN).min(NOTICE_TIMEOUT)
}

/// What is told.
fn notice_of(job: Job, due: &RoundNotice) -> Notice {
    let job = job.at_the_end(due);
    let started_at = due.started_at.or(job.started_at).unwrap_or(job.created_at);
    let ended_at = job.completed_at.unwrap_or(job.updated_at);
    let timestamp: DateTime<Utc> = if due.kind.is_end() { ended_at } else { started_at };
    let endpoint = job.labels.callback.clone().filter(|_| due.kind.is_callback());
    Notice { kind: due.kind, endpoint, id: due.kind.id(job.id, due.round), timestamp, job }
}

fn log(job: &Job, next: &RoundNotice, told: &SendResult) {
    let (kind, endpoint) = (next.kind.as_str(), job.labels.callback.as_deref().filter(|_| next.kind.is_callback()));
    let (round, tries, state) = (next.round, next.tries, next.state.as_str());
    match told {
        SendResult::Delivered => tracing::info!(job_id = %job.id, kind, endpoint, round, "delivered a notice"),
        SendResult::Refused => tracing::warn!(job_id = %job.id, kind, endpoint, round, "the endpoint wants no notices of ends"),
        SendResult::Failed(reason) => {
            tracing::warn!(job_id = %job.id, kind, endpoint, round, tries, state, reason, "a notice was not delivered");
        }
    }
}
