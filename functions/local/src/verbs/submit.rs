//! `submit`: sends a file of any size as the parts of a job, seals the job, and follows it to its end.
//!
//! The whole file is checked before a job is started. Everything after that can be repeated: the job is started with an
//! idempotency key, parts are cut the same way every time and the server compares those that it has, and `--continue`
//! continues in another process.

mod body;
mod canary;
mod dry_run;
mod first_items;
mod params;
mod sending;
mod starting;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use headway_core::{JobStatus, counted};
use reqwest::header::HeaderValue;
use uuid::Uuid;

use self::body::JobOptions;
use self::canary::Canary;
use crate::bar::Bar;
use crate::context::Context;
use crate::error::{CommandError, Stopped};
use crate::exit::Exit;
use crate::follow::{self, Seen};
use crate::input::{Delimiter, Format, NamedEncoding, Opened, Source};
use crate::job::FetchedJob;
use crate::out::OutError;

/// What may be left if there was no answer to the request that creates a job.
const MAY_EXIST: &str = "the job may exist, without items";

/// What to submit, and how.
#[derive(Debug, Args)]
pub struct Submit {
    /// The file of items, `-` for stdin
    file: PathBuf,
    /// The file's format [default: by its extension]
    #[arg(long)]
    format: Option<Format>,
    /// The delimiter of CSV: one character, or tab [default: ,]
    #[arg(long, value_name = "C", value_parser = Delimiter::parse)]
    delimiter: Option<Delimiter>,
    /// The file's encoding, such as windows-1252 [default: UTF-8, or UTF-16 if it begins with a byte-order mark]
    #[arg(long, value_name = "NAME", value_parser = NamedEncoding::parse)]
    encoding: Option<NamedEncoding>,
    #[command(flatten)]
    job: JobOptions,
    #[command(flatten)]
    canary: Canary,
    /// If the same file was submitted before with the same key and options, continue with that job instead of starting
    /// another; a different file or option is refused
    #[arg(long, value_name = "KEY", value_parser = body::idempotency_key)]
    idempotency_key: Option<HeaderValue>,
    /// Read and check the whole file, let the server check all options, and print which job it would create, but create none
    #[arg(long, conflicts_with_all = ["continue_id", "detach"])]
    dry_run: bool,
    /// Return when everything is sent, without following the job
    #[arg(long)]
    detach: bool,
    /// Send the missing items of a job whose submission was interrupted. Give the same FILE, --format, --delimiter,
    /// --encoding and --chunk-size as at first; all other options of the job stay as they are. Items that differ from
    /// those sent are refused. With --canary it asks again, if nothing after the first N items was sent
    #[arg(long = "continue", value_name = "ID")]
    continue_id: Option<Uuid>,
}

impl Submit {
    /// Submits the file.
    ///
    /// # Errors
    ///
    /// As for [`Client::call`](crate::client::Client::call), errors of the file, or [`Stopped`] after Ctrl-C.
    pub async fn run(self, context: &Context) -> Result<Exit, CommandError> {
        let source = Source::of(&self.file, self.format, self.delimiter, self.encoding).map_err(CommandError::Usage)?;
        self.check_continuing()?;
        if self.dry_run {
            return self.plan(context, &source).await;
        }
        self.canary.check(context)?;
        let client = context.client()?;
        let mut bar = Bar::new(context.out);
        let started = self.start(context, &client, &source, &mut bar).await;
        if started.is_err() {
            bar.clear();
        }
        let started = started?;
        let (id, opened) = (started.told.view.id.clone(), started.opened.clone());
        let had_ended = started.told.view.status.is_terminal();
        // If the reader of stdout has ended, the submission continues. Any other error is reported at the end.
        let mut printed = if context.out.json { Ok(()) } else { bar.aside(|| context.out.line(&id)) };
        let sent = self.send(context, &client, started, &mut bar).await;
        if sent.is_err() || self.detach {
            bar.clear();
        }
        let told = sent?;
        if self.detach && !had_ended && (told.view.sealed || !told.view.status.is_terminal()) {
            return printed_or(self.detached(context, &told, printed), Exit::Ok);
        }
        if had_ended {
            bar.aside(|| context.out.note(&self.nothing_is_sent(told.view.status)));
        }
        let told = follow::to_end(context, &client, &id, &mut bar, &Seen::new(Some(told.view)), |_| Ok(())).await?;
        if context.out.json {
            printed = context.out.json_line(&told.body);
        }
        let exit = follow::ending(context, &told.view);
        say_line(context, &told, &opened);
        if !told.view.sealed {
            self.say_unsent(context, &told);
        }
        printed_or(printed, exit)
    }

