//! What a processor returns for an item.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::finite::is_finite;
use crate::item_error::ItemError;

/// What became of an item that was processed.
///
/// ```
/// use headway_processor::Output;
///
/// // Listed among the job's results.
/// let Output::Json(kept) = Output::json(&serde_json::json!({"invoice": 17}))? else { panic!("it is kept") };
/// assert_eq!(kept.get(), r#"{"invoice":17}"#);
/// // Counted as processed, and not listed.
/// assert!(matches!(Output::default(), Output::None));
/// # Ok::<(), headway_processor::ItemError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub enum Output {
    /// Nothing to keep.
    #[default]
    None,
    /// A JSON value, kept for the job's results byte for byte, or in its shortest form if it is too large otherwise.
    Json(Box<RawValue>),
    /// There is an output, but it is not kept: the item is listed among the results with `outputOmitted`.
    Omitted,
}

impl Output {
    /// Keeps `value` as the item's result.
    ///
    /// # Errors
    ///
    /// [`ItemError::Permanent`] with the code `output` if it cannot be written as JSON. No number of JSON is `NaN` or infinite.
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Self, ItemError> {
        let json = to_raw_value(value).map_err(|e| ItemError::permanent("output", e.to_string()))?;
        // Such a number would be written as null.
        if json.get().contains("null") && !is_finite(value) {
            return Err(ItemError::permanent("output", "a number in it is NaN or infinite, which JSON cannot say: return null instead"));
        }
        Ok(Self::Json(json))
    }
}
