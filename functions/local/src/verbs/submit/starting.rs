//! Starting a job with a file, or finding one that is to be continued: everything before the first item is sent.

use std::collections::BTreeSet;

use bytes::Bytes;
use headway_core::limits::ITEMS_PER_CHUNK_MAX;
use reqwest::header::HeaderValue;
use uuid::Uuid;

use super::Submit;
use super::body::{DIGEST, IDEMPOTENCY_KEY};
use super::params::Params;
use crate::bar::Bar;
use crate::client::{Client, Patience};
use crate::context::Context;
use crate::difference::{Difference, first_difference};
use crate::error::{CommandError, Stopped};
use crate::follow;
use crate::input::{Format, Opened, Source};
use crate::job::{FetchedJob, JobView};
use crate::on_a_thread::on_a_thread;
use crate::processor::ProcessorView;
use crate::schema_columns::{self, ColumnFault};
use crate::sent_rows::SentRows;
use crate::server_part::ServerPart;
use crate::survey::{Survey, SurveyOptions};

/// A file that was read, and the request that starts a job with it.
pub(super) struct Prepared {
    pub(super) opened: Opened,
    pub(super) survey: Survey,
    pub(super) items_per_chunk_max: u16,
    pub(super) cuts: BTreeSet<u64>,
    pub(super) body: Bytes,
    /// What is wrong with the file's columns.
    pub(super) faults: Vec<ColumnFault>,
    /// What of the params is probably not meant.
    pub(super) warnings: Vec<String>,
    /// The schema that the items are checked with, if the processor does that.
    pub(super) schema: Option<headway_schema::Source>,
}

/// A job that exists, and what to send to it.
pub(super) struct Started {
    pub(super) told: FetchedJob,
    pub(super) opened: Opened,
    pub(super) survey: Survey,
    pub(super) items_per_chunk_max: u16,
    pub(super) cuts: BTreeSet<u64>,
    /// This many items must be processed before the rest is sent.
    pub(super) first: Option<u64>,
    /// True if this run started the job.
    pub(super) is_new: bool,
}

/// How a file is cut for a job that has parts already. They end where those end that the job has, however these were cut: a trial's
/// are short.
struct Cut {
    items_per_chunk_max: u16,
    cuts: BTreeSet<u64>,
    /// The index after the last item that the job has.
    sent: u64,
    /// This many items are tried, if nothing after them was sent.
    asks: Option<u64>,
}

impl Submit {
    /// Starts the job, or finds it.
    pub(super) async fn start(&self, context: &Context, client: &Client, source: &Source, bar: &mut Bar) -> Result<Started, CommandError> {
        match self.continue_id {
            Some(id) => {
                let id = id.to_string();
                follow::or_interrupt(self.start_again(context, client, &id, source, bar), || self.nothing_more(context, &id)).await
            }
            None => self.start_new(context, client, source, bar).await,
        }
    }

    /// Reads the file and makes the body that starts a job.
    pub(super) async fn prepare(
        &self,
        context: &Context,
        client: &Client,
        source: &Source,
        bar: &mut Bar,
    ) -> Result<Prepared, CommandError> {
        self.job.check(self.idempotency_key.is_some())?;
        let processor = ProcessorView::find(client, self.job.processor.as_deref().unwrap_or_default()).await?;
        let items_per_chunk_max = self.items_per_chunk_max(processor.as_ref());
        let cuts: BTreeSet<u64> = self.canary.first.into_iter().collect();
        let (id_field, digest) = (self.job.id_field.clone(), self.idempotency_key.is_some());
        let ask = SurveyOptions { id_field, digest, pack: self.dry_run, cuts: cuts.clone(), ..SurveyOptions::of(items_per_chunk_max) };
        let text = source.reading.format == Format::Csv && processor.is_some_and(|processor| processor.reads_text());
        let path = self.job.params.clone();
        let params = on_a_thread(move || Params::read(path.as_deref(), text)).await?;
        let (opened, survey) = self.check(context, source, ask, bar).await?;
        let body = self.job.body(&survey, params.as_ref())?;
        let checked = params.filter(|_| self.job.processor.as_deref() == Some("json-schema"));
        let source = checked.as_ref().and_then(Params::schema_source);
        let (schema, warnings) = checked.map(|params| params.schema()).unwrap_or_default();
        let schema = schema.filter(|_| !survey.columns.is_empty());
        let faults = schema.map(|schema| schema_columns::faults(&schema, &survey.columns)).unwrap_or_default();
        Ok(Prepared { opened, survey, items_per_chunk_max, cuts, body, faults, warnings, schema: source })
    }

