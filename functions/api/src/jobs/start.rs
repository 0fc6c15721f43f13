//! The body that starts a job. The answer reports everything that is wrong with it at once, each with its JSON Pointer.

mod tolerated;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use headway_core::job::Labels;
use headway_core::limits::{
    ITEMS_PER_CHUNK_MAX, ITEMS_PER_JOB_MAX, ITEMS_PER_REQUEST_MAX, METADATA_BYTES_MAX, METADATA_KEY_CHARS_MAX, METADATA_PAIRS_MAX,
    METADATA_VALUE_CHARS_MAX, PARAMS_BYTES_MAX, TITLE_CHARS_MAX,
};
use headway_core::shortest::{value_within, within};
use headway_core::submit::{RequestKey, Submission};
use headway_core::{ToleratedFailures, Violation};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use self::tolerated::tolerated;
use crate::auth::Claims;
use crate::job_status::ToleratedFailuresDocument;
use crate::json;
use crate::members::{escaped, unknown_members};
use crate::problem::ApiErrorResponse;

/// A job to be started.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct StartJobRequest {
    /// The name of a processor that `/v1/processors` lists.
    #[schema(min_length = 1)]
    pub processor: String,
    /// Parameters for the processor, 100,000 bytes at most.
    #[schema(value_type = Option<Object>)]
    pub params: Arc<RawValue>,
    /// All items, kept byte for byte. Absent if `sealed` is false.
    #[schema(value_type = Option<Vec<Value>>, max_items = 50_000)]
    pub items: Option<Vec<Box<RawValue>>>,
    /// False if the items follow as parts. True if it is left out.
    pub sealed: Option<bool>,
    /// How many items will be submitted as parts, if `sealed` is false. Progress is shown as a share of them.
    #[schema(minimum = 0, maximum = 10_000_000)]
    pub expected_items: Option<u64>,
    /// The top-level member of each item that contains its id.
    #[schema(min_length = 1)]
    pub id_field: Option<String>,
    /// How many failed items the job tolerates. Default none.
    #[schema(value_type = Option<ToleratedFailuresDocument>)]
    pub tolerated_failures: ToleratedFailures,
    /// The most items in a chunk.
    #[schema(minimum = 1, maximum = 250)]
    pub chunk_size: Option<u16>,
    /// The job's name for people, 1 to 200 characters, not blank.
    #[schema(min_length = 1, max_length = 200, pattern = r"[^\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")]
    pub title: Option<String>,
    /// The caller's own key-value pairs: 20 at most, keys of 40 and texts of 500 characters at most, 2,000 bytes in
    /// all, in the shortest form.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<String>,
    /// The name of an endpoint that is called each time the job ends: one of those that the operator allows.
    #[schema(min_length = 1)]
    pub callback: Option<String>,
}

impl StartJobRequest {
    pub(super) fn into_submission(self, claims: &Claims, key: Option<RequestKey>) -> Submission {
        Submission {
            user_id: claims.owner.clone(),
            created_by: claims.subject.clone(),
            processor: self.processor,
            params: self.params,
            items: self.items,
            expected_items: self.expected_items,
            id_field: self.id_field,
            tolerated: self.tolerated_failures,
            chunk_size: self.chunk_size,
            labels: Labels { callback: self.callback, title: self.title, metadata: self.metadata, ..Labels::default() },
            key,
        }
    }
}

/// Reads a body. A callback can be one of these endpoints.
///
/// # Errors
///
/// `malformed` if it is not strict JSON, `invalid` with everything that is wrong.
pub(super) fn read(body: &[u8], callbacks: &[String]) -> Result<StartJobRequest, ApiErrorResponse> {
    let Some(members) = json::object(body)? else {
        return Err(ApiErrorResponse::invalid(vec![Violation::new("", "must be an object")]));
    };
    let mut reader = BodyMembers { members, callbacks, wrong: Vec::new() };
    let request = reader.request();
    reader.refuse_the_rest();
    match request {
        Some(request) if reader.wrong.is_empty() => Ok(request),
        _ => Err(ApiErrorResponse::invalid(reader.wrong)),
    }
}

/// The members that have not been read yet, and what is wrong so far. A member that is null counts as absent.
struct BodyMembers<'a> {
    members: BTreeMap<String, &'a RawValue>,
    callbacks: &'a [String],
    wrong: Vec<Violation>,
}

impl<'a> BodyMembers<'a> {
    /// `None` only if something is wrong.
    fn request(&mut self) -> Option<StartJobRequest> {
        let sealed = self.value("sealed", "must be true or false", Value::as_bool).unwrap_or(true);
        let processor = self.value("processor", "must be the name of a processor", text);
        if processor.is_none() && !self.wrong.iter().any(|wrong| wrong.pointer == "/processor") {
            self.refuse("/processor", "is required");
        }
        let params = self.params();
        let items = self.items(sealed);
        let expected_items = self.expected_items(sealed);
        let id_field = self.value("idField", "must be the name of a member", text);
        let tolerated_failures = self.tolerated_failures();
        let chunk_size = self.value("chunkSize", "must be a whole number from 1 to 250", |value| {
            json::whole_number(value).filter(|size| (1..=ITEMS_PER_CHUNK_MAX as u64).contains(size)).and_then(|size| size.try_into().ok())
        });
        let title = self.title();
        let metadata = self.metadata();
        let callback = self.callback();
        let sealed = Some(sealed);
        Some(StartJobRequest {
            processor: processor?,
            params,
            items,
            expected_items,
            sealed,
            id_field,
            tolerated_failures,
            chunk_size,
            title,
            metadata,
            callback,
        })
    }

