//! Follows a job by polling as often as the server says, and reports how it ended.

use std::future::Future;
use std::time::Duration;

use headway_core::JobStatus;
use reqwest::StatusCode;
use reqwest::header::{ETAG, HeaderValue, IF_NONE_MATCH};
use tokio::sync::watch;

use crate::bar::Bar;
use crate::client::{Call, Client, ClientError, Patience};
use crate::context::Context;
use crate::error::{CommandError, Stopped};
use crate::exit::Exit;
use crate::interrupt;
use crate::job::{FetchedJob, JobView};

/// The pause if the server's answer does not name one.
const PAUSE_DEFAULT: Duration = Duration::from_secs(1);
/// How often to look whether a call has to be repeated.
const SHOW_RETRIES_EVERY: Duration = Duration::from_secs(1);
/// The shortest pause, whatever the server asks for.
const PAUSE_MIN: Duration = Duration::from_millis(200);

/// Polls a job's state.
pub struct Follower<'a> {
    client: &'a Client,
    call: Call,
    etag: Option<HeaderValue>,
    pause: Duration,
    last: Option<FetchedJob>,
}

impl<'a> Follower<'a> {
    /// Polls at once, then as often as the server says.
    #[must_use]
    pub fn new(client: &'a Client, job_id: &str) -> Follower<'a> {
        let call = client.get(&["jobs", job_id]);
        Follower { client, call, etag: None, pause: Duration::ZERO, last: None }
    }

    /// Waits as long as the server asked, then polls. The first poll is not repeated for long, so that a wrong address
    /// shows at once. Returns the job, and whether it has changed since the last poll.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn next(&mut self) -> Result<(&FetchedJob, bool), ClientError> {
        tokio::time::sleep(self.pause).await;
        let mut call = self.call.clone().patience(if self.last.is_some() { Patience::LONG } else { Patience::FIRST_CALL });
        if let Some(etag) = &self.etag {
            call = call.header(IF_NONE_MATCH, etag.clone());
        }
        let answer = self.client.call(&call).await?;
        self.pause = answer.retry_after().unwrap_or(PAUSE_DEFAULT).max(PAUSE_MIN);
        let known = self.last.take();
        let (told, changed) = match known {
            Some(told) if answer.status == StatusCode::NOT_MODIFIED => (told, false),
            known => {
                let changed = known.is_none_or(|known| known.body != answer.body);
                self.etag = answer.headers.get(ETAG).cloned();
                (Client::job_in(&self.call, answer)?, changed)
            }
        };
        Ok((self.last.insert(told), changed))
    }
}

/// How a job was last seen, if it was seen at all.
pub type Seen = watch::Sender<Option<JobView>>;

/// Follows a job until it has ended and its numbers no longer change, and draws the bar. After Ctrl-C or an error it
/// says how to continue. The job is not affected by either. `seen` is told how the job looks.
///
/// # Errors
///
/// As [`Client::call`], or [`Stopped`] after Ctrl-C.
pub async fn to_end(
    context: &Context,
    client: &Client,
    job_id: &str,
    bar: &mut Bar,
    seen: &Seen,
    mut on_change: impl FnMut(&FetchedJob) -> Result<(), CommandError>,
) -> Result<FetchedJob, CommandError> {
    let mut follower = Follower::new(client, job_id);
    let following = async {
        loop {
            let (told, changed) = wait_showing_retries(client, bar, follower.next()).await?;
            bar.show(&told.view, None, client.held_up_by().as_deref());
            if changed {
                seen.send_replace(Some(told.view.clone()));
                on_change(told)?;
            }
            if told.view.is_settled() {
                return Ok(told.clone());
            }
        }
    };
    let interrupted = || {
        let what = format!("interrupted; job {job_id} {}", goes_on(seen.borrow().as_ref()));
        Stopped::interrupted(what, Some(job_id), next_commands(context, job_id, seen.borrow().as_ref(), None))
    };
    let ended = or_interrupt(following, interrupted).await;
    bar.clear();
    ended.map_err(|error| error.unfinished(job_id, next_commands(context, job_id, seen.borrow().as_ref(), None)))
}

/// What a job does that is no longer followed: `continues without this command`.
#[must_use]
pub fn goes_on(seen: Option<&JobView>) -> &'static str {
    match seen {
        Some(job) if job.status.is_terminal() => "has ended, and its last numbers are not in yet",
        Some(job) if job.paused => "is paused",
        Some(job) if !job.sealed => "continues without this command, and ends once all of its items have been sent",
        _ => "continues without this command",
    }
}

/// Waits for an answer, and shows why it has not come if calls have to be repeated.
pub async fn wait_showing_retries<T>(client: &Client, bar: &mut Bar, answer: impl Future<Output = T>) -> T {
    tokio::pin!(answer);
    loop {
        tokio::select! {
            answered = &mut answer => return answered,
            () = tokio::time::sleep(SHOW_RETRIES_EVERY) => {
                if let Some(why) = client.held_up_by() {
                    bar.say(&why);
                }
            }
        }
    }
}

