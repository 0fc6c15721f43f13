//! The result of checking an item.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::cause::{LimitExceeded, Unusable};
use crate::violations::Misfit;

/// The result of checking an item.
#[derive(Debug)]
pub enum Checked {
    /// It fits unchanged.
    Fits(Box<RawValue>),
    /// It fits, after text was converted to types.
    Typed(Box<RawValue>),
    /// It does not fit.
    Misfit(Misfit),
}

/// Why an item could not be checked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NoVerdict {
    /// The schema cannot be used.
    #[error(transparent)]
    Schema(#[from] Unusable),
    /// Checking the item took more than allowed.
    #[error("{0}")]
    LimitExceeded(LimitExceeded),
    /// No child was available. It may be tried again.
    #[error("items cannot be checked now: {0}")]
    Unavailable(Arc<str>),
}