    async fn start_new(&self, context: &Context, client: &Client, source: &Source, bar: &mut Bar) -> Result<Started, CommandError> {
        let prepared = follow::or_interrupt(self.prepare(context, client, source, bar), super::before_start).await?;
        let Prepared { opened, survey, items_per_chunk_max, cuts, body, faults, warnings, .. } = prepared;
        bar.aside(|| {
            faults.iter().for_each(|fault| context.out.note(&format!("{}: {}", opened.name(), fault.words)));
            warnings.iter().for_each(|warning| context.out.note(warning));
        });
        let first = self.canary.of(survey.items);
        // With a key made here, the call is safe to repeat if its answer is lost.
        let key = match &self.idempotency_key {
            Some(key) => key.clone(),
            None => HeaderValue::try_from(Uuid::new_v4().to_string()).map_err(anyhow::Error::from)?,
        };
        let call = client.post(&["jobs"]).json(body).patience(Patience::FIRST_CALL);
        let call = call.header(IDEMPOTENCY_KEY, key);
        let stopped = |has_asked| if has_asked { self.uncreated(context) } else { super::before_start() };
        let told = follow::or_unanswered(client, client.job(&call), stopped).await;
        let told = told.map_err(|error| error.perhaps_done(None, super::MAY_EXIST.to_owned(), self.finding(context)))?;
        let (id, is_new) = (&told.view.id, self.idempotency_key.is_none());
        let is_from_before = told.view.sealed || told.view.total_items > 0;
        // No item has been sent yet, so what the options mean is said before anything runs.
        let note = match self.job.tolerance_note(first.is_some()) {
            _ if is_from_before => Some("this job was started before with the same key, file and options"),
            note => note.filter(|_| survey.items > 0),
        };
        bar.aside(|| note.into_iter().for_each(|note| context.out.note(note)));
        if !is_from_before || told.view.sealed || told.view.status.is_terminal() {
            return Ok(Started { told, opened, survey, items_per_chunk_max, cuts, first, is_new });
        }
        let cutting = async {
            let cut = self.cut(client, &told.view).await?;
            let survey = Survey::again(&opened, cut.survey(true)).await?;
            Ok((cut, survey))
        };
        let (cut, survey) = follow::or_interrupt(cutting, || self.nothing_more(context, id)).await?;
        Ok(self.started(context, told, (opened, survey), cut, bar))
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
        let cut = self.cut(client, &told.view).await?;
        let keyed_items = told.view.metadata.as_ref().and_then(|metadata| metadata.get(DIGEST)?.as_str());
        let (opened, survey) = self.check(context, source, cut.survey(keyed_items.is_some()), bar).await?;
        if keyed_items != survey.sha256.as_deref() {
            return Err(other_items(&opened, &SentRows::of(id), cut.sent));
        }
        Ok(self.started(context, told, (opened, survey), cut, bar))
    }

    /// How the file is cut for a job that may have parts.
    async fn cut(&self, client: &Client, job: &JobView) -> Result<Cut, CommandError> {
        let there = ServerPart::of_job(client, &job.id).await?;
        let of_job = there.iter().map(|part| part.chunk_size).find(|size| *size > 0);
        let items_per_chunk_max = match (of_job, self.job.chunk_size) {
            (Some(of_job), Some(asked)) if asked != of_job => {
                let what = format!("job {} was started with chunks of {of_job}: leave --chunk-size out, or start a new job", job.id);
                return Err(CommandError::Usage(what));
            }
            (Some(of_job), _) => of_job,
            (None, _) => self.items_per_chunk_max(ProcessorView::find(client, &job.processor).await?.as_ref()),
        };
        let sent = there.iter().map(ServerPart::end).max().unwrap_or_default();
        let asks = self.canary.first.filter(|first| sent <= *first);
        let cuts = there.iter().flat_map(|part| [part.first_index, part.end()]).chain(asks).collect();
        Ok(Cut { items_per_chunk_max, cuts, sent, asks })
    }

    /// A job that has been found again, with the file as it is cut for it.
    fn started(&self, context: &Context, told: FetchedJob, (opened, survey): (Opened, Survey), cut: Cut, bar: &mut Bar) -> Started {
        let first = cut.asks.and(self.canary.of(survey.items));
        if first.is_none() && self.canary.first.is_some() {
            bar.aside(|| context.out.note("there is no question: there is no rest, or some of it was sent before"));
        }
        Started { told, opened, survey, items_per_chunk_max: cut.items_per_chunk_max, cuts: cut.cuts, first, is_new: false }
    }

    /// The error after Ctrl-C before anything was sent to a job that existed already.
    fn nothing_more(&self, context: &Context, id: &str) -> Stopped {
        let advice = follow::next_commands(context, id, None, Some(self.continuing(context, id)));
        let what = format!("interrupted; nothing more was sent to job {id}");
        Stopped::interrupted(what, Some(id), advice)
    }

    /// The number of items in a chunk, as the server will cut them: from the option, else the processor's number.
    fn items_per_chunk_max(&self, processor: Option<&ProcessorView>) -> u16 {
        let usual = || processor.and_then(|processor| processor.chunk_size);
        self.job.chunk_size.or_else(usual).unwrap_or(ITEMS_PER_CHUNK_MAX as u16)
    }

    /// Reads the whole file, so that an error in it does not leave half a job behind.
    async fn check(&self, context: &Context, source: &Source, ask: SurveyOptions, bar: &mut Bar) -> Result<(Opened, Survey), CommandError> {
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
}

impl Cut {
    fn survey(&self, digest: bool) -> SurveyOptions {
        SurveyOptions { digest, cuts: self.cuts.clone(), ..SurveyOptions::of(self.items_per_chunk_max) }
    }
}

/// Refuses another file for a job whose idempotency key stands for exactly the items that it was started with, those
/// included that have not been sent.
fn other_items(opened: &Opened, sent_rows: &SentRows, sent: u64) -> CommandError {
    let place = match first_difference(opened, sent_rows, 0, sent) {
        Ok(Some(Difference::Row { index, line })) => format!(": the row on line {line} (item {index}) differs from what was sent"),
        _ => String::new(),
    };
    CommandError::Differs(format!(
        "{}: these are not the items that the job was started with, and its idempotency key stands for them{place}. Give the same file and \
         options as at first, or start a new job with another key",
        opened.name()
    ))
}
