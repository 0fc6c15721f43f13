//! `parts`: a job's parts, from its ledger.

use clap::Args;
use serde::Deserialize;
use uuid::Uuid;

use crate::client::ClientError;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::pages;
use crate::table;

const TITLES: [&str; 9] = [">part", ">first", ">items", ">chunks", ">processed", ">failed", "settled", "open", "parked"];

/// The job.
#[derive(Debug, Args)]
pub struct Parts {
    /// The job's id
    id: Uuid,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PartView {
    part: u32,
    first_index: u64,
    total_items: u64,
    chunks: u32,
    settled: String,
    open: String,
    parked: String,
    processed_items: u64,
    failed_items: u64,
}

impl Parts {
    /// Shows the parts.
    ///
    /// # Errors
    ///
    /// As [`crate::client::Client::call`].
    pub async fn run(self, context: &Context) -> Result<Exit, CommandError> {
        let client = context.client()?;
        let id = self.id.to_string();
        let page = |token: Option<&str>, size| pages::parts_call(&client, &id, token, size);
        let list = pages::read_all(&client, "parts", usize::MAX, page).await?;
        if context.out.json {
            context.out.json_line(list.body("parts").as_bytes())?;
            return Ok(Exit::Ok);
        }
        let rows = list.elements.iter().map(|raw| serde_json::from_str(raw.get()).map(row));
        let rows = rows.collect::<Result<Vec<_>, _>>().map_err(ClientError::Answer)?;
        context.out.lines(&table::render(&TITLES, &rows, context.out.columns()))?;
        Ok(Exit::Ok)
    }
}

fn row(part: PartView) -> Vec<String> {
    let numbers =
        [u64::from(part.part), part.first_index, part.total_items, u64::from(part.chunks), part.processed_items, part.failed_items];
    numbers.iter().map(u64::to_string).chain([part.settled, part.open, part.parked]).collect()
}