    /// Refuses options that only a new job can have, if `--continue` is given.
    fn check_continuing(&self) -> Result<(), CommandError> {
        let mut given = self.job.of_start();
        given.extend(self.idempotency_key.is_some().then_some("--idempotency-key"));
        if self.continue_id.is_none() || given.is_empty() {
            return Ok(());
        }
        let (given, them) = (given.join(", "), if given.len() == 1 { "it" } else { "them" });
        Err(CommandError::Usage(format!(
            "with --continue a job keeps the options that it was started with, so {given} has no effect: leave {them} out, or start a new job"
        )))
    }

    /// The message when Ctrl-C stops the sending of items. What is under way may arrive, the seal too.
    fn unsent(&self, id: &str, arrived: u64, all: u64) -> String {
        let again = if self.file.as_os_str() == "-" { ", and give it the same input again" } else { "" };
        if arrived == all {
            return format!(
                "interrupted; all {all} items were sent to job {id}, and the `continue:` line makes it complete if it is not{again}"
            );
        }
        format!(
            "interrupted; at least {arrived} of {all} items were sent to job {id}: send the rest within 24 hours with the `continue:` \
             line{again}"
        )
    }

    /// The error if Ctrl-C was pressed while the job was being created, and the server did not answer.
    fn uncreated(&self, context: &Context) -> Stopped {
        let what = format!("interrupted before the server answered: {MAY_EXIST}");
        Stopped::interrupted(what, None, self.finding(context))
    }

    /// How to find a job that may have been created.
    fn finding(&self, context: &Context) -> Vec<String> {
        let again = self.idempotency_key.as_ref().map(|_| "continue: the same command finds the job by its --idempotency-key".to_owned());
        let list = format!("list:     {}", context.command(&["list"]));
        let cancel = format!("cancel:   {}, with an id from the list", context.command(&["cancel"]));
        again.into_iter().chain([list, cancel]).collect()
    }

    /// Says that the job had ended before this command found it.
    fn nothing_is_sent(&self, status: JobStatus) -> String {
        let instead = match (&self.idempotency_key, status) {
            (Some(_), JobStatus::Failed) => ": retry that job, or give another --idempotency-key for a new one",
            (Some(_), _) => ": give another --idempotency-key for a new job",
            (None, JobStatus::Failed) => ": retry it first",
            (None, _) => "",
        };
        format!("the job has ended as {} before, so nothing is sent{instead}", status.as_str())
    }

    fn detached(&self, context: &Context, told: &FetchedJob, printed: Result<(), OutError>) -> Result<(), OutError> {
        let printed = if context.out.json { context.out.json_line(&told.body) } else { printed };
        let (id, items) = (&told.view.id, told.view.total_items);
        context.out.note(&format!("{} sent; follow with: {}", counted(items, "item"), context.command(&["watch", id])));
        printed
    }

    /// The command that sends the rest, cut in the same way.
    fn continuing(&self, context: &Context, id: &str) -> String {
        let (file, size) = (self.file.to_string_lossy(), self.job.chunk_size.map(|size| size.to_string()));
        let format = self.format.and_then(|format| Some(format.to_possible_value()?.get_name().to_owned()));
        let delimiter = self.delimiter.map(|delimiter| delimiter.to_string());
        let encoding = self.encoding.map(|encoding| encoding.to_string());
        let [first, yes_if] = self.canary.words();
        let options = [
            ("--format", format),
            ("--delimiter", delimiter),
            ("--encoding", encoding),
            ("--chunk-size", size),
            ("--canary", first),
            ("--yes-if", yes_if),
        ];
        let mut words = vec!["submit", &*file];
        words.extend(options.iter().flat_map(|(name, value)| value.iter().flat_map(|value| [*name, value.as_str()])));
        words.extend(["--continue", id]);
        context.command(&words)
    }

    /// Says that a job failed or was cancelled before its whole file was sent.
    fn say_unsent(&self, context: &Context, told: &FetchedJob) {
        context.out.note(&format!("  it ended while its items were being sent: {} had arrived", told.view.total_items));
        if told.view.status == JobStatus::Failed {
            let again = self.continuing(context, &told.view.id);
            context.out.note(&format!("  to send the rest, after the retry: {again}"));
        }
    }
}

/// Shows the line of the item whose index is in `errorMessage`.
fn say_line(context: &Context, told: &FetchedJob, opened: &Opened) {
    let index = told.view.error_message.as_deref().and_then(|message| message.strip_prefix("item ")?.split_once(':')?.0.parse().ok());
    if let Some(place) = index.and_then(|index| opened.place_of(index).ok().flatten()) {
        context.out.note(&format!("  that item is on line {} of {}", place.line, opened.name()));
    }
}

/// The job's exit code comes before an error of stdout. If the reader has ended, that is not an error.
fn printed_or(printed: Result<(), OutError>, exit: Exit) -> Result<Exit, CommandError> {
    match printed {
        Err(error) if exit == Exit::Ok && !error.reader_left() => Err(error.into()),
        _ => Ok(exit),
    }
}

fn before_start() -> Stopped {
    Stopped::interrupted("interrupted; no item had been sent", None, Vec::new())
}
