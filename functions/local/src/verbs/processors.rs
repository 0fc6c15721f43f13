//! `processors`: the processors that jobs can use.

use clap::Args;

use crate::client::ClientError;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::processor::{ProcessorList, ProcessorView};
use crate::table;

const TITLES: [&str; 6] = ["name", ">chunk", ">batch", ">attempts", ">timeout", "description"];

/// The command has no options of its own.
#[derive(Debug, Args)]
pub struct ListProcessors {}

impl ListProcessors {
    /// Lists the processors.
    ///
    /// # Errors
    /// As [`crate::client::Client::call`].
    pub async fn run(self, context: &Context) -> Result<Exit, CommandError> {
        let client = context.client()?;
        let answer = client.call(&client.get(&["processors"])).await?;
        if context.out.json {
            context.out.json_line(&answer.body)?;
            return Ok(Exit::Ok);
        }
        let rows: Vec<_> = answer.json::<ProcessorList>().map_err(ClientError::Answer)?.processors.into_iter().map(row).collect();
        context.out.lines(&table::render(&TITLES, &rows, context.out.columns()))?;
        Ok(Exit::Ok)
    }
}

fn row(processor: ProcessorView) -> Vec<String> {
    vec![
        processor.name,
        processor.chunk_size.map_or("-".to_owned(), |size| size.to_string()),
        processor.batch.to_string(),
        processor.max_attempts.to_string(),
        format!("{} s", processor.item_timeout_seconds),
        processor.description,
    ]
}
