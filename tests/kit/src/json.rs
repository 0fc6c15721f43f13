//! Raw JSON.

use serde_json::value::RawValue;

/// This JSON text, byte for byte.
///
/// # Panics
///
/// It is not JSON.
pub fn raw(json: impl Into<String>) -> Box<RawValue> {
    RawValue::from_string(json.into()).unwrap()
}

/// This many items, each with its own index as value.
pub fn numbers(count: u64) -> Vec<Box<RawValue>> {
    (0..count).map(|n| raw(n.to_string())).collect()
}
