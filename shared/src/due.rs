//! Asking workers to tell a round's start or end: by a message, as soon as a notice is due. The job's row says what is due, so
//! a message may be lost or come twice: the sweep sends another one for a notice that is overdue.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::app::App;
use crate::chunk::Message;
use crate::error::{JobError, error_chain};
use crate::job::{Job, NoticeState, RoundNotice};
use crate::limits::QUEUE_DELAY_MAX;
use crate::queue::Outgoing;

/// A notice is overdue this long after its time. Then its message counts as lost.
pub const OVERDUE_AFTER: TimeDelta = TimeDelta::minutes(5);

/// How long after a retry what is due is asked for: by then the message of an end just before it has been worked on.
const AFTER_A_RETRY: Duration = Duration::from_secs(2);

/// Asks a worker to tell the end of the round that the job is in, if nobody has tried to yet. If the queue does not answer, the
/// sweep asks again later: a job must not fail because of its notices.
pub(crate) async fn announce_end(app: &App, job: &Job) {
    let is_new = |notice: &&RoundNotice| notice.round == job.round && notice.tries == 0 && notice.kind.is_end();
    let asked = job.due_notices().iter().filter(is_new).map(|notice| tell(job, notice)).collect();
    send_or_leave(app, job, asked, Duration::ZERO).await;
}

/// Asks a worker to tell that the job has started, if nobody has tried to yet.
pub(crate) async fn announce_start(app: &App, job: &Job) {
    let is_new = |notice: &&RoundNotice| notice.round == job.round && notice.tries == 0 && !notice.kind.is_end();
    let asked = job.due_notices().iter().filter(is_new).map(|notice| tell(job, notice)).collect();
    send_or_leave(app, job, asked, Duration::ZERO).await;
}

/// Asks workers to tell that a retry has started a round, and whatever nobody has tried to tell yet of the rounds before: whoever
/// ended the last one may have died before it asked.
pub(crate) async fn announce_retry(app: &App, job: &Job) {
    let asked = job.due_notices().iter().filter(|notice| notice.tries == 0).map(|notice| tell(job, notice)).collect();
    send_or_leave(app, job, asked, AFTER_A_RETRY).await;
}

async fn send_or_leave(app: &App, job: &Job, asked: Vec<Message>, delay: Duration) {
    if asked.is_empty() {
        return;
    }
    let outgoing =
        asked.into_iter().map(|message| Ok(Outgoing { body: message.into_wire()?, delay })).collect::<Result<Vec<_>, JobError>>();
    let sent = match outgoing {
        Ok(outgoing) => app.queue.send(&job.user_id, outgoing).await,
        Err(error) => Err(error),
    };
    if let Err(error) = sent {
        tracing::warn!(job_id = %job.id, error = error_chain(&error), "notices are left to the sweep");
    }
}

fn tell(job: &Job, notice: &RoundNotice) -> Message {
    Message::Tell { job: job.id, round: notice.round, what: notice.kind, tries: notice.tries }
}

/// Sends the message that makes a worker tell a notice, after this time. For a longer time than the queue can delay a
/// message, a worker sends it on.
///
/// # Errors
///
/// [`JobError::Unavailable`].
pub(crate) async fn ask(app: &App, job: &Job, notice: &RoundNotice, wait: Duration) -> Result<(), JobError> {
    let outgoing = Outgoing { body: tell(job, notice).into_wire()?, delay: wait.min(QUEUE_DELAY_MAX) };
    app.queue.send(&job.user_id, vec![outgoing]).await
}

/// For the sweep: asks again for notices of the job, as it was read, that are overdue, and gives up all of a job that has
/// expired. Returns how many notices it asked for.
///
/// # Errors
///
/// [`JobError::Unavailable`]: it is safe to repeat.
pub(crate) async fn ask_for_overdue(app: &App, job: &Job, now: DateTime<Utc>) -> Result<usize, JobError> {
    let due = job.due_notices();
    if due.is_empty() {
        return Ok(0);
    }
    let (mut notices, mut asked) = (job.notices.clone(), 0);
    for notice in due {
        if job.is_gone(now) {
            notices = notices.with(RoundNotice { state: NoticeState::GivenUp, next_at: now, ..notice });
        } else if notice.next_at + OVERDUE_AFTER <= now {
            ask(app, job, &notice, Duration::ZERO).await?;
            // Overdue again only after the same time.
            notices = notices.with(RoundNotice { next_at: now, ..notice });
            asked += 1;
        }
    }
    if notices != job.notices || (job.is_terminal() && job.reconciled) {
        // Refused if the notices have changed since, and then the row was moved by that change.
        app.jobs.update_status(job.id, &job.note(notices)).await?;
    }
    Ok(asked)
}
