//! Checks the items of one request before anything is written.

use serde_json::value::RawValue;

use crate::error::{JobError, Violation};
use crate::item_id;
use crate::limits::{ID_CHARS_MAX, ITEM_BYTES_MAX, ITEMS_PER_REQUEST_MAX, VIOLATIONS_MAX};

/// All errors in the items of one request, with JSON pointers below `base`. `if_too_many` is what the caller can do about their number.
pub(crate) fn check(items: &[Box<RawValue>], id_field: Option<&str>, base: &str, if_too_many: &str) -> Result<(), JobError> {
    let mut violations = Vec::new();
    if items.len() > ITEMS_PER_REQUEST_MAX {
        violations.push(Violation::new(base, format!("more than {ITEMS_PER_REQUEST_MAX} items: {if_too_many}")));
    }
    let too_large = items.iter().enumerate().filter(|(_, item)| item.get().len() > ITEM_BYTES_MAX);
    let violation = |(i, _)| Violation::new(format!("{base}/{i}"), format!("larger than {ITEM_BYTES_MAX} bytes"));
    violations.extend(too_large.map(violation).take(VIOLATIONS_MAX));
    if let Some(field) = id_field {
        violations.extend(item_id::violations(items, field, base, ID_CHARS_MAX));
    }
    violations.truncate(VIOLATIONS_MAX);
    if violations.is_empty() { Ok(()) } else { Err(JobError::Invalid(violations)) }
}

/// Refuses the request for one reason.
pub(super) fn invalid(pointer: &str, detail: impl Into<String>) -> JobError {
    JobError::Invalid(vec![Violation::new(pointer, detail)])
}
