//! `failures`: which items failed, and why. A table for people; for programs, the lines as the server sends them.

use clap::{Args, ValueEnum};
use reqwest::Method;
use serde::Deserialize;
use uuid::Uuid;

use super::columns::TableOptions;
use crate::bar::Bar;
use crate::client::{Client, ClientError};
use crate::context::Context;
use crate::corrected_rows::{SHOWN, shown_cells};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::failure_groups::FailureGroups;
use crate::pages::{self, ListPage, PagesRead};
use crate::records::Records;
use crate::table::Layout;

const TITLES: [&str; 5] = [">index", "id", "code", ">tries", "message"];
const PAGE_SIZE: &str = "1000";

/// The job, and how to show its failures.
#[derive(Debug, Args)]
pub struct Failures {
    /// The job's id
    id: Uuid,
    /// How to print them [default: table; ndjson with --json]
    #[arg(long)]
    format: Option<FailuresFormat>,
    /// As CSV with a column for each member of the items, to be opened in a spreadsheet, corrected, and given back with
    /// `retry --with`
    #[arg(long, conflicts_with = "groups", group = "as_table")]
    columns: Option<FailuresColumns>,
    #[command(flatten)]
    table: TableOptions,
    /// Group the failures by their code
    #[arg(long, conflicts_with = "format")]
    groups: bool,
}

/// How failures are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailuresFormat {
    /// Aligned for people, without the items.
    Table,
    /// A JSON object in each line, as the server sends them.
    Ndjson,
    /// With a header row, as the server sends them.
    Csv,
}

/// What has columns of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailuresColumns {
    /// The failed items.
    Items,
}

#[derive(Deserialize)]
struct FailureView {
    index: u64,
    id: Option<String>,
    code: String,
    message: String,
    attempts: u32,
}

impl Failures {
    /// Prints the failures of all pages.
    ///
    /// # Errors
    ///
    /// As [`Client::call`], or if the options contradict each other.
    pub async fn run(self, context: &Context) -> Result<Exit, CommandError> {
        let client = context.client()?;
        let id = self.id.to_string();
        if self.groups {
            return groups(context, &client, &id).await;
        }
        if self.columns.is_some() {
            return self.in_columns(context, &client, &id).await;
        }
        match (self.format, context.out.json) {
            (Some(FailuresFormat::Ndjson), _) | (None, true) => pass_through(context, &client, &id, "ndjson").await,
            (Some(_), true) => Err(CommandError::Usage("--json prints ndjson: leave --format out".to_owned())),
            (Some(FailuresFormat::Csv), _) => pass_through(context, &client, &id, "csv").await,
            (Some(FailuresFormat::Table) | None, _) => table(context, &client, &id).await,
        }
    }
}

impl Failures {
    async fn in_columns(self, context: &Context, client: &Client, id: &str) -> Result<Exit, CommandError> {
        if context.out.json || self.format.is_some_and(|format| format != FailuresFormat::Csv) {
            return Err(CommandError::Usage("--columns prints CSV: leave --json and --format out".to_owned()));
        }
        let failed = Records::read(client, id, "failures", &mut Bar::new(context.out)).await?;
        self.table.print(context, &failed, &SHOWN, shown_cells)?;
        Ok(Exit::Ok)
    }
}

async fn pass_through(context: &Context, client: &Client, id: &str, format: &str) -> Result<Exit, CommandError> {
    let mut call = client.request(Method::GET, &["jobs", id, "failures"], &[("format", format), ("pageSize", PAGE_SIZE)]);
    let mut read = PagesRead::default();
    loop {
        let answer = client.call(&call).await?;
        let next = pages::next_query(&answer)?;
        context.out.bytes(&answer.body)?;
        match next {
            Some(query) => {
                read.next(&query, answer.body.trim_ascii().is_empty())?;
                call = call.with_query(&query);
            }
            None => return Ok(Exit::Ok),
        }
    }
}

/// The widths come from the first page that has rows, so that a list of any length can be shown.
async fn table(context: &Context, client: &Client, id: &str) -> Result<Exit, CommandError> {
    let mut layout: Option<Layout> = None;
    let mut token: Option<String> = None;
    let mut read = PagesRead::default();
    loop {
        let query: Vec<_> = [("pageSize", PAGE_SIZE)].into_iter().chain(token.as_deref().map(|t| ("pageToken", t))).collect();
        let answer = client.call(&client.request(Method::GET, &["jobs", id, "failures"], &query)).await?;
        let page = ListPage::of(&answer, "failures")?;
        let rows = page.elements.iter().map(|raw| serde_json::from_str(raw.get()).map(row));
        let rows = rows.collect::<Result<Vec<_>, _>>().map_err(ClientError::Answer)?;
        if layout.is_none() && !rows.is_empty() {
            let found = Layout::of(&TITLES, &rows, context.out.columns());
            context.out.line(&found.titles(&TITLES))?;
            layout = Some(found);
        }
        if let Some(layout) = &layout {
            rows.iter().try_for_each(|row| context.out.line(&layout.line(row)))?;
        }
        token = page.next;
        match &token {
            Some(token) => read.next(token, rows.is_empty())?,
            None => break,
        }
    }
    if layout.is_none() {
        context.out.note("no item has failed");
    }
    Ok(Exit::Ok)
}

async fn groups(context: &Context, client: &Client, id: &str) -> Result<Exit, CommandError> {
    let answer = client.call(&client.get(&["jobs", id, "failures", "groups"])).await?;
    if context.out.json {
        context.out.json_line(&answer.body)?;
        return Ok(Exit::Ok);
    }
    let body: FailureGroups = answer.json().map_err(ClientError::Answer)?;
    context.out.lines(&body.table(context.out.columns()))?;
    if let Some(lacks) = body.lacks(id) {
        context.out.note(&lacks);
    }
    Ok(Exit::Ok)
}

fn row(failure: FailureView) -> Vec<String> {
    let id = failure.id.unwrap_or_default();
    vec![failure.index.to_string(), id, failure.code, failure.attempts.to_string(), failure.message]
}