    fn refuse(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.wrong.push(Violation::new(pointer, detail));
    }

    fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        self.members.remove(name).filter(|raw| raw.get() != "null")
    }

    fn value<T>(&mut self, name: &str, must: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let value: Option<Value> = serde_json::from_str(self.take(name)?.get()).ok();
        let read = value.as_ref().and_then(read);
        if read.is_none() {
            self.refuse(format!("/{name}"), must);
        }
        read
    }

    fn params(&mut self) -> Arc<RawValue> {
        let given = self.take("params");
        if given.is_some_and(|raw| !raw.get().starts_with('{')) {
            self.refuse("/params", "must be an object");
        }
        let none = || RawValue::from_string("{}".to_owned()).unwrap_or_default();
        let kept = value_within(PARAMS_BYTES_MAX, given.map_or_else(none, ToOwned::to_owned)).unwrap_or_else(|| {
            self.refuse("/params", format!("larger than {PARAMS_BYTES_MAX} bytes"));
            none()
        });
        kept.into()
    }

    fn items(&mut self, sealed: bool) -> Option<Vec<Box<RawValue>>> {
        let given = self.take("items");
        match (given, sealed) {
            (None, false) => None,
            (None, true) => {
                self.refuse("/items", "is required unless `sealed` is false");
                None
            }
            (Some(_), false) => {
                self.refuse("/items", "must be absent if `sealed` is false: send the items as parts");
                None
            }
            (Some(raw), true) => {
                let items = json::elements(raw.get(), ITEMS_PER_REQUEST_MAX);
                if items.is_none() {
                    self.refuse("/items", "must be an array");
                }
                items
            }
        }
    }

    fn expected_items(&mut self, sealed: bool) -> Option<u64> {
        let must = format!("must be a whole number from 0 to {ITEMS_PER_JOB_MAX}");
        let expected = self.value("expectedItems", &must, |value| json::whole_number(value).filter(|items| *items <= ITEMS_PER_JOB_MAX));
        if expected.is_some() && sealed {
            self.refuse("/expectedItems", "must be absent unless `sealed` is false: the items themselves are in the body");
        }
        expected
    }

    fn tolerated_failures(&mut self) -> ToleratedFailures {
        let Some(raw) = self.take("toleratedFailures") else { return ToleratedFailures::default() };
        tolerated(raw).unwrap_or_else(|violation| {
            self.wrong.push(violation);
            ToleratedFailures::default()
        })
    }

    fn title(&mut self) -> Option<String> {
        let must = format!("must be a text of 1 to {TITLE_CHARS_MAX} characters that is not blank");
        let fits = |title: &str| !title.trim().is_empty() && title.chars().count() <= TITLE_CHARS_MAX;
        self.value("title", &must, |value| value.as_str().filter(|title| fits(title)).map(str::to_owned))
    }

    fn callback(&mut self) -> Option<String> {
        let must = match self.callbacks {
            [] => "names an endpoint, and the operator has configured none for callbacks (HEADWAY_CALLBACKS)".to_owned(),
            known => format!("must be the name of an endpoint for callbacks; there are: {}", known.join(", ")),
        };
        let callbacks = self.callbacks;
        self.value("callback", &must, |value| value.as_str().filter(|name| callbacks.iter().any(|known| known == name)).map(str::to_owned))
    }

    fn metadata(&mut self) -> Option<String> {
        let raw = self.take("metadata")?.get();
        let Some(pairs) = serde_json::from_str::<BTreeMap<String, Value>>(raw).ok() else {
            self.refuse("/metadata", "must be an object");
            return None;
        };
        if pairs.len() > METADATA_PAIRS_MAX {
            self.refuse("/metadata", format!("more than {METADATA_PAIRS_MAX} pairs"));
        }
        let kept = within(METADATA_BYTES_MAX, raw);
        if kept.is_none() {
            self.refuse("/metadata", format!("larger than {METADATA_BYTES_MAX} bytes"));
        }
        for (key, value) in &pairs {
            let pointer = || format!("/metadata/{}", escaped(key));
            if !(1..=METADATA_KEY_CHARS_MAX).contains(&key.chars().count()) {
                self.refuse(pointer(), format!("the key must have 1 to {METADATA_KEY_CHARS_MAX} characters"));
            }
            match value {
                Value::Object(_) | Value::Array(_) => self.refuse(pointer(), "must be a text, a number, true, false or null"),
                Value::String(text) if text.chars().count() > METADATA_VALUE_CHARS_MAX => {
                    self.refuse(pointer(), format!("longer than {METADATA_VALUE_CHARS_MAX} characters"));
                }
                _ => {}
            }
        }
        kept.map(Cow::into_owned)
    }

    fn refuse_the_rest(&mut self) {
        self.wrong.extend(unknown_members(&self.members, &[]));
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests;
