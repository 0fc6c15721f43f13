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

/// How long after an end a worker that meets the ended job asks for its notice: by then whoever ended the job has asked, and the
/// notice was told when the job had come to rest.
const AFTER_AN_END: Duration = Duration::from_secs(10);

/// Asks a worker to tell the end of the round that the job is in, if nobody has tried to yet. If the queue does not answer, the
/// sweep asks again later: a job must not fail because of its notices.
pub(crate) async fn ask_to_tell_end(app: &App, job: &Job) {
    ask_for_untried(app, job, Duration::ZERO, |notice| notice.round == job.round && notice.kind.is_end()).await;
}

/// Asks a worker to tell that the job has started, if nobody has tried to yet.
pub(crate) async fn ask_to_tell_start(app: &App, job: &Job) {
    ask_for_untried(app, job, Duration::ZERO, |notice| notice.round == job.round && !notice.kind.is_end()).await;
}

/// Asks workers to tell that a retry has started a round, and whatever nobody has tried to tell yet of the rounds before: whoever
/// ended the last one may have died before it asked.
pub(crate) async fn ask_to_tell_retry(app: &App, job: &Job) {
    ask_for_untried(app, job, AFTER_A_RETRY, |_| true).await;
}

/// Asks workers to tell these notices, of a job that a worker has met while nobody had tried to tell them. At once if the message
/// was received before: then whoever received it first may have made them due, and died before it asked. Returns true if the queue
/// has accepted that.
pub(crate) async fn ask_to_tell_untried(app: &App, job: &Job, untried: &[RoundNotice], was_received_before: bool) -> bool {
    let wait = if was_received_before { Duration::ZERO } else { AFTER_AN_END };
    send_or_warn(app, job, untried, wait).await
}

/// The due notices that nobody has tried to tell yet.
pub(crate) fn untried(job: &Job) -> impl Iterator<Item = RoundNotice> {
    job.due_notices().into_iter().filter(|notice| notice.tries == 0)
}

/// Asks for those of the due notices that nobody has tried to tell yet, after `wait`.
async fn ask_for_untried(app: &App, job: &Job, wait: Duration, is_asked: impl Fn(&RoundNotice) -> bool) {
    let untried: Vec<_> = untried(job).filter(is_asked).collect();
    send_or_warn(app, job, &untried, wait).await;
}

async fn send_or_warn(app: &App, job: &Job, notices: &[RoundNotice], wait: Duration) -> bool {
    if notices.is_empty() {
        return true;
    }
    let sent = send(app, job, notices, wait).await;
    if let Err(error) = &sent {
        tracing::warn!(job_id = %job.id, error = error_chain(error), "notices are left to the sweep");
    }
    sent.is_ok()
}

async fn send(app: &App, job: &Job, notices: &[RoundNotice], delay: Duration) -> Result<(), JobError> {
    let tell = |notice: &RoundNotice| {
        let message = Message::Tell { job: job.id, round: notice.round, what: notice.kind, tries: notice.tries };
        Ok(Outgoing { body: message.into_wire()?, delay })
    };
    let outgoing = notices.iter().map(tell).collect::<Result<Vec<_>, JobError>>()?;
    app.queue.send(&job.user_id, outgoing).await
}

/// Sends the message that makes a worker tell a notice, after this time. For a longer time than the queue can delay a
/// message, a worker sends it on.
///
/// # Errors
///
/// [`JobError::Unavailable`].
pub(crate) async fn ask(app: &App, job: &Job, notice: &RoundNotice, wait: Duration) -> Result<(), JobError> {
    send(app, job, std::slice::from_ref(notice), wait.min(QUEUE_DELAY_MAX)).await
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
