//! The first items of a file, tried before the rest is sent.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Write as _};
use std::os::fd::AsFd as _;

use clap::Args;
use headway_core::{JobStatus, ToleratedFailures, counted, counted_are};

use super::body::Tolerance;
use crate::bar::Bar;
use crate::client::{ClientError, Patience};
use crate::context::Context;
use crate::error::{CommandError, Stopped};
use crate::failure_groups::FailureGroups;
use crate::follow::{self, Follower};
use crate::job::{FetchedJob, JobView};
use crate::number;
use crate::upload::Upload;

/// The options of a trial.
#[derive(Debug, Args)]
pub(super) struct Canary {
    /// Try the first N items: send them, wait until they are processed, show the failures in groups, and send the rest
    /// only if you answer yes. The answer no cancels the job
    #[arg(long = "canary", value_name = "N", value_parser = number::at_least(1_u64))]
    pub(super) first: Option<u64>,
    /// Do not ask after --canary: send the rest if at most this many of its items failed, a number or a percentage like
    /// 1%, otherwise cancel the job
    #[arg(long, value_name = "N|P%", value_parser = Tolerance::parse, requires = "first")]
    yes_if: Option<Tolerance>,
}

/// How a trial came out.
pub(super) enum Trial {
    /// The rest is sent.
    GoOn,
    /// The job is cancelled.
    No,
    /// The job has ended.
    Ended(Box<FetchedJob>),
}

impl Canary {
    /// Refuses `--canary` if the question after it could not be asked.
    pub(super) fn check(&self, context: &Context) -> Result<(), CommandError> {
        if self.first.is_none() || self.yes_if.is_some() {
            return Ok(());
        }
        let why = match context.out.json || context.out.quiet {
            true => "with --json or --quiet it cannot ask",
            false if !io::stderr().is_terminal() || terminal().is_err() => "there is no terminal to ask on",
            false => return Ok(()),
        };
        Err(CommandError::Usage(format!("--canary asks before the rest is sent, and {why}: give --yes-if, for example --yes-if 1%")))
    }

    /// The number of items to try, if there is a rest after them.
    pub(super) fn of(&self, items: u64) -> Option<u64> {
        self.first.filter(|first| *first < items)
    }

    /// The values of the two options, for another command line.
    pub(super) fn words(&self) -> [Option<String>; 2] {
        [self.first.map(|first| first.to_string()), self.yes_if.map(|yes_if| yes_if.to_string())]
    }

    /// Sends the first items, waits for their outcome, and decides about the rest.
    pub(super) async fn try_first(
        &self,
        context: &Context,
        upload: &Upload,
        first: u64,
        arrived: &Cell<u64>,
        bar: &mut Bar,
        next_commands: Vec<String>,
    ) -> Result<Trial, CommandError> {
        bar.say("trying the first items");
        let parts = (0..).zip(&upload.survey.parts).take_while(|(_, part)| part.first_index < first).map(|(number, _)| number);
        upload.send(parts.collect(), |items| arrived.set(items)).await?;
        let told = handled(upload, first, bar).await?;
        let shown = outcome(context, upload, &told.view, first).await?;
        bar.aside(|| context.out.notes(&shown));
        if told.view.status.is_terminal() {
            return Ok(Trial::Ended(Box::new(told)));
        }
        let rest = upload.survey.items - first;
        let is_yes = match self.yes_if {
            Some(limit) => !is_exceeded(limit, told.view.failed_items, first),
            None => {
                // A bar that moves would be drawn over the question.
                bar.clear();
                let answer = ask(rest).await?;
                *bar = Bar::new(context.out);
                answer.ok_or_else(|| unanswered(&upload.job_id, next_commands))?
            }
        };
        Ok(if is_yes { Trial::GoOn } else { Trial::No })
    }

