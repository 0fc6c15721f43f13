//! The params of a job: a JSON file, read once, and what the command adds for the file of items.

use std::collections::BTreeMap;
use std::path::Path;

use headway_schema::Source;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::CommandError;
use crate::input::json_file;
use crate::schema_texts;

/// The params of a job.
#[derive(Debug)]
pub(super) struct Params {
    /// The file's name, for people.
    name: String,
    json: Box<RawValue>,
}

impl Params {
    /// The params in a file, byte for byte, so that no number in a schema loses a digit. With `text` they say that the
    /// items' values are text, unless the file says otherwise. The file is read once: it may be a pipe.
    pub(super) fn read(path: Option<&Path>, text: bool) -> Result<Option<Params>, CommandError> {
        let name = path.map(|path| path.display().to_string()).unwrap_or_default();
        let json = path.map(|path| raw(json_file(path)?)).transpose()?;
        let json = if text { with_text(json)? } else { json };
        Ok(json.map(|json| Params { name, json }))
    }

    /// The params as JSON.
    pub(super) fn json(&self) -> &RawValue {
        &self.json
    }

    /// The JSON Schema in the params as it is written, for checking items.
    pub(super) fn schema_source(&self) -> Option<Source> {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(self.json.get()).ok()?;
        let is_text = members.get("text").is_some_and(|text| text.get() == "true");
        Some(Source::new(members.get("schema")?.get(), is_text))
    }

    /// The JSON Schema in the params, and what it does not do, though it seems to be meant.
    pub(super) fn schema(&self) -> (Option<Value>, Vec<String>) {
        let mut params: Value = serde_json::from_str(self.json.get()).unwrap_or_default();
        let is_text = params.get("text") == Some(&Value::Bool(true));
        let schema = params.get_mut("schema").map(Value::take);
        let unread = schema.as_ref().filter(|_| is_text).map(schema_texts::unread).unwrap_or_default();
        (schema, unread.into_iter().map(|warning| format!("{}: {warning}", self.name)).collect())
    }
}

/// Adds to the params that values are text, unless the params say otherwise. Everything else stays byte for byte.
fn with_text(params: Option<Box<RawValue>>) -> Result<Option<Box<RawValue>>, CommandError> {
    let Some(params) = params else { return Ok(Some(raw("{\"text\":true}".to_owned())?)) };
    let members: Option<BTreeMap<String, &RawValue>> = serde_json::from_str(params.get()).ok();
    let text = match members {
        // Not an object: the server reports that.
        None => return Ok(Some(params)),
        Some(members) if members.contains_key("text") => return Ok(Some(params)),
        Some(members) if members.is_empty() => "{\"text\":true}".to_owned(),
        Some(_) => params.get().replacen('{', "{\"text\":true,", 1),
    };
    raw(text).map(Some)
}

fn raw(text: String) -> Result<Box<RawValue>, CommandError> {
    Ok(RawValue::from_string(text).map_err(anyhow::Error::from)?)
}
