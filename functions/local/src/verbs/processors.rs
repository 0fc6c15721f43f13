//! `processors`: what jobs can be started with.

use clap::Args;
use serde::Deserialize;

use crate::client::{Client, ClientError, Patience};
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::table;

const TITLES: [&str; 5] = ["name", ">chunk", ">attempts", ">timeout", "description"];

/// Nothing to choose.
#[derive(Debug, Args)]
pub struct ListProcessors {}

/// What the command reads of a processor.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessorView {
    /// What jobs name it by.
    pub name: String,
    /// One line for people.
    pub description: String,
    /// The most items in a chunk.
    pub chunk_size: Option<u16>,
    /// How often an item is tried.
    pub max_attempts: u32,
    /// The longest one try may take.
    pub item_timeout_seconds: u64,
}

#[derive(Deserialize)]
struct Body {
    processors: Vec<ProcessorView>,
}

impl ListProcessors {
    /// Lists the processors.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn run(self, context: &Context) -> Result<Exit, CommandError> {
        let client = context.client()?;
        let answer = client.call(&client.get(&["processors"])).await?;
        if context.out.json {
            context.out.json_line(&answer.body)?;
            return Ok(Exit::Ok);
        }
        let rows: Vec<_> = answer.json::<Body>().map_err(ClientError::Answer)?.processors.into_iter().map(row).collect();
        context.out.line(&table::render(&TITLES, &rows, context.out.columns()))?;
        Ok(Exit::Ok)
    }
}

/// The chunk size that the server cuts a processor's parts with; none if it does not know the processor.
///
/// # Errors
/// As [`Client::call`].
pub async fn chunk_size(client: &Client, processor: &str) -> Result<Option<u16>, ClientError> {
    let answer = client.call(&client.get(&["processors"]).patience(Patience::FIRST_CALL)).await?;
    Ok(answer.json::<Body>()?.processors.into_iter().find(|known| known.name == processor).and_then(|known| known.chunk_size))
}

fn row(processor: ProcessorView) -> Vec<String> {
    vec![
        processor.name,
        processor.chunk_size.map_or("-".to_owned(), |size| size.to_string()),
        processor.max_attempts.to_string(),
        format!("{} s", processor.item_timeout_seconds),
        processor.description,
    ]
}
