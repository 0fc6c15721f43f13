//! Follows a job by asking as often as the server says, and tells how it ended.

use std::future::Future;
use std::time::Duration;

use headway_core::JobStatus;
use reqwest::StatusCode;
use reqwest::header::{ETAG, HeaderValue, IF_NONE_MATCH};

use crate::bar::Bar;
use crate::client::{Call, Client, ClientError, Patience};
use crate::context::Context;
use crate::error::{CommandError, Stopped};
use crate::exit::Exit;
use crate::job::{JobView, Told};

/// When a live job's answer does not say how long to wait.
const PAUSE_DEFAULT: Duration = Duration::from_secs(1);
/// However short the server asks for: as the first wait of a call that is repeated.
const PAUSE_MIN: Duration = Duration::from_millis(200);

/// Asks for a job's state again and again.
pub struct Follower<'a> {
    client: &'a Client,
    call: Call,
    etag: Option<HeaderValue>,
    pause: Duration,
    last: Option<Told>,
}

impl<'a> Follower<'a> {
    /// Asks at once, then as the server says.
    #[must_use]
    pub fn new(client: &'a Client, job_id: &str) -> Follower<'a> {
        let call = client.get(&["jobs", job_id]);
        Follower { client, call, etag: None, pause: Duration::ZERO, last: None }
    }

    /// Waits as long as it was asked to, then asks. The first question is not patient: a wrong address shows at once.
    /// Gives the job, and whether its answer is another than the last.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn next(&mut self) -> Result<(&Told, bool), ClientError> {
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
                (Told { view: answer.json()?, body: answer.body }, changed)
            }
        };
        Ok((self.last.insert(told), changed))
    }
}

/// Follows a job until it has ended and its numbers no longer change, drawing the bar. Ctrl-C and errors say how to go on; neither touches the job.
///
/// # Errors
/// As [`Client::call`], or [`Stopped`] after Ctrl-C.
pub async fn to_end(
    context: &Context,
    client: &Client,
    job_id: &str,
    bar: &mut Bar,
    mut on_change: impl FnMut(&Told) -> Result<(), CommandError>,
) -> Result<Told, CommandError> {
    let mut follower = Follower::new(client, job_id);
    let following = async {
        loop {
            let (told, changed) = follower.next().await?;
            bar.show(&told.view, None);
            if changed {
                on_change(told)?;
            }
            if told.view.is_settled() {
                return Ok(told.clone());
            }
        }
    };
    let ended = or_interrupt(following, || interrupted(job_id, ways_on(context, job_id, None))).await;
    bar.clear();
    ended.map_err(|error| error.unfinished(job_id, ways_on(context, job_id, None)))
}

/// Tells how a followed job ended, where to look next, and what to exit with.
#[must_use]
pub fn ending(context: &Context, job: &JobView) -> Exit {
    let (style, exit) = match job.status {
        JobStatus::Completed => (console::Style::new().green(), Exit::Ok),
        JobStatus::Cancelled => (console::Style::new().yellow(), Exit::JobCancelled),
        _ => (console::Style::new().red(), Exit::JobFailed),
    };
    let status = style.bold().for_stderr().apply_to(job.status.as_str());
    context.out.note(&format!("{status}: {}", job.counts()));
    if let Some(message) = &job.error_message {
        context.out.note(&format!("  {}", crate::out::printable(message)));
    }
    if job.failed_items > 0 {
        context.out.note(&format!("  what failed and why: {}", context.command(&["failures", &job.id])));
    }
    if job.status == JobStatus::Failed {
        context.out.note(&format!("  once that is mended:  {}", context.command(&["retry", &job.id])));
    }
    exit
}

/// Runs `work` unless Ctrl-C comes first.
///
/// # Errors
/// Of the work, or [`Stopped`].
pub async fn or_interrupt<T>(
    work: impl Future<Output = Result<T, CommandError>>,
    stopped: impl FnOnce() -> Stopped,
) -> Result<T, CommandError> {
    tokio::select! {
        done = work => done,
        signal = tokio::signal::ctrl_c() => {
            signal.map_err(anyhow::Error::from)?;
            Err(stopped().into())
        }
    }
}

/// What Ctrl-C leaves behind.
#[must_use]
pub fn interrupted(job_id: &str, advice: Vec<String>) -> Stopped {
    let what = format!("interrupted; job {job_id} goes on without us");
    Stopped { exit: Exit::Interrupted, what, job_id: Some(job_id.to_owned()), advice }
}

/// How to watch, continue and cancel a job. `go_on` is the command that sends the rest, if not all has been sent.
#[must_use]
pub fn ways_on(context: &Context, job_id: &str, go_on: Option<String>) -> Vec<String> {
    let watch = format!("watch:    {}", context.command(&["watch", job_id]));
    let go_on = go_on.map(|command| format!("continue: {command}"));
    let cancel = format!("cancel:   {}", context.command(&["cancel", job_id]));
    [Some(watch), go_on, Some(cancel)].into_iter().flatten().collect()
}
