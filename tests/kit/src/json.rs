//! Raw JSON.

use serde_json::value::RawValue;

/// This text, which is JSON, byte for byte.
///
/// # Panics
/// If it is not JSON.
pub fn raw(json: impl Into<String>) -> Box<RawValue> {
    RawValue::from_string(json.into()).unwrap()
}

/// So many items, each its own index.
pub fn numbers(count: u64) -> Vec<Box<RawValue>> {
    (0..count).map(|n| raw(n.to_string())).collect()
}
