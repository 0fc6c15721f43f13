//! `submit`: sends a file of any size as a job's parts, seals the job, and follows it to its end.
//!
//! Everything on the way can be repeated: the job is started under an idempotency key, parts are cut alike every time
//! and are the server's already if it has them, and `--continue` goes on in another process.

mod body;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use headway::limits::ITEMS_PER_CHUNK_MAX;
use reqwest::header::HeaderValue;
use uuid::Uuid;

use self::body::JobOptions;
use super::processors;
use crate::bar::Bar;
use crate::client::{Client, ClientError, Patience};
use crate::context::Context;
use crate::error::{CommandError, Stopped};
use crate::exit::Exit;
use crate::follow::{self, Follower};
use crate::input::{Format, Source};
use crate::job::Told;
use crate::survey::Survey;
use crate::upload::Upload;

/// What to submit, and how.
#[derive(Debug, Args)]
pub struct Submit {
    /// The file of items, `-` for stdin
    file: PathBuf,
    /// How the file holds its items [default: by its extension]
    #[arg(long)]
    format: Option<Format>,
    #[command(flatten)]
    job: JobOptions,
    /// Makes submitting the same file twice start one job
    #[arg(long, value_name = "KEY", value_parser = body::idempotency_key)]
    idempotency_key: Option<HeaderValue>,
    /// Return when all is sent, without following the job
    #[arg(long)]
    detach: bool,
    /// Send what is missing of a job that was cut off. The same FILE, --format and --chunk-size as at first; the job
    /// keeps everything else as it was started
    #[arg(long = "continue", value_name = "ID")]
    continue_id: Option<Uuid>,
}

/// A job that exists, and how to send to it.
struct Started {
    told: Told,
    /// What the file holds, if that could be looked at beforehand.
    survey: Option<Survey>,
    /// Whether it may hold parts already.
    maybe_parts: bool,
    items_per_chunk_max: u16,
}

impl Submit {
    /// Submits the file.
    ///
    /// # Errors
    /// As [`Client::call`], of the file, or [`Stopped`] after Ctrl-C.
    pub async fn run(self, context: &Context) -> Result<Exit, CommandError> {
        let source = Source::of(&self.file, self.format).map_err(CommandError::Usage)?;
        let client = context.client()?;
        let mut bar = Bar::new(context.out);
        let started = follow::or_interrupt(self.start(&client, &source, &mut bar), before_start).await;
        if started.is_err() {
            bar.clear();
        }
        let started = started?;
        let id = started.told.view.id.clone();
        if !context.out.json {
            bar.aside(|| context.out.line(&id))?;
        }
        let sent = self.send(context, &client, source, started, &mut bar).await;
        if sent.is_err() || self.detach {
            bar.clear();
        }
        let told = sent?;
        if self.detach {
            return detached(context, &told);
        }
        let told = follow::to_end(context, &client, &id, &mut bar, |_| Ok(())).await?;
        if context.out.json {
            context.out.json_line(&told.body)?;
        }
        let exit = follow::ending(context, &told.view);
        if !told.view.sealed {
            self.say_unsent(context, &told);
        }
        Ok(exit)
    }

    async fn start(&self, client: &Client, source: &Source, bar: &mut Bar) -> Result<Started, CommandError> {
        match self.continue_id {
            Some(id) => self.start_again(client, &id.to_string(), source, bar).await,
            None => self.start_new(client, source, bar).await,
        }
    }

    async fn start_new(&self, client: &Client, source: &Source, bar: &mut Bar) -> Result<Started, CommandError> {
        let body = self.job.body()?;
        let processor = self.job.processor.as_deref().unwrap_or_default();
        let items_per_chunk_max = self.items_per_chunk_max(client, processor).await?;
        let survey = check(source, items_per_chunk_max, bar).await?;
        // A key of our own makes it safe to ask again when the answer is lost.
        let key = match &self.idempotency_key {
            Some(key) => key.clone(),
            None => HeaderValue::try_from(Uuid::new_v4().to_string()).map_err(anyhow::Error::from)?,
        };
        let call = client.post(&["jobs"]).json(body).patience(Patience::FIRST_CALL);
        let told = client.job(&call.header(body::IDEMPOTENCY_KEY, key)).await?;
        Ok(Started { told, survey, maybe_parts: self.idempotency_key.is_some(), items_per_chunk_max })
    }

    async fn start_again(&self, client: &Client, id: &str, source: &Source, bar: &mut Bar) -> Result<Started, CommandError> {
        let told = client.job(&client.get(&["jobs", id]).patience(Patience::FIRST_CALL)).await?;
        let processor = &told.view.processor;
        if self.job.processor.as_ref().is_some_and(|asked| asked != processor) {
            let what = format!("job {id} was started with --processor {processor}: leave the option out, or start a new job");
            return Err(CommandError::Usage(what));
        }
        let items_per_chunk_max = self.items_per_chunk_max(client, processor).await?;
        let survey = if told.view.sealed { None } else { check(source, items_per_chunk_max, bar).await? };
        Ok(Started { told, survey, maybe_parts: true, items_per_chunk_max })
    }

