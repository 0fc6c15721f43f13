//! One entry of an answer's `results`.

use std::time::Duration;

use headway_core::{ItemError, Output};
use serde_json::value::RawValue;

use super::members::{Members, Twice};
use crate::processors::output;

/// The longest wait that an entry may ask for.
const WAIT_MAX: Duration = Duration::from_secs(24 * 3_600);

/// An entry that does not say what became of its item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Invalid;

impl From<Twice> for Invalid {
    fn from(_: Twice) -> Self {
        Self
    }
}

/// The index of the item that this entry is about, if it has one: an integer, once.
pub(super) fn index(entry: &Members<'_>) -> Option<u64> {
    let text = entry.get("index").ok()??.get();
    (text.len() <= 8 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// What the entry says: a valid entry says exactly one thing.
pub(super) fn outcome(entry: &Members<'_>) -> Result<Result<Output, ItemError>, Invalid> {
    let (is_there, output) = (entry.get("output")?.is_some(), entry.given("output")?);
    let omitted = entry.given("outputOmitted")?.map(read::<bool>).transpose()?.unwrap_or(false);
    let error = entry.given("error")?;
    match (output, omitted, error) {
        (Some(output), false, None) => Ok(Ok(output::of_raw(output))),
        (None, true, None) => Ok(Ok(Output::Omitted)),
        (None, false, Some(error)) => failure(error).map(Err),
        (None, false, None) if is_there => Ok(Ok(Output::None)),
        _ => Err(Invalid),
    }
}

fn failure(error: &RawValue) -> Result<ItemError, Invalid> {
    let error = Members::read(error.get()).ok_or(Invalid)?;
    let text = |name| Ok::<_, Invalid>(error.given(name)?.map(read::<String>).transpose()?.unwrap_or_default());
    let (code, message) = (text("code")?, text("message")?);
    let wait = error.given("retryAfterSeconds")?.map(read::<f64>).transpose()?;
    if wait.is_some_and(|seconds| seconds < 0.0) {
        return Err(Invalid);
    }
    let wait = wait.map(|seconds| Duration::try_from_secs_f64(seconds).map_or(WAIT_MAX, |wait| wait.min(WAIT_MAX)));
    match text("kind")?.as_str() {
        "permanent" => Ok(ItemError::Permanent { code, message }),
        "retryable" => Ok(ItemError::Retryable { code, message, retry_after: wait }),
        "throttled" => Ok(ItemError::Throttled { code, message, after: wait }),
        _ => Err(Invalid),
    }
}

fn read<T: serde::de::DeserializeOwned>(value: &RawValue) -> Result<T, Invalid> {
    serde_json::from_str(value.get()).map_err(|_| Invalid)
}
