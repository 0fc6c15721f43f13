//! Why a command failed. [`crate::report`] has the exit code and the text for each kind.

use crate::client::ClientError;
use crate::exit::Exit;
use crate::input::InputError;
use crate::out::OutError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The command was used wrongly in a way that the argument parser could not see.
    #[error("{0}")]
    Usage(String),
    /// A call to the server failed.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A file of items cannot be read.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The file does not fit into one job.
    #[error("{0}")]
    TooMuch(String),
    /// The file is not the one with which the job was started.
    #[error("{0}")]
    Differs(String),
    /// stdout cannot be written.
    #[error(transparent)]
    Output(#[from] OutError),
    /// What the server answered could not be kept.
    #[error("the answers cannot be kept in {directory} until all of them have come: set TMPDIR to a directory with room for them")]
    NoRoom {
        /// The directory for temporary files.
        directory: String,
        /// The cause.
        source: std::io::Error,
    },
    /// The command stopped following a job. The job continues without it.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The command failed at a job. The error says what became of the job, and how to continue.
    #[error("{cause}")]
    Unfinished {
        /// The job's id, if it is known.
        job_id: Option<String>,
        /// What became of the job: `job 7c9e… still exists`.
        state: String,
        /// What can be done next, one line each.
        advice: Vec<String>,
        /// The error.
        cause: Box<CommandError>,
    },
    /// Anything else.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

/// The command was stopped early: by Ctrl-C, or by `--timeout`.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct Stopped {
    /// [`Exit::Timeout`] or [`Exit::Interrupted`].
    pub exit: Exit,
    /// What happened, in one sentence.
    pub what: String,
    /// The job's id, if it exists already.
    pub job_id: Option<String>,
    /// What can be done next, one line each.
    pub advice: Vec<String>,
}

impl Stopped {
    /// By Ctrl-C.
    #[must_use]
    pub fn interrupted(what: impl Into<String>, job_id: Option<&str>, advice: Vec<String>) -> Stopped {
        Stopped { exit: Exit::Interrupted, what: what.into(), job_id: job_id.map(str::to_owned), advice }
    }
}

impl CommandError {
    /// Adds the job that is left unfinished. An error that says so already, or that the job is gone, is not changed.
    #[must_use]
    pub fn unfinished(self, job_id: &str, advice: Vec<String>) -> CommandError {
        if self.is_problem("not-found") {
            return self;
        }
        self.at_job(Some(job_id), format!("job {job_id} still exists"), advice)
    }

    /// Adds that the job, to which nothing had been sent, was deleted.
    #[must_use]
    pub fn deleted(self, job_id: &str) -> CommandError {
        self.at_job(Some(job_id), format!("job {job_id} is deleted: none of its items had arrived"), Vec::new())
    }

    /// Adds that the job, to which nothing had been sent, was cancelled and could not be deleted.
    #[must_use]
    pub fn cancelled(self, job_id: &str, advice: Vec<String>) -> CommandError {
        self.at_job(Some(job_id), format!("job {job_id} is cancelled, and could not be deleted: none of its items had arrived"), advice)
    }

    /// Adds what may have been done although there was no answer that says so. An answer that says that nothing was done is not changed.
    #[must_use]
    pub fn perhaps_done(self, job_id: Option<&str>, state: String, advice: Vec<String>) -> CommandError {
        match &self {
            CommandError::Client(error) if error.may_have_been_done() => self.at_job(job_id, state, advice),
            _ => self,
        }
    }

    fn at_job(self, job_id: Option<&str>, state: String, advice: Vec<String>) -> CommandError {
        if self.reader_left() || matches!(self, CommandError::Stopped(_) | CommandError::Unfinished { .. }) {
            return self;
        }
        CommandError::Unfinished { job_id: job_id.map(str::to_owned), state, advice, cause: Box::new(self) }
    }

    /// True if the reader of stdout has gone away, as in `headway failures … | head`. That is not an error.
    #[must_use]
    pub fn reader_left(&self) -> bool {
        matches!(self, CommandError::Output(error) if error.reader_left())
    }

    /// True if the file was refused for its content, so that sending it again is useless.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            CommandError::Client(error) => matches!(error.status(), Some(400 | 413 | 422)),
            CommandError::Differs(_) | CommandError::TooMuch(_) | CommandError::Input(_) => true,
            _ => false,
        }
    }

    /// True if the server answered with `urn:headway:problem:<short>`.
    #[must_use]
    pub fn is_problem(&self, short: &str) -> bool {
        matches!(self, CommandError::Client(error) if error.is_problem(short))
    }
}