    /// Cancels the job, since its rest is not wanted.
    pub(super) async fn cancel(&self, context: &Context, upload: &Upload, bar: &mut Bar) -> Result<FetchedJob, CommandError> {
        let id = &upload.job_id;
        let cancel = upload.client.post(&["jobs", id, "cancel"]).patience(Patience::LONG);
        let told = follow::act(context, &upload.client, ("cancel", id), upload.client.job(&cancel)).await?;
        let rest = upload.survey.items - self.first.unwrap_or_default();
        bar.aside(|| context.out.note(&format!("the other {} not sent, and the job is cancelled", counted_are(rest, "item"))));
        Ok(told)
    }
}

/// Waits until the first items are handled, or the job has ended and its numbers no longer change.
async fn handled(upload: &Upload, first: u64, bar: &mut Bar) -> Result<FetchedJob, CommandError> {
    let mut follower = Follower::new(&upload.client, &upload.job_id);
    loop {
        let (told, _) = follow::wait_showing_retries(&upload.client, bar, follower.next()).await?;
        bar.show(&told.view, None, upload.client.held_up_by().as_deref());
        let job = &told.view;
        if job.is_settled() || (!job.status.is_terminal() && job.processed_items + job.failed_items >= first) {
            return Ok(told.clone());
        }
    }
}

/// How the first items came out, with the failures in groups.
async fn outcome(context: &Context, upload: &Upload, job: &JobView, first: u64) -> Result<String, CommandError> {
    let counts = format!("of the first {}: {}", counted(first, "item"), job.counts());
    if job.failed_items == 0 || job.status == JobStatus::Cancelled {
        return Ok(counts);
    }
    let call = upload.client.get(&["jobs", &job.id, "failures", "groups"]).patience(Patience::LONG);
    let groups: FailureGroups = upload.client.call(&call).await?.json().map_err(ClientError::Answer)?;
    let lacks = groups.lacks(&job.id).map(|lacks| format!("\n{lacks}")).unwrap_or_default();
    Ok(format!("{counts}\n{}{lacks}", groups.table(context.out.columns())))
}

fn is_exceeded(limit: Tolerance, failed: u64, of: u64) -> bool {
    let limit = match limit {
        Tolerance::Count(count) => ToleratedFailures::Count(count),
        Tolerance::Percentage(percentage) => ToleratedFailures::Percentage { percentage, minimum_sample: None },
    };
    limit.exceeded(failed, of, Some(of))
}

/// Asks on the terminal until the answer is yes or no. `None` if there is none: a terminal that is closed has not said
/// no. Writing to it and reading from it fail, or it is at its end.
async fn ask(rest: u64) -> Result<Option<bool>, anyhow::Error> {
    loop {
        let _ = write!(io::stderr(), "Send the other {}? y (yes), or n (no: the job is cancelled): ", counted(rest, "item"));
        let line = tokio::task::spawn_blocking(read_line).await?.unwrap_or_default();
        match line.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => return Ok(Some(true)),
            "n" | "no" => return Ok(Some(false)),
            _ if line.is_empty() => return Ok(None),
            _ => {}
        }
    }
}

fn unanswered(job_id: &str, advice: Vec<String>) -> Stopped {
    let what = format!("no answer; the first items were sent to job {job_id}, and the `continue:` line asks again within 24 hours");
    Stopped::interrupted(what, Some(job_id), advice)
}

fn read_line() -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(terminal()?).read_line(&mut line)?;
    Ok(line)
}

/// stdin, if that is a terminal; otherwise the process's own terminal, since stdin may be the file of items.
fn terminal() -> io::Result<File> {
    let stdin = io::stdin();
    if stdin.is_terminal() { stdin.as_fd().try_clone_to_owned().map(File::from) } else { File::open("/dev/tty") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_a_yes_is_exact() {
        let exceeded = |limit: &str, failed, of| is_exceeded(Tolerance::parse(limit).unwrap(), failed, of);
        for (limit, failed, of, no) in [
            ("0", 0, 100, false),
            ("0", 1, 100, true),
            ("3", 3, 100, false),
            ("1%", 1, 100, false),
            ("1%", 2, 100, true),
            ("1%", 1, 99, true),
        ] {
            assert_eq!(exceeded(limit, failed, of), no, "{limit} of {of}: {failed}");
        }
    }
}
