//! `results --join FILE`: each row of the file with what became of its item.

use std::path::PathBuf;

use clap::Args;

use crate::bar::Bar;
use crate::client::{Client, Patience};
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::ids::Ids;
use crate::input::{Delimiter, Format, InputError, NamedEncoding, Opened, Source};
use crate::job::JobView;
use crate::joined::{ByFile, ById, ByLine, Compared, Counts, Joined, JoinedWriter, Layout, RowColumns, Sent, compare};
use crate::on_a_thread::on_a_thread;
use crate::records::Records;
use crate::server_part::ServerPart;
use crate::verbs::columns::TableOptions;

/// The file to join, and how to read it.
#[derive(Debug, Args)]
pub(super) struct Join {
    /// Print each row of FILE (`-`: stdin), the file that was submitted, with its status, its failure or its output, and
    /// whether it was corrected. The job must have ended. A file that differs from what was submitted is refused, with the
    /// place of the difference
    #[arg(long = "join", value_name = "FILE", conflicts_with = "follow", group = "as_table")]
    pub(super) file: Option<PathBuf>,
    /// With --join: match rows by this member, the job's --id-field. The file may then be another one with the same ids
    #[arg(long, value_name = "FIELD", requires = "file")]
    id_field: Option<String>,
    /// With --id-field: no id is in the job twice. Needed where the command cannot know that: items of other parts have
    /// no id that is known, since they neither failed nor have an output
    #[arg(long, requires = "id_field")]
    unique_ids: bool,
    /// With --join: the file's format [default: by its extension]
    #[arg(long, value_name = "FORMAT", requires = "file")]
    file_format: Option<Format>,
    /// With --join: the delimiter of a CSV file: one character, or tab [default: ,]
    #[arg(long, value_name = "C", value_parser = Delimiter::parse, requires = "file")]
    delimiter: Option<Delimiter>,
    /// With --join: the file's encoding, such as windows-1252 [default: UTF-8, or UTF-16 if it begins with a byte-order
    /// mark]
    #[arg(long, value_name = "NAME", value_parser = NamedEncoding::parse, requires = "file")]
    encoding: Option<NamedEncoding>,
}

impl Join {
    /// Prints the rows of `file`, as CSV or NDJSON if the user chose one. Nothing is printed before all outcomes have been read and are known to be of one round.
    pub(super) async fn run(
        self,
        context: &Context,
        id: &str,
        file: &std::path::Path,
        as_csv: Option<bool>,
        table: TableOptions,
    ) -> Result<Exit, CommandError> {
        let source = Source::of(file, self.file_format, self.delimiter, self.encoding)
            .map_err(|what| CommandError::Usage(what.replace("--format", "--file-format")))?;
        let as_csv = as_csv.unwrap_or(source.reading.format == Format::Csv && !context.out.json);
        if !as_csv && table.is_given() {
            return Err(CommandError::Usage("--cells and --bom are for CSV: give --format csv".to_owned()));
        }
        let client = context.client()?;
        let mut bar = Bar::new(context.out);
        let read = self.read(&client, id, source, &mut bar).await;
        bar.clear();
        let (compared, outcomes) = read?;
        let layout = match as_csv {
            true => Layout::Csv { rows: compared.columns(), outputs: &outcomes.columns, written: table.written(), mark: table.mark() },
            false => Layout::Ndjson,
        };
        let mut writer = JoinedWriter::new(context, layout);
        match &compared {
            ReadFile::ByLine(compared) => by_line(compared, &outcomes, &mut writer)?,
            ReadFile::ById(file) => file.write(&outcomes, &mut writer)?,
        }
        writer.flush()?;
        context.out.notes(&said(&writer.counts, compared.skipped_rows(), self.id_field.as_deref()));
        Ok(Exit::Ok)
    }

    /// The file, compared with what was submitted, and the outcomes of all items.
    async fn read(&self, client: &Client, id: &str, source: Source, bar: &mut Bar) -> Result<(ReadFile, Records), CommandError> {
        let before = settled(client, id).await?;
        if let (Some(field), Some(of_job)) = (&self.id_field, &before.id_field)
            && field != of_job
        {
            return Err(CommandError::Usage(format!("the job's ids are in {of_job:?}, not in {field:?}: give --id-field {of_job:?}")));
        }
        bar.say("comparing the file with the job");
        let parts = ServerPart::of_job(client, id).await?;
        let file = match &self.id_field {
            Some(field) => {
                let of = field.clone();
                let file = on_a_thread(move || ByFile::read(&source, &of)).await?;
                ReadFile::ById(FileWithIds { file, field: field.clone(), parts, unique_ids: self.unique_ids })
            }
            None => {
                let sent = Sent { job_id: id.to_owned(), parts, sealed: before.sealed };
                ReadFile::ByLine(on_a_thread(move || compare(&source, &sent)).await?)
            }
        };
        bar.say("reading what became of the items");
        let outcomes = match Records::read(client, id, "items", bar).await {
            Err(error) if error.is_problem("page-token") => return Err(retried()),
            outcomes => outcomes?,
        };
        let after = settled(client, id).await?;
        if after.round == before.round { Ok((file, outcomes)) } else { Err(retried()) }
    }
}

