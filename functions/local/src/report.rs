//! How an error is reported: one table of exit code, problem (for programs) and text (for people).

use std::io::IsTerminal as _;

use headway_core::error_chain;

use crate::client::{ClientError, Refusal};
use crate::error::{CommandError, Stopped};
use crate::exit::Exit;
use crate::input::InputError;
use crate::out::{printable, printable_lines, visible};
use crate::problem::Problem;

/// How an error is reported.
#[derive(Debug)]
pub struct Report {
    /// The exit code.
    pub exit: Exit,
    /// What `--json` prints.
    pub problem: Problem,
    /// What a person reads.
    pub words: String,
}

impl Report {
    /// The report of an error.
    #[must_use]
    pub fn of(error: &CommandError) -> Report {
        match error {
            CommandError::Stopped(stopped) => Report::stopped(stopped),
            CommandError::Unfinished { job_id, state, advice, cause } => Report::of(cause).with_job(job_id.as_deref(), state, advice),
            CommandError::Client(ClientError::Refused(refusal)) => Report::refused(error, refusal),
            CommandError::Client(ClientError::Unreachable { .. }) => {
                Report::new(Exit::Unreachable, "unreachable", "The server cannot be reached", error)
            }
            CommandError::Usage(_) | CommandError::Client(ClientError::Address(_) | ClientError::PlainHttp { .. }) => {
                Report::new(Exit::Usage, "usage", "The command was used wrongly", error)
            }
            CommandError::Input(InputError::In { name, .. }) => {
                let report = Report::new(Exit::Error, "command", "The command failed", error);
                Report { problem: Problem { instance: Some(name.clone()), ..report.problem }, ..report }
            }
            _ => Report::new(Exit::Error, "command", "The command failed", error),
        }
    }

    /// The text for stderr.
    #[must_use]
    pub fn text(&self, json: bool) -> String {
        match json {
            true if std::io::stderr().is_terminal() => visible(&self.problem.line()),
            true => self.problem.line(),
            false => self.words.clone(),
        }
    }

    fn new(exit: Exit, short: &str, title: &str, error: &CommandError) -> Report {
        let detail = error_chain(error);
        let advice = if let CommandError::Client(error) = error { error.advice() } else { Vec::new() };
        let shown = match error {
            // What is wrong with a file can be said in several lines: they are the command's own.
            CommandError::Input(_) => printable_lines(&detail),
            _ => printable(&detail),
        };
        let words = with_lines(format!("{} {shown}", error_label()), &advice);
        Report { exit, problem: Problem::new(short, title, &detail), words }
    }

    /// The server's own problem, if it sent one. A gateway's answer has none.
    fn refused(error: &CommandError, refusal: &Refusal) -> Report {
        let exit = if matches!(refusal.status, 401 | 403) { Exit::Denied } else { Exit::Error };
        let report = Report::new(exit, "http", "The server refused", error);
        let problem = match &refusal.problem {
            Some(problem) => problem.clone(),
            None => Problem { status: Some(refusal.status), ..report.problem },
        };
        Report { problem, ..report }
    }

    fn stopped(stopped: &Stopped) -> Report {
        let (short, title) = match stopped.exit {
            Exit::Timeout => ("timeout", "The job has not ended in time"),
            _ => ("interrupted", "The command was interrupted"),
        };
        let problem = Problem::new(short, title, &stopped.what).with_job(stopped.job_id.as_deref(), &stopped.advice);
        Report { exit: stopped.exit, problem, words: with_lines(printable(&stopped.what), &stopped.advice) }
    }

    fn with_job(self, job_id: Option<&str>, state: &str, advice: &[String]) -> Report {
        let words = with_lines(format!("{}\n{}", self.words, printable(state)), advice);
        Report { problem: self.problem.with_job(job_id, advice).with_state(state), words, ..self }
    }
}

/// The words, and below them these lines.
fn with_lines(words: String, lines: &[String]) -> String {
    lines.iter().fold(words, |all, line| format!("{all}\n  {}", printable(line)))
}

/// What an error begins with, in colour on a terminal.
#[must_use]
pub fn error_label() -> String {
    console::style("error:").red().bold().for_stderr().to_string()
}
