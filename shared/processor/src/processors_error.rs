//! Why a worker cannot start with its processors.

use std::fmt;

use crate::name_error::NameError;
use crate::option_error::OptionError;

/// Why a worker cannot start with its processors, and what to do. It looks the same when a `main` returns it.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProcessorsError {
    /// A name that jobs cannot use, or that two processors have.
    #[error(transparent)]
    Name(#[from] NameError),
    /// An option that no worker can follow.
    #[error("the processor {processor}: {wrong}")]
    Option {
        /// The processor's name.
        processor: String,
        /// The option, and what to use instead.
        wrong: OptionError,
    },
}

impl fmt::Debug for ProcessorsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
