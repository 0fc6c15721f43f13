//! What the process ends with: exit codes, and errors as a person or a program reads them.
//!
//! The codes are a contract, so that a script can tell a failed job from a server that was not reached.

use std::io::Write;
use std::process::ExitCode;

use crate::cli::{self, Globals};
use crate::client::ClientError;
use crate::context::Context;
use crate::problem::Problem;

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// What was asked for was done.
    Ok = 0,
    /// Any error without a code of its own.
    Error = 1,
    /// The command was called wrongly.
    Usage = 2,
    /// The server was not reached.
    Unreachable = 3,
    /// 401 or 403.
    Denied = 4,
    /// The job that was followed ended as `Failed`.
    JobFailed = 5,
    /// The job that was followed ended as `Cancelled`.
    JobCancelled = 6,
    /// `--timeout` passed.
    Timeout = 124,
    /// Ctrl-C.
    Interrupted = 130,
}

/// A mistake in how the command was called that the argument parser could not see.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// The command stopped following a job, which goes on without it.
#[derive(Debug, thiserror::Error)]
#[error("{what}{}", .advice.iter().map(|line| format!("\n  {line}")).collect::<String>())]
pub struct Stopped {
    /// [`Exit::Timeout`] or [`Exit::Interrupted`].
    pub exit: Exit,
    /// What happened, in one sentence.
    pub what: String,
    /// The job, if there is one by now.
    pub job_id: Option<String>,
    /// What can be done next, a line each.
    pub advice: Vec<String>,
}

/// An error that came when there was a job already: it says how to go on, and is otherwise its cause.
#[derive(Debug, thiserror::Error)]
#[error("{cause:#}")]
pub struct Unfinished {
    /// The job.
    pub job_id: String,
    /// What can be done next, a line each.
    pub advice: Vec<String>,
    /// What happened.
    pub cause: anyhow::Error,
}

impl Unfinished {
    /// The error with the job it left behind; what says so already stays as it is.
    #[must_use]
    pub fn wrap(cause: anyhow::Error, job_id: &str, advice: Vec<String>) -> anyhow::Error {
        let gone = cause.downcast_ref::<ClientError>().is_some_and(|error| error.status() == Some(404));
        if gone || cause.is::<Stopped>() || cause.is::<Unfinished>() || reader_left(&cause) {
            return cause;
        }
        Unfinished { job_id: job_id.to_owned(), advice, cause }.into()
    }
}

/// Parses the command line, runs it on a runtime of its own, and reports.
#[must_use]
pub fn main() -> ExitCode {
    let (globals, command) = match cli::parse() {
        Ok(cli) => (cli.globals, cli.command),
        Err(exit) => return ExitCode::from(exit as u8),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&error.into(), &globals),
    };
    let context = Context::new(globals.clone());
    let ended = runtime.block_on(command.run(&context));
    // A read of stdin or a token command may never return: it must not hold up the end.
    runtime.shutdown_background();
    match ended {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(error) => report(&error, &globals),
    }
}

/// The exit code that an error stands for.
#[must_use]
pub fn code(error: &anyhow::Error) -> Exit {
    if let Some(stopped) = error.downcast_ref::<Stopped>() {
        return stopped.exit;
    }
    if let Some(unfinished) = error.downcast_ref::<Unfinished>() {
        return code(&unfinished.cause);
    }
    if error.downcast_ref::<UsageError>().is_some() {
        return Exit::Usage;
    }
    match error.downcast_ref::<ClientError>() {
        Some(ClientError::Unreachable { .. }) => Exit::Unreachable,
        Some(ClientError::Refused(refusal)) if matches!(refusal.status, 401 | 403) => Exit::Denied,
        Some(ClientError::Address(_) | ClientError::PlainHttp { .. }) => Exit::Usage,
        _ => Exit::Error,
    }
}

fn report(error: &anyhow::Error, globals: &Globals) -> ExitCode {
    if reader_left(error) {
        return ExitCode::SUCCESS;
    }
    let exit = code(error);
    let text = if globals.json { Problem::of(error).line() } else { human(error) };
    // Nothing is left to do if even stderr is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
    ExitCode::from(exit as u8)
}

/// `headway failures … | head` closes our stdout: it had enough, and that is no error.
fn reader_left(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<crate::out::OutError>().is_some_and(|out| out.0.kind() == std::io::ErrorKind::BrokenPipe))
}

fn human(error: &anyhow::Error) -> String {
    if let Some(stopped) = error.downcast_ref::<Stopped>() {
        return stopped.to_string();
    }
    if let Some(Unfinished { job_id, advice, cause }) = error.downcast_ref() {
        let lines = advice.iter().fold(format!("job {job_id} is still there"), |all, line| format!("{all}\n  {line}"));
        return format!("{}\n{lines}", human(cause));
    }
    let label = console::style("error:").red().bold().for_stderr();
    let text = format!("{label} {}", crate::out::printable(&format!("{error:#}")));
    let advice = error.downcast_ref::<ClientError>().map(ClientError::advice).unwrap_or_default();
    advice.iter().fold(text, |all, line| format!("{all}\n  {}", crate::out::printable(line)))
}
