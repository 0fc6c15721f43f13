//! `submit`: sends a file of any size as the parts of a job, seals the job, and follows it to its end.
//!
//! The whole file is checked before a job is started. Everything after that can be repeated: the job is started with an
//! idempotency key, parts are cut the same way every time and the server compares those that it has, and `--continue`
//! continues in another process.

mod body;
mod canary;
mod dry_run;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use clap::{Args, ValueEnum};
use headway_core::limits::ITEMS_PER_CHUNK_MAX;
use reqwest::header::HeaderValue;
use uuid::Uuid;

use self::body::JobOptions;
use self::canary::{Canary, Trial};
use crate::bar::Bar;
use crate::client::{Client, ClientError, Patience};
use crate::context::Context;
use crate::error::{CommandError, Stopped};
use crate::exit::Exit;
use crate::follow::{self, Follower};
use crate::input::{Delimiter, Format, NamedEncoding, Opened, Source};
use crate::job::Told;
use crate::out::{OutError, printable};
use crate::part_there::PartThere;
use crate::processor::ProcessorView;
use crate::sent_rows::SentRows;
use crate::survey::{Ask, Survey};
use crate::upload::Upload;

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
    /// Read and check the whole file, let the server check all options, say what would be made, and make nothing
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

/// A file that was read, and the request that starts a job with it.
struct Prepared {
    opened: Opened,
    survey: Survey,
    items_per_chunk_max: u16,
    cuts: BTreeSet<u64>,
    body: Bytes,
}

/// A job that exists, and what to send to it.
struct Started {
    told: Told,
    opened: Opened,
    survey: Survey,
    items_per_chunk_max: u16,
    cuts: BTreeSet<u64>,
    /// Of how many items the outcome is awaited before the rest is sent.
    first: Option<u64>,
    /// True if this run started the job.
    is_new: bool,
}