    /// As the server will cut: by the option, else the processor's size.
    async fn items_per_chunk_max(&self, client: &Client, processor: &str) -> Result<u16, ClientError> {
        match self.job.chunk_size {
            Some(size) => Ok(size),
            None => Ok(processors::chunk_size(client, processor).await?.unwrap_or(ITEMS_PER_CHUNK_MAX as u16)),
        }
    }

    /// Sends what is missing and seals; Ctrl-C and errors say how to continue. A job that ends meanwhile is no error
    /// here: following it tells.
    async fn send(
        &self,
        context: &Context,
        client: &Arc<Client>,
        source: Source,
        started: Started,
        bar: &mut Bar,
    ) -> Result<Told, CommandError> {
        let Started { told, survey, maybe_parts, items_per_chunk_max } = started;
        if told.view.sealed || told.view.status.is_terminal() {
            return Ok(told);
        }
        let id = told.view.id;
        let ways_on = || follow::ways_on(context, &id, Some(self.continuing(context, &id)));
        let upload = Upload { client: Arc::clone(client), job_id: id.clone(), source, items_per_chunk_max };
        let stopped = || follow::interrupted(&id, ways_on());
        match follow::or_interrupt(upload_all(&upload, survey.filter(|_| maybe_parts), bar), stopped).await {
            Err(error) if error.is_problem("job-ended") => Ok(client.job(&client.get(&["jobs", &id]).patience(Patience::LONG)).await?),
            sent => sent.map_err(|error| error.unfinished(&id, ways_on())),
        }
    }

    /// The command that sends the rest, cut as before.
    fn continuing(&self, context: &Context, id: &str) -> String {
        let (file, size) = (self.file.to_string_lossy(), self.job.chunk_size.map(|size| size.to_string()));
        let format = self.format.and_then(|format| Some(format.to_possible_value()?.get_name().to_owned()));
        let mut words = vec!["submit", &*file];
        words.extend(format.iter().flat_map(|format| ["--format", format.as_str()]));
        words.extend(size.iter().flat_map(|size| ["--chunk-size", size.as_str()]));
        words.extend(["--continue", id]);
        context.command(&words)
    }

    /// A job can fail, or be cancelled, before all of its file was sent.
    fn say_unsent(&self, context: &Context, told: &Told) {
        context.out.note(&format!("  it ended while its items were being sent: {} had arrived", told.view.total_items));
        if told.view.status == headway::JobStatus::Failed {
            let again = self.continuing(context, &told.view.id);
            context.out.note(&format!("  to send the rest, after the retry: {again}"));
        }
    }
}

/// Reads the whole file once before anything is sent: a bad row at its end must not leave half a job behind.
/// None for what can be read only once.
async fn check(source: &Source, items_per_chunk_max: u16, bar: &mut Bar) -> Result<Option<Survey>, CommandError> {
    if !source.can_reread() {
        return Ok(None);
    }
    bar.say("checking the file");
    let survey = Survey::of(source, items_per_chunk_max).await?;
    survey.check(items_per_chunk_max)?;
    Ok(Some(survey))
}

/// Uploads and seals, while the job's progress is shown. With a survey, parts that are there are not sent again.
async fn upload_all(upload: &Upload, survey: Option<Survey>, bar: &mut Bar) -> Result<Told, CommandError> {
    let arrived = std::cell::Cell::new(0);
    let uploading = async {
        let there = match &survey {
            Some(survey) => upload.parts_there_of(survey).await?,
            // A new job has none. What stdin holds is sent whole again: the server knows what it has.
            None => BTreeMap::new(),
        };
        let sent = upload.send(there, |items| arrived.set(items)).await?;
        match upload.seal(sent.parts).await {
            // A part whose row is there was not dispatched whole when its sender died: sending it again mends that.
            Err(error) if error.is_problem("part-missing") && sent.skipped > 0 => {
                let sent = upload.send(BTreeMap::new(), |items| arrived.set(items)).await?;
                Ok(upload.seal(sent.parts).await?)
            }
            sealed => Ok(sealed?),
        }
    };
    let mut follower = Follower::new(&upload.client, &upload.job_id);
    let showing = async {
        // Without an answer there is nothing to show; whether that matters, the upload finds out itself.
        while let Ok((told, _)) = follower.next().await {
            bar.show(&told.view, Some(arrived.get()));
        }
        std::future::pending().await
    };
    tokio::select! {
        sealed = uploading => sealed,
        never = showing => never,
    }
}

fn detached(context: &Context, told: &Told) -> Result<Exit, CommandError> {
    if context.out.json {
        context.out.json_line(&told.body)?;
    }
    let (id, items) = (&told.view.id, told.view.total_items);
    context.out.note(&format!("{items} items sent; follow them with: {}", context.command(&["watch", id])));
    Ok(Exit::Ok)
}

fn before_start() -> Stopped {
    Stopped { exit: Exit::Interrupted, what: "interrupted; no item had been sent".to_owned(), job_id: None, advice: Vec::new() }
}