/// The file as it was read for the first time.
enum ReadFile {
    ByLine(Compared),
    ById(FileWithIds),
}

impl ReadFile {
    fn columns(&self) -> &RowColumns {
        match self {
            ReadFile::ByLine(file) => &file.columns,
            ReadFile::ById(FileWithIds { file, .. }) => &file.columns,
        }
    }

    fn skipped_rows(&self) -> u64 {
        match self {
            ReadFile::ByLine(file) => file.skipped_rows,
            ReadFile::ById(FileWithIds { file, .. }) => file.skipped_rows,
        }
    }
}

fn by_line(compared: &Compared, outcomes: &Records, writer: &mut JoinedWriter<'_>) -> Result<(), CommandError> {
    let mut joined = ByLine::new(compared, outcomes.pull()?);
    each_row(&compared.opened, |item, line| writer.push(item, line, &joined.outcome()?))
}

/// A file whose rows have ids, and the job's parts.
struct FileWithIds {
    file: ByFile,
    field: String,
    parts: Vec<ServerPart>,
    unique_ids: bool,
}

impl FileWithIds {
    fn write(&self, outcomes: &Records, writer: &mut JoinedWriter<'_>) -> Result<(), CommandError> {
        if self.file.rows == 0 {
            return Ok(());
        }
        let (by_id, ids) = (ById::read(outcomes, &self.parts)?, Ids::new(&self.field));
        self.check(&by_id, &ids)?;
        each_row(&self.file.opened, |item, line| writer.push(item, line, &by_id.find(&id_of(&ids, item)?)?))
    }

    /// Before anything is printed: some row is of the job, and no row might get the outcome of another item.
    fn check(&self, by_id: &ById<'_>, ids: &Ids) -> Result<(), CommandError> {
        let (name, mut found) = (self.file.opened.name(), false);
        each_row(&self.file.opened, |item, line| {
            if let Joined::Item(outcome) = by_id.find(&id_of(ids, item)?)? {
                found = true;
                if !self.unique_ids
                    && let Some(doubt) = by_id.doubt(&outcome)
                {
                    return Err(CommandError::Differs(format!("{name}: line {line}: {doubt}")));
                }
            }
            Ok(())
        })?;
        if found {
            return Ok(());
        }
        let what = format!("{name}: no row's {:?} is the id of an item of the job", self.field);
        Err(CommandError::Differs(what))
    }
}

fn id_of(ids: &Ids, item: &[u8]) -> Result<String, CommandError> {
    Ok(ids.id(item).map_err(anyhow::Error::msg)?)
}

/// Reads the file again, row by row with its line.
fn each_row(opened: &Opened, mut see: impl FnMut(&[u8], u64) -> Result<(), CommandError>) -> Result<(), CommandError> {
    let of_file = |error: InputError| error.of_file(opened.name());
    let (mut items, mut item) = (opened.again().map_err(of_file)?, Vec::new());
    while let Some(place) = items.next(&mut item).map_err(of_file)? {
        see(&item, place.line)?;
    }
    Ok(opened.check_unchanged()?)
}

/// The job, if its numbers do not change any more.
async fn settled(client: &Client, id: &str) -> Result<JobView, CommandError> {
    let job = client.job(&client.get(&["jobs", id]).patience(Patience::FIRST_CALL)).await?.view;
    if job.is_settled() {
        return Ok(job);
    }
    let what =
        if job.status.is_terminal() { "has ended, but items that were running at its end are still counted" } else { "is still running" };
    Err(anyhow::anyhow!("the job {what}: `headway watch {id}` follows it until nothing changes any more; join its results then").into())
}

fn retried() -> CommandError {
    anyhow::anyhow!("the job was retried while its items were read, and nothing was printed: join its results once it has ended again")
        .into()
}

fn said(counts: &Counts, skipped_rows: u64, id_field: Option<&str>) -> String {
    let rows = match counts.all() {
        0 => "the file has no rows".to_owned(),
        1 => format!("1 row: {counts}"),
        rows => format!("{rows} rows: {counts}"),
    };
    let skipped = match skipped_rows {
        0 => String::new(),
        1 => "; 1 row is empty in every column and was skipped".to_owned(),
        n => format!("; {n} rows are empty in every column and were skipped"),
    };
    let explained = [
        ("Pending", "Pending: it never ran in the job's last round"),
        ("NotSent", "NotSent: the job ended before the row was sent"),
        (
            "NotFound",
            "NotFound: no failure and no output has this id. The item succeeded without an output, never ran, or is not of this job. Ids are \
             compared as text: 1, 01 and 1.0 are three ids",
        ),
    ];
    let explained = explained.iter().filter(|(status, _)| counts.of(status) > 0 && (*status != "NotFound" || id_field.is_some()));
    explained.fold(format!("{rows}{skipped}"), |all, (_, words)| format!("{all}\n  {words}"))
}
