//! `results`: the outputs as the server sends them, also while the job runs; or each row of a file with its outcome.

mod join;

use std::time::Duration;

use clap::{Args, ValueEnum};
use reqwest::Method;
use uuid::Uuid;

use self::join::Join;
use super::columns::TableOptions;
use crate::bar::Bar;
use crate::client::Patience;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pages::{self, PagesRead};
use crate::records::{Record, Records, may_grow};

const PAGE_SIZE: &str = "1000";
/// The pause between two requests while the list has not grown.
const PAUSE: Duration = Duration::from_secs(1);

/// The job, and how to print its outputs.
#[derive(Debug, Args)]
pub struct Results {
    /// The job's id
    id: Uuid,
    /// How to print them [default: ndjson; with --join csv for a CSV file]
    #[arg(long)]
    format: Option<ResultsFormat>,
    /// As CSV with a column for each member of the outputs
    #[arg(long, conflicts_with_all = ["follow", "format"], group = "as_table")]
    columns: Option<ResultsColumns>,
    #[command(flatten)]
    join: Join,
    #[command(flatten)]
    table: TableOptions,
    /// Continue to print outputs as they come, until the job has ended and its numbers are final
    #[arg(long)]
    follow: bool,
}

/// How outputs are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ResultsFormat {
    /// A JSON object in each line.
    Ndjson,
    /// With a header row.
    Csv,
}

/// What has columns of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ResultsColumns {
    /// The outputs.
    Outputs,
}

impl Results {
    /// Prints the outputs of all pages.
    ///
    /// # Errors
    ///
    /// As [`Client::call`](crate::client::Client::call).
    pub async fn run(self, context: &Context) -> Result<Exit, CommandError> {
        if self.columns.is_some() {
            return self.in_columns(context).await;
        }
        let format = match self.format {
            Some(ResultsFormat::Csv) if context.out.json => {
                return Err(CommandError::Usage("--json prints ndjson: leave --format out".to_owned()));
            }
            Some(ResultsFormat::Csv) => "csv",
            Some(ResultsFormat::Ndjson) | None => "ndjson",
        };
        if let Some(file) = self.join.file.clone() {
            let as_csv = self.format.map(|format| format == ResultsFormat::Csv);
            return self.join.run(context, &self.id.to_string(), &file, as_csv, self.table).await;
        }
        let client = context.client()?;
        let id = self.id.to_string();
        let query = [("format", format), ("pageSize", PAGE_SIZE)];
        let mut call = client.request(Method::GET, &["jobs", &id, "results"], &query);
        let mut read = PagesRead::default();
        loop {
            let answer = client.call(&call).await?;
            let next = pages::next_query(&answer)?;
            context.out.bytes(&answer.body)?;
            let Some(query) = next else { return Ok(Exit::Ok) };
            let is_empty = answer.body.trim_ascii().is_empty();
            call = call.with_query(&query).patience(if self.follow { Patience::LONG } else { Patience::SHORT });
            // While outputs may come, an empty page ends at the first chunk that is not settled. Any other empty page is only
            // a pause.
            if is_empty && may_grow(&client, &id).await? {
                if !self.follow {
                    context.out.note("the job is still running or counting: these are the outputs so far; --follow waits for the rest");
                    return Ok(Exit::Ok);
                }
                tokio::time::sleep(PAUSE).await;
                // The same page is asked for until it has something.
                read = PagesRead::default();
            } else {
                read.next(&query, is_empty)?;
            }
        }
    }
}

impl Results {
    async fn in_columns(self, context: &Context) -> Result<Exit, CommandError> {
        if context.out.json {
            return Err(CommandError::Usage("--columns prints CSV: leave --json out".to_owned()));
        }
        let client = context.client()?;
        let outputs = Records::read(&client, &self.id.to_string(), "results", &mut Bar::new(context.out)).await?;
        let before = |record: &Record| vec![record.index.to_string(), record.id.clone().unwrap_or_default()];
        self.table.print(context, &outputs, &["_index", "_id"], before)?;
        if !outputs.complete {
            context.out.note("the job is still running or counting: these are the outputs so far");
        }
        Ok(Exit::Ok)
    }
}