/// Reports how a job ended and what to look at next. Returns the exit code.
#[must_use]
pub fn ending(context: &Context, job: &JobView) -> Exit {
    let (style, exit) = match job.status {
        JobStatus::Completed => (console::Style::new().green(), Exit::Ok),
        JobStatus::Cancelled => (console::Style::new().yellow(), Exit::JobCancelled),
        _ => (console::Style::new().red(), Exit::JobFailed),
    };
    let status = style.bold().for_stderr().apply_to(job.status.as_str());
    context.out.marked_note(&status, &format!(": {}", job.counts()));
    if let Some(message) = &job.error_message {
        context.out.note(&format!("  {message}"));
    }
    if job.failed_items > 0 {
        let mut failures = vec!["failures", &job.id];
        failures.extend(job.may_be_anothers().then_some("--groups"));
        context.out.note(&format!("  which items failed, and why: {}", context.command(&failures)));
    }
    if job.failed_items > 0 && job.can("retry") {
        let (table, retry) = (["failures", &job.id, "--columns", "items"], ["retry", &job.id, "--with", "bad.csv"]);
        context.out.note(&format!("  to correct the items first:  {} > bad.csv", context.command(&table)));
        context.out.note(&format!("                               change cells of bad.csv, then {}", context.command(&retry)));
    }
    if job.status == JobStatus::Failed && job.can("retry") {
        context.out.note(&format!("  after correcting the cause:  {}", context.command(&["retry", &job.id])));
    }
    exit
}

/// Runs `work` until it ends or Ctrl-C is pressed.
///
/// # Errors
///
/// An error of `work`, or [`Stopped`].
pub async fn or_interrupt<T>(
    work: impl Future<Output = Result<T, CommandError>>,
    stopped: impl FnOnce() -> Stopped,
) -> Result<T, CommandError> {
    tokio::select! {
        // Ctrl-C is listened to before anything is done that somebody could wait for.
        biased;
        signal = interrupt::pressed() => {
            signal.map_err(anyhow::Error::from)?;
            Err(stopped().into())
        }
        done = work => done,
    }
}

/// Makes a call that changes something. After Ctrl-C the answer to a request under way is still waited for, some seconds or until Ctrl-C is
/// pressed again: only the answer tells what has been done. `stopped` is told whether there was such a request.
///
/// # Errors
///
/// An error of the call, or [`Stopped`] if there was no answer.
pub async fn or_unanswered<T>(
    client: &Client,
    call: impl Future<Output = Result<T, ClientError>>,
    stopped: impl FnOnce(bool) -> Stopped,
) -> Result<T, CommandError> {
    let given_up = async {
        interrupt::pressed().await?;
        if client.has_asked() { interrupt::given_up().await } else { Ok(()) }
    };
    tokio::select! {
        biased;
        signal = given_up => {
            signal.map_err(anyhow::Error::from)?;
            Err(stopped(client.has_asked()).into())
        }
        done = call => Ok(done?),
    }
}

/// Makes the call `verb` about a job, as [`or_unanswered`].
///
/// # Errors
///
/// The same.
pub async fn act<T>(
    context: &Context,
    client: &Client,
    (verb, job_id): (&str, &str),
    call: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, CommandError> {
    let done = or_unanswered(client, call, |has_asked| unanswered(context, verb, job_id, has_asked)).await;
    done.map_err(|error| error.perhaps_done(Some(job_id), perhaps_done(verb, job_id), vec![status_line(context, job_id)]))
}

fn perhaps_done(verb: &str, job_id: &str) -> String {
    format!("`{verb}` of job {job_id} may have been done, or not")
}

fn status_line(context: &Context, job_id: &str) -> String {
    format!("status:   {}", context.command(&["status", job_id]))
}

/// The error after Ctrl-C during a call `verb` about the job.
fn unanswered(context: &Context, verb: &str, job_id: &str, has_asked: bool) -> Stopped {
    let what = match has_asked {
        true => format!("interrupted before the server answered: {}", perhaps_done(verb, job_id)),
        false => format!("interrupted; `{verb}` of job {job_id} has not been requested"),
    };
    let advice = has_asked.then(|| status_line(context, job_id));
    Stopped::interrupted(what, Some(job_id), advice.into_iter().collect())
}

/// How to watch, continue, resume and cancel a job: what its caller may do with it as it was seen last. `go_on` is the command that
/// sends the rest, if not everything was sent.
#[must_use]
pub fn next_commands(context: &Context, job_id: &str, seen: Option<&JobView>, go_on: Option<String>) -> Vec<String> {
    let line = |verb: &str| format!("{:<9} {}", format!("{verb}:"), context.command(&[verb, job_id]));
    let resume = seen.is_some_and(|job| job.paused && job.can("resume"));
    let cancel = seen.is_none_or(|job| job.can("cancel"));
    let go_on = go_on.map(|command| format!("continue: {command}"));
    [Some(line("watch")), go_on, resume.then(|| line("resume")), cancel.then(|| line("cancel"))].into_iter().flatten().collect()
}
