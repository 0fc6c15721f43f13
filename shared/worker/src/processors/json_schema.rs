//! `json-schema`, for bulk imports. Checks each item against the JSON Schema in the job's `params`, converts text to
//! the types of the schema if the params say that all values are text, and outputs the typed item. Schemas and items
//! are like strangers' programs: both are processed in the child processes of [`headway_schema::sandbox`].

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use headway_built_in::json_schema::{self, Params};
use headway_core::limits::ERROR_MESSAGE_CHARS_MAX;
use headway_core::{Item, ItemError, ItemProcessor, Options, Output, UserId};
use headway_schema::sandbox::{Checked, NoVerdict};
use headway_schema::{Misfit, Sandbox, Source};
use serde_json::value::RawValue;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

/// How a message ends that does not say everything.
const AND_MORE: &str = "; and more";
/// The owner's name where the owner is not known. No real owner has an empty name.
const NO_OWNER: &str = "";
/// After how long an item that could not be checked is tried again.
const UNAVAILABLE_FOR: Duration = Duration::from_secs(1);

/// Checks items with the schema in the job's `params`, and converts their types.
///
/// JSON is checked as it is. With `"text": true`, as the command sets it for CSV, a text that the schema refuses is
/// converted to what the schema wants: `null` from the empty text, `boolean` from `true` and `false` in any case,
/// `number` and `integer` from text that is exactly a JSON number. So `"007"`, `"1,000"` and `" 5"` stay text and are
/// refused, and so is `"1E+05"` for an integer, since a spreadsheet has rounded it. A text that the schema accepts
/// stays text. Everything else in the item keeps its bytes, including digits beyond f64's; only the check itself reads
/// numbers as i64, u64 or f64.
#[derive(Debug, Clone, Default)]
pub struct JsonSchema {
    source: Option<Arc<Source>>,
}

impl JsonSchema {
    /// Not bound to a schema yet: `prepare` reads it.
    pub fn new() -> Self {
        Self::default()
    }

    /// The schema in a job's `params`.
    ///
    /// # Errors
    ///
    /// [`ItemError::Permanent`] if there is none, or something else.
    pub fn source(params: &RawValue) -> Result<Arc<Source>, ItemError> {
        let Params { schema, text } = Params::read(params)?;
        Ok(Arc::new(Source::new(schema.get(), text)))
    }

    fn source_of(&self, item: &Item) -> Result<Arc<Source>, ItemError> {
        self.source.as_ref().map_or_else(|| Self::source(&item.params), |source| Ok(source.clone()))
    }
}

#[async_trait]
impl ItemProcessor for JsonSchema {
    async fn process(&self, item: Item) -> Result<Output, ItemError> {
        result(Sandbox::global().check(item.user_id.as_str(), &self.source_of(&item)?, item.value).await)
    }

    async fn process_many(&self, items: Vec<Item>) -> Vec<Result<Output, ItemError>> {
        let Some(first) = items.first() else { return Vec::new() };
        let (owner, source) = (first.user_id.clone(), self.source_of(first));
        match source {
            Ok(source) => {
                let items = items.into_iter().map(|item| item.value).collect();
                Sandbox::global().check_all(owner.as_str(), &source, items).await.into_iter().map(result).collect()
            }
            Err(error) => items.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    fn prepare(&self, params: &RawValue) -> Result<Option<Arc<dyn ItemProcessor>>, ItemError> {
        bound(NO_OWNER, params)
    }

    fn prepare_for(&self, user: &UserId, params: &RawValue) -> Result<Option<Arc<dyn ItemProcessor>>, ItemError> {
        bound(user.as_str(), params)
    }

    fn options(&self) -> Options {
        json_schema::options()
    }
}

/// Compiles the schema in this owner's turn, and returns a processor with it.
fn bound(owner: &str, params: &RawValue) -> Result<Option<Arc<dyn ItemProcessor>>, ItemError> {
    let source = JsonSchema::source(params)?;
    off_the_way(|| Sandbox::global().compile_blocking(owner, &source)).map_err(without_verdict)?;
    Ok(Some(Arc::new(JsonSchema { source: Some(source) })))
}

/// Waits without blocking anything else in the runtime, if it has other threads.
fn off_the_way<T>(wait: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => block_in_place(wait),
        _ => wait(),
    }
}

fn result(verdict: Result<Checked, NoVerdict>) -> Result<Output, ItemError> {
    match verdict {
        Ok(Checked::Fits(item) | Checked::Typed(item)) => Ok(Output::Json(item)),
        Ok(Checked::Misfit(misfit)) => Err(failure(misfit)),
        Err(no_verdict) => Err(without_verdict(no_verdict)),
    }
}

fn failure(misfit: Misfit) -> ItemError {
    let mut violations = misfit.violations.iter().peekable();
    let mut message = violations.next().map(ToString::to_string).unwrap_or_default();
    // A longer message is cut when it is kept, perhaps amid a violation.
    while let Some(violation) = violations.next() {
        let next = format!("; {violation}");
        let after = if violations.peek().is_some() { AND_MORE.len() } else { 0 };
        if message.chars().count() + next.chars().count() + after > ERROR_MESSAGE_CHARS_MAX {
            message.push_str(AND_MORE);
            break;
        }
        message.push_str(&next);
    }
    ItemError::permanent(misfit.code, message)
}

fn without_verdict(no_verdict: NoVerdict) -> ItemError {
    match no_verdict {
        NoVerdict::Schema(unusable) => {
            let refusals = unusable
                .refusals()
                .into_iter()
                .map(|refusal| format!("/schema{}: {}", refusal.pointer, refusal.detail))
                .collect::<Vec<_>>();
            ItemError::permanent(unusable.code(), format!("params: {}", refusals.join("; ")))
        }
        NoVerdict::LimitExceeded(exceeded) => ItemError::permanent(exceeded.code(), exceeded.to_string()),
        // Nothing is wrong with the item, so this is not an attempt.
        NoVerdict::Unavailable(why) => {
            ItemError::throttled("schema unavailable", format!("items cannot be checked now: {why}"), Some(UNAVAILABLE_FOR))
        }
    }
}
