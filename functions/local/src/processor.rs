//! The fields of a processor that the command uses.

use serde::Deserialize;

use crate::client::{Client, ClientError, Patience};

/// A processor.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessorView {
    /// The name that jobs use.
    pub name: String,
    /// One line for people.
    pub description: String,
    /// The JSON Schema of its params.
    #[serde(default)]
    pub params_schema: serde_json::Value,
    /// The most items in a chunk.
    pub chunk_size: Option<u16>,
    /// The most items that one call of the processor gets.
    #[serde(default = "one_item")]
    pub batch: u16,
    /// The most attempts for an item.
    pub max_attempts: u32,
    /// The longest that one call may take, in whole seconds.
    pub item_timeout_seconds: u64,
}

fn one_item() -> u16 {
    1
}

/// The answer to `GET /v1/processors`.
#[derive(Debug, Deserialize)]
pub struct ProcessorList {
    /// The processors.
    pub processors: Vec<ProcessorView>,
}

impl ProcessorView {
    /// Reads one of the server's processors; `None` if the server has none with that name.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn find(client: &Client, name: &str) -> Result<Option<ProcessorView>, ClientError> {
        let answer = client.call(&client.get(&["processors"]).patience(Patience::FIRST_CALL)).await?;
        let list: ProcessorList = answer.json()?;
        Ok(list.processors.into_iter().find(|known| known.name == name))
    }

    /// True if it converts text to the types of its schema when its params contain `"text": true`.
    #[must_use]
    pub fn reads_text(&self) -> bool {
        self.name == "json-schema" && self.params_schema.pointer("/properties/text").is_some()
    }
}
