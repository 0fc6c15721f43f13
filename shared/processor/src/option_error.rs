//! What is wrong with an option of a processor.

use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::Value;

use crate::limits::{
    ATTEMPTS_MAX, CONCURRENCY_MAX, DESCRIPTION_CHARS_MAX, ITEM_TIMEOUT_MAX, ITEMS_PER_CHUNK_MAX, LIMIT_CHARS_MAX, PATIENCE_MAX,
};
use crate::options::Options;
use crate::processor_info::ProcessorInfo;

/// An option that no worker can follow, and what to use instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{option} is {found}: use {allowed}")]
pub struct OptionError {
    /// The name of the option.
    pub option: &'static str,
    found: String,
    allowed: String,
}

impl Options {
    /// Checks that a worker can follow them. A worker with a processor whose options it cannot follow does not start.
    ///
    /// ```
    /// use headway_processor::Options;
    ///
    /// let wrong = Options { concurrency: 0, ..Options::default() }.check().unwrap_err();
    /// assert_eq!(wrong.to_string(), "concurrency is 0: use 1 to 10000");
    /// ```
    ///
    /// # Errors
    ///
    /// The first option that is out of its range.
    pub fn check(&self) -> Result<(), OptionError> {
        let items_max = ITEMS_PER_CHUNK_MAX as u16;
        within("batch", self.batch, 1..=items_max)?;
        within("concurrency", self.concurrency, 1..=CONCURRENCY_MAX)?;
        within("item_timeout", self.item_timeout, Duration::from_millis(1)..=ITEM_TIMEOUT_MAX)?;
        within("attempts_max", self.attempts_max, 1..=ATTEMPTS_MAX)?;
        within("patience", self.patience, Duration::ZERO..=PATIENCE_MAX)?;
        within("chunk_size", self.chunk_size.unwrap_or(items_max), 1..=items_max)?;
        not_longer("description", &self.description, DESCRIPTION_CHARS_MAX)?;
        not_longer("limit", self.limit.as_deref().unwrap_or_default(), LIMIT_CHARS_MAX)?;
        object("params_schema", &self.params_schema)
    }
}

impl ProcessorInfo {
    /// Checks what an operator says of a processor, by the names of the API.
    ///
    /// # Errors
    ///
    /// The first member that is out of its range.
    pub fn check(&self) -> Result<(), OptionError> {
        let items_max = ITEMS_PER_CHUNK_MAX as u16;
        within("chunkSize", self.chunk_size, 1..=items_max)?;
        within("batch", self.batch, 1..=items_max)?;
        within("maxAttempts", self.max_attempts, 1..=ATTEMPTS_MAX)?;
        within("itemTimeoutSeconds", self.item_timeout_seconds, 0..=ITEM_TIMEOUT_MAX.as_secs())?;
        not_longer("description", &self.description, DESCRIPTION_CHARS_MAX)?;
        object("paramsSchema", &self.params_schema)
    }
}

fn within<T: Debug + PartialOrd>(option: &'static str, value: T, range: RangeInclusive<T>) -> Result<(), OptionError> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(OptionError { option, found: format!("{value:?}"), allowed: format!("{:?} to {:?}", range.start(), range.end()) })
}

fn not_longer(option: &'static str, text: &str, chars_max: usize) -> Result<(), OptionError> {
    let chars = text.chars().count();
    if chars <= chars_max {
        return Ok(());
    }
    Err(OptionError { option, found: format!("a text of {chars} characters"), allowed: format!("at most {chars_max}") })
}

/// Whether it is a JSON Schema is found out when it is announced.
fn object(option: &'static str, value: &Value) -> Result<(), OptionError> {
    let found = match value {
        Value::Object(_) => return Ok(()),
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
    };
    Err(OptionError { option, found: found.to_owned(), allowed: "a JSON object, {} for any params".to_owned() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Bugs found: with `concurrency: 0` a job stayed at 0 % without a word, and with `usize::MAX` each batch panicked. Other values were
    /// announced as they were, though no job could use them, or were replaced in silence.
    #[test]
    fn an_option_out_of_its_range_is_named_with_its_range() {
        let some = Options::default;
        let seconds = Duration::from_secs;
        for fits in [
            some(),
            Options { batch: 250, concurrency: 10_000, chunk_size: Some(250), attempts_max: 1_000, ..some() },
            Options { chunk_size: Some(1), attempts_max: 1, item_timeout: Duration::from_millis(1), patience: Duration::ZERO, ..some() },
            Options { item_timeout: seconds(3_600), patience: seconds(30 * 24 * 3_600), description: "é".repeat(1_000), ..some() },
            Options { limit: Some("é".repeat(64)), ..some() },
        ] {
            assert_eq!(fits.check(), Ok(()), "{fits:?}");
        }
        for (wrong, says) in [
            (Options { batch: 0, ..some() }, "batch is 0: use 1 to 250"),
            (Options { batch: 999, ..some() }, "batch is 999: use 1 to 250"),
            (Options { concurrency: 0, ..some() }, "concurrency is 0: use 1 to 10000"),
            (Options { concurrency: 10_001, ..some() }, "concurrency is 10001: use 1 to 10000"),
            (Options { concurrency: usize::MAX, ..some() }, "concurrency is 18446744073709551615: use 1 to 10000"),
            (Options { item_timeout: Duration::ZERO, ..some() }, "item_timeout is 0ns: use 1ms to 3600s"),
            (Options { item_timeout: Duration::MAX, ..some() }, "item_timeout is 18446744073709551615.999999999s: use 1ms to 3600s"),
            (Options { attempts_max: 0, ..some() }, "attempts_max is 0: use 1 to 1000"),
            (Options { attempts_max: u32::MAX, ..some() }, "attempts_max is 4294967295: use 1 to 1000"),
            (Options { patience: Duration::MAX, ..some() }, "patience is 18446744073709551615.999999999s: use 0ns to 2592000s"),
            (Options { chunk_size: Some(0), ..some() }, "chunk_size is 0: use 1 to 250"),
            (Options { chunk_size: Some(999), ..some() }, "chunk_size is 999: use 1 to 250"),
            (Options { description: "d".repeat(1_001), ..some() }, "description is a text of 1001 characters: use at most 1000"),
            (Options { limit: Some("l".repeat(65)), ..some() }, "limit is a text of 65 characters: use at most 64"),
            (Options { params_schema: json!("x"), ..some() }, "params_schema is a text: use a JSON object, {} for any params"),
            (Options { params_schema: json!(true), ..some() }, "params_schema is true or false: use a JSON object, {} for any params"),
        ] {
            assert_eq!(wrong.check().map_err(|error| error.to_string()), Err(says.to_owned()));
        }
    }
}
