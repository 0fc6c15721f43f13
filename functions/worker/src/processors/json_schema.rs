//! `json-schema`: the bulk-import job. Checks each item against the JSON Schema in the job's `params`, turns CSV's text
//! into the types the schema asks for, and outputs the typed item. The schema is compiled once a job.

mod bounds;
mod compile;
mod convert;
mod plan;
mod refs;
mod violations;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use headway::{Item, ItemError, ItemProcessor, Options, Output};
use serde_json::Value;
use serde_json::value::RawValue;

use compile::Compiled;

/// Checks and types items by the schema in the job's `params`.
///
/// Text becomes what `type` asks for where the schema would refuse text: `null` from the empty text, `boolean` from
/// `true` and `false` in any case, `number` and `integer` from text that is a JSON number as it stands. So `"007"`,
/// `"1,000"` and `" 5"` stay text and are refused, and so is `"1E+05"` for an integer: a spreadsheet has cut it.
/// Everything else of the item keeps its bytes, digits beyond f64's included; only the check itself reads numbers as
/// i64, u64 or f64.
#[derive(Clone, Default)]
pub struct JsonSchema {
    compiled: Option<Arc<Compiled>>,
}

impl JsonSchema {
    /// Not bound to a schema yet: `prepare` is what reads it.
    pub fn new() -> Self {
        Self::default()
    }
}

impl fmt::Debug for JsonSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonSchema").field("bound", &self.compiled.is_some()).finish()
    }
}

#[async_trait]
impl ItemProcessor for JsonSchema {
    async fn process(&self, item: Item) -> Result<Output, ItemError> {
        match &self.compiled {
            Some(compiled) => check(compiled, item.value),
            None => check(&Compiled::new(&item.params)?, item.value),
        }
    }

    fn prepare(&self, params: &RawValue) -> Result<Option<Arc<dyn ItemProcessor>>, ItemError> {
        let compiled = Some(Arc::new(Compiled::new(params)?));
        Ok(Some(Arc::new(Self { compiled })))
    }

    fn options(&self) -> Options {
        Options {
            description: "Checks each item against a JSON Schema and outputs it with text turned into the types asked for".to_owned(),
            params_schema: serde_json::json!({
                "type": "object",
                "required": ["schema"],
                "properties": {"schema": {
                    "type": ["object", "boolean"],
                    "description": "A JSON Schema of draft 4 to 2020-12; references stay within it"
                }},
                "additionalProperties": false
            }),
            ..Options::default()
        }
    }
}

fn check(compiled: &Compiled, item: Box<RawValue>) -> Result<Output, ItemError> {
    let typed = convert::convert(&compiled.plan, item.get());
    let text = typed.as_deref().unwrap_or(item.get());
    let value: Value = serde_json::from_str(text).map_err(malformed)?;
    violations::refuse(&compiled.validator, &value)?;
    match typed {
        None => Ok(Output::Json(item)),
        Some(typed) => RawValue::from_string(typed).map(Output::Json).map_err(malformed),
    }
}

fn malformed(error: serde_json::Error) -> ItemError {
    ItemError::permanent("malformed", error.to_string())
}