impl Submit {
    /// Submits the file.
    ///
    /// # Errors
    ///
    /// As for [`Client::call`], errors of the file, or [`Stopped`] after Ctrl-C.
    pub async fn run(self, context: &Context) -> Result<Exit, CommandError> {
        let source = Source::of(&self.file, self.format, self.delimiter, self.encoding).map_err(CommandError::Usage)?;
        self.check_continuing()?;
        if self.dry_run {
            return self.plan(context, &source).await;
        }
        self.canary.check(context)?;
        let client = context.client()?;
        let mut bar = Bar::new(context.out);
        let started = follow::or_interrupt(self.start(context, &client, &source, &mut bar), before_start).await;
        if started.is_err() {
            bar.clear();
        }
        let started = started?;
        let (id, opened) = (started.told.view.id.clone(), started.opened.clone());
        // If the reader of stdout has ended, the submission continues. Any other error is reported at the end.
        let mut printed = if context.out.json { Ok(()) } else { bar.aside(|| context.out.line(&printable(&id))) };
        let sent = self.send(context, &client, started, &mut bar).await;
        if sent.is_err() || self.detach {
            bar.clear();
        }
        let told = sent?;
        if self.detach && (told.view.sealed || !told.view.status.is_terminal()) {
            return printed_or(self.detached(context, &told, printed), Exit::Ok);
        }
        let told = follow::to_end(context, &client, &id, &mut bar, |_| Ok(())).await?;
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

    async fn start(&self, context: &Context, client: &Client, source: &Source, bar: &mut Bar) -> Result<Started, CommandError> {
        match self.continue_id {
            Some(id) => self.start_again(context, client, &id.to_string(), source, bar).await,
            None => self.start_new(context, client, source, bar).await,
        }
    }

    /// Reads the file and makes the body that starts a job.
    async fn prepare(&self, context: &Context, client: &Client, source: &Source, bar: &mut Bar) -> Result<Prepared, CommandError> {
        self.job.check(self.idempotency_key.is_some())?;
        let processor = ProcessorView::find(client, self.job.processor.as_deref().unwrap_or_default()).await?;
        let items_per_chunk_max = self.items_per_chunk_max(processor.as_ref());
        let cuts: BTreeSet<u64> = self.canary.first.into_iter().collect();
        let (id_field, digest) = (self.job.id_field.clone(), self.idempotency_key.is_some());
        let ask = Ask { id_field, digest, cuts: cuts.clone(), ..Ask::of(items_per_chunk_max) };
        let (opened, survey) = self.check(context, source, ask, bar).await?;
        let text = source.reading.format == Format::Csv && processor.is_some_and(|processor| processor.reads_text());
        let body = self.job.body(&survey, text)?;
        Ok(Prepared { opened, survey, items_per_chunk_max, cuts, body })
    }

    async fn start_new(&self, context: &Context, client: &Client, source: &Source, bar: &mut Bar) -> Result<Started, CommandError> {
        let Prepared { opened, survey, items_per_chunk_max, cuts, body } = self.prepare(context, client, source, bar).await?;
        let first = self.canary.of(survey.items);
        // With a key made here, the call is safe to repeat if its answer is lost.
        let key = match &self.idempotency_key {
            Some(key) => key.clone(),
            None => HeaderValue::try_from(Uuid::new_v4().to_string()).map_err(anyhow::Error::from)?,
        };
        let call = client.post(&["jobs"]).json(body).patience(Patience::FIRST_CALL);
        let told = client.job(&call.header(body::IDEMPOTENCY_KEY, key)).await?;
        let is_from_before = told.view.sealed || told.view.total_items > 0;
        // No item has been sent yet, so what the options mean is said before anything runs.
        let note = match self.job.tolerance_note() {
            _ if is_from_before => Some("this job was started before with the same key, file and options"),
            note => note.filter(|_| survey.items > 0),
        };
        bar.aside(|| note.into_iter().for_each(|note| context.out.note(note)));
        Ok(Started { told, opened, survey, items_per_chunk_max, cuts, first, is_new: self.idempotency_key.is_none() })
    }

    async fn start_again(
        &self,
        context: &Context,
        client: &Client,
        id: &str,
        source: &Source,
        bar: &mut Bar,
    ) -> Result<Started, CommandError> {
        let told = client.job(&client.get(&["jobs", id]).patience(Patience::FIRST_CALL)).await?;
        let processor = &told.view.processor;
        if self.job.processor.as_ref().is_some_and(|asked| asked != processor) {
            let what = format!("job {id} was started with --processor {processor}: leave the option out, or start a new job");
            return Err(CommandError::Usage(what));
        }
        let items_per_chunk_max = self.items_per_chunk_max(ProcessorView::find(client, processor).await?.as_ref());
        // Parts end where those end that the job has, however these were cut: a trial's are short.
        let there = PartThere::of_job(client, id).await?;
        let sent = there.iter().map(PartThere::end).max().unwrap_or_default();
        let asks = self.canary.first.filter(|first| sent <= *first);
        let cuts: BTreeSet<u64> = there.iter().flat_map(|part| [part.first_index, part.end()]).chain(asks).collect();
        let (opened, survey) = self.check(context, source, Ask { cuts: cuts.clone(), ..Ask::of(items_per_chunk_max) }, bar).await?;
        let first = asks.and(self.canary.of(survey.items));
        if first.is_none() && self.canary.first.is_some() {
            bar.aside(|| context.out.note("nothing is asked: there is no rest, or some of it was sent before"));
        }
        Ok(Started { told, opened, survey, items_per_chunk_max, cuts, first, is_new: false })
    }

    /// The number of items in a chunk, as the server will cut them: from the option, else the processor's number.
    fn items_per_chunk_max(&self, processor: Option<&ProcessorView>) -> u16 {
        let usual = || processor.and_then(|processor| processor.chunk_size);
        self.job.chunk_size.or_else(usual).unwrap_or(ITEMS_PER_CHUNK_MAX as u16)
    }

    /// Reads the whole file, so that an error in it does not leave half a job behind.
    async fn check(&self, context: &Context, source: &Source, ask: Ask, bar: &mut Bar) -> Result<(Opened, Survey), CommandError> {
        bar.say("checking the file");
        let (opened, survey) = Survey::of(source, ask).await?;
        let note = match survey.skipped_rows {
            0 if survey.items == 0 => "the file has no items".to_owned(),
            0 => return Ok((opened, survey)),
            1 => "1 row is empty in every column and was skipped".to_owned(),
            n => format!("{n} rows are empty in every column and were skipped"),
        };
        bar.aside(|| context.out.note(&note));
        Ok((opened, survey))
    }

    /// Sends everything and seals the job. Ctrl-C and errors say how to continue. If the job ends meanwhile, that is
    /// not an error here: following it shows the end.
    async fn send(&self, context: &Context, client: &Arc<Client>, started: Started, bar: &mut Bar) -> Result<Told, CommandError> {
        let Started { told, opened, survey, items_per_chunk_max, cuts, first, is_new } = started;
        let id = told.view.id.clone();
        let (client, survey, sent_rows) = (Arc::clone(client), Arc::new(survey), Arc::new(SentRows::of(&id)));
        let upload = Upload { client, job_id: id.clone(), opened, survey, items_per_chunk_max, cuts, sent_rows };
        let client = &upload.client;
        let ways_on = || follow::ways_on(context, &id, Some(self.continuing(context, &id)));
        let (arrived, all) = (Cell::new(0), upload.survey.items);
        let was_sealed = told.view.sealed;
        let stopped = || {
            let stopped = follow::interrupted(&id, ways_on());
            if was_sealed { stopped } else { Stopped { what: self.unsent(&id, arrived.get(), all), ..stopped } }
        };
        let has_ended = told.view.status.is_terminal();
        let sending = async {
            let told = match first.filter(|_| !told.view.sealed && !has_ended) {
                Some(first) if is_new || is_trial_open(&upload, first).await? => {
                    match self.canary.try_first(context, &upload, first, &arrived, bar, ways_on()).await? {
                        Trial::GoOn => told,
                        Trial::Ended(told) => return Ok(*told),
                    }
                }
                _ => told,
            };
            upload_all(&upload, told, is_new, &arrived, bar).await
        };
        match follow::or_interrupt(sending, stopped).await {
            Err(error) if error.is_problem("job-ended") => Ok(client.job(&client.get(&["jobs", &id]).patience(Patience::LONG)).await?),
            Err(error) if is_new && error.is_refusal() && withdraw(client, &id).await => {
                upload.sent_rows.forget();
                Err(error)
            }
            Err(error) if has_ended && error.is_refusal() => Err(error),
            // The same file would be refused again.
            Err(error) if error.is_refusal() => Err(error.unfinished(&id, follow::ways_on(context, &id, None))),
            sent => sent.map_err(|error| error.unfinished(&id, ways_on())),
        }
    }

    /// The message when Ctrl-C stops the sending of items.
    fn unsent(&self, id: &str, sent: u64, all: u64) -> String {
        let again = if self.file.as_os_str() == "-" { ", and give it the same input again" } else { "" };
        format!("interrupted; {sent} of {all} items were sent to job {id}: send the rest within 24 hours with the `continue:` line{again}")
    }

    fn detached(&self, context: &Context, told: &Told, printed: Result<(), OutError>) -> Result<(), OutError> {
        let printed = if context.out.json { context.out.json_line(&told.body) } else { printed };
        let (id, items) = (&told.view.id, told.view.total_items);
        context.out.note(&format!("{items} items sent; follow them with: {}", context.command(&["watch", id])));
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
    fn say_unsent(&self, context: &Context, told: &Told) {
        context.out.note(&format!("  it ended while its items were being sent: {} had arrived", told.view.total_items));
        if told.view.status == headway_core::JobStatus::Failed {
            let again = self.continuing(context, &told.view.id);
            context.out.note(&format!("  to send the rest, after the retry: {again}"));
        }
    }
}

/// Uploads and seals, and shows the job's progress meanwhile.
async fn upload_all(upload: &Upload, told: Told, is_new: bool, arrived: &Cell<u64>, bar: &mut Bar) -> Result<Told, CommandError> {
    let uploading = async {
        if told.view.sealed && told.view.total_items != upload.survey.items {
            let (there, here) = (told.view.total_items, upload.survey.items);
            return Err(CommandError::Differs(format!(
                "all {there} items of the job have been sent, but the file has {here}: it is a different file"
            )));
        }
        if told.view.sealed && upload.survey.sha256.is_some() {
            // The key is for exactly these items, and all of them have arrived.
            return Ok(told);
        }
        if !is_new {
            upload.check_places().await?;
        }
        upload.send(upload.survey.parts.len(), |items| arrived.set(items)).await?;
        if told.view.sealed {
            upload.sent_rows.complete();
            return Ok(told);
        }
        Ok(upload.seal().await?)
    };
    let mut follower = Follower::new(&upload.client, &upload.job_id);
    let showing = async {
        // Without an answer there is nothing to show. The upload finds out itself whether that matters.
        while let Ok((told, _)) = follow::telling(&upload.client, bar, follower.next()).await {
            bar.show(&told.view, Some(arrived.get()), upload.client.held_up_by().as_deref());
        }
        std::future::pending().await
    };
    tokio::select! {
        sealed = uploading => sealed,
        never = showing => never,
    }
}

/// True if nothing after the first items was sent before, so that the question is still open.
async fn is_trial_open(upload: &Upload, first: u64) -> Result<bool, CommandError> {
    Ok(upload.check_places().await?.iter().all(|part| part.end() <= first))
}

/// Deletes a job that accepted no items, so that a refused submission leaves no job behind. False if the job has items
/// or cannot be deleted.
async fn withdraw(client: &Client, id: &str) -> bool {
    let taking_back = async {
        if client.job(&client.get(&["jobs", id])).await?.view.total_items > 0 {
            return Ok(false);
        }
        client.call(&client.post(&["jobs", id, "cancel"])).await?;
        client.call(&client.request(reqwest::Method::DELETE, &["jobs", id], &[])).await?;
        Ok::<bool, ClientError>(true)
    };
    taking_back.await.unwrap_or(false)
}

/// Shows the line of the item whose index is in `errorMessage`.
fn say_line(context: &Context, told: &Told, opened: &Opened) {
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
    Stopped { exit: Exit::Interrupted, what: "interrupted; no item had been sent".to_owned(), job_id: None, advice: Vec::new() }
}
