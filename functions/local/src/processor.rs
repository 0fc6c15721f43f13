//! What the command reads of a processor that the server has.

use serde::Deserialize;

use crate::client::{Client, ClientError, Patience};

/// A processor.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessorView {
    /// What jobs name it by.
    pub name: String,
    /// One line for people.
    pub description: String,
    /// The JSON Schema of its params.
    #[serde(default)]
    pub params_schema: serde_json::Value,
    /// The most items in a chunk.
    pub chunk_size: Option<u16>,
    /// How often an item is tried.
    pub max_attempts: u32,
    /// The longest one try may take.
    pub item_timeout_seconds: u64,
}

/// The answer to `GET /v1/processors`.
#[derive(Debug, Deserialize)]
pub struct ProcessorList {
    /// All of them.
    pub processors: Vec<ProcessorView>,
}

impl ProcessorView {
    /// Asks the server for one of its processors; none if it does not know it.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn find(client: &Client, name: &str) -> Result<Option<ProcessorView>, ClientError> {
        let answer = client.call(&client.get(&["processors"]).patience(Patience::FIRST_CALL)).await?;
        let list: ProcessorList = answer.json()?;
        Ok(list.processors.into_iter().find(|known| known.name == name))
    }

    /// Whether it converts text to the types its schema determines, if its params say `"text": true`.
    #[must_use]
    pub fn reads_text(&self) -> bool {
        self.name == "json-schema" && self.params_schema.pointer("/properties/text").is_some()
    }
}
