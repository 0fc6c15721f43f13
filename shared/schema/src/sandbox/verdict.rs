//! What is said of an item.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::cause::{Cut, Unusable};
use crate::violations::Misfit;

/// What became of an item.
#[derive(Debug)]
pub enum Checked {
    /// It fits; as it came.
    Fits(Box<RawValue>),
    /// It fits, with text turned into types.
    Typed(Box<RawValue>),
    /// It does not fit.
    Misfit(Misfit),
}

/// Why there is no verdict on an item.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NoVerdict {
    /// The schema is of no use.
    #[error(transparent)]
    Schema(#[from] Unusable),
    /// Checking the item took more than it may.
    #[error("{cut}")]
    Cut {
        /// Which bound it was.
        cut: Cut,
    },
    /// No child could be had; it may be tried again.
    #[error("items cannot be checked now: {0}")]
    Unavailable(Arc<str>),
}
