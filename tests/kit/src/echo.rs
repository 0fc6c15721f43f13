//! The processor that does what an item says.

use std::time::Duration;

use async_trait::async_trait;
use headway_core::{Item, ItemError, ItemProcessor, Output};
use serde_json::Value;

/// Returns each item as its output. An item with a member `fail` fails permanently with that text, with the code in
/// `code` or `asked`; one with `panic` panics with the item in the message; one with `wait` takes that many seconds and
/// has no output.
#[derive(Debug)]
pub struct Echo;

#[async_trait]
impl ItemProcessor for Echo {
    async fn process(&self, item: Item) -> Result<Output, ItemError> {
        let value: Value = item.parse()?;
        let text = |name| value.get(name).and_then(Value::as_str);
        if let Some(message) = text("fail") {
            return Err(ItemError::permanent(text("code").unwrap_or("asked"), message));
        }
        assert!(value.get("panic").is_none(), "at {value}");
        match value.get("wait").and_then(Value::as_f64) {
            Some(seconds) => {
                tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
                Ok(Output::None)
            }
            None => Ok(Output::Json(item.value)),
        }
    }
}
