//! Times as others see them.

use chrono::{DateTime, Utc};
use serde::Serializer;

/// RFC 3339, UTC, three decimals, `Z`.
///
/// # Errors
///
/// Those of the serializer.
pub fn time<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&time.format("%Y-%m-%dT%H:%M:%S%.3fZ"))
}

pub(crate) fn time_or_null<S: Serializer>(at: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => time(at, serializer),
        None => serializer.serialize_none(),
    }
}
