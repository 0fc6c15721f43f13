//! Why a command did not do what was asked. [`crate::report`] says what each kind leads to.

use crate::client::ClientError;
use crate::exit::Exit;
use crate::input::InputError;
use crate::out::OutError;

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The command was called wrongly, in a way that the argument parser could not see.
    #[error("{0}")]
    Usage(String),
    /// A call to the server failed.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A file of items cannot be read.
    #[error(transparent)]
    Input(#[from] InputError),
    /// One job cannot hold the file.
    #[error("{0}")]
    TooMuch(String),
    /// The file is not the one that the job was begun with.
    #[error("{0}")]
    Differs(String),
    /// stdout cannot be written.
    #[error(transparent)]
    Output(#[from] OutError),
    /// The command stopped following a job, which goes on without it.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// Something failed when there was a job already: it says how to go on.
    #[error("{cause}")]
    Unfinished {
        /// The job.
        job_id: String,
        /// What can be done next, a line each.
        advice: Vec<String>,
        /// What happened.
        cause: Box<CommandError>,
    },
    /// Anything else.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

/// The command stopped before its end: Ctrl-C, or `--timeout`.
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

impl CommandError {
    /// The error with the job that it leaves behind. An error that says so already, or that the job is gone, stays as it is.
    #[must_use]
    pub fn unfinished(self, job_id: &str, advice: Vec<String>) -> CommandError {
        let gone = matches!(&self, CommandError::Client(error) if error.status() == Some(404));
        if gone || self.reader_left() || matches!(self, CommandError::Stopped(_) | CommandError::Unfinished { .. }) {
            return self;
        }
        CommandError::Unfinished { job_id: job_id.to_owned(), advice, cause: Box::new(self) }
    }

    /// Whether stdout's reader left, as in `headway failures … | head`: it had enough, and that is no error.
    #[must_use]
    pub fn reader_left(&self) -> bool {
        matches!(self, CommandError::Output(error) if error.reader_left())
    }

    /// Whether the file was refused for what it holds, so that sending it again is no use.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            CommandError::Client(error) => matches!(error.status(), Some(400 | 413 | 422)),
            CommandError::Differs(_) | CommandError::TooMuch(_) | CommandError::Input(_) => true,
            _ => false,
        }
    }

    /// Whether the server answered with `urn:headway:problem:<short>`.
    #[must_use]
    pub fn is_problem(&self, short: &str) -> bool {
        matches!(self, CommandError::Client(error) if error.is_problem(short))
    }
}
