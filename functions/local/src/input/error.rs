//! Why a file's items cannot be read.

use std::io;

use super::place::Place;

/// Why a file's items cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The file cannot be opened.
    #[error("{name} cannot be opened")]
    Open {
        /// The file's name.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// Reading broke off.
    #[error("the input cannot be read on")]
    Read(#[source] io::Error),
    /// Reading a file broke off.
    #[error("{name} cannot be read on")]
    ReadOf {
        /// The file's name.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// What can be read only once could not be kept for the second reading.
    #[error("the input cannot be kept in {directory} until it is sent: set TMPDIR to a directory with room for it")]
    Spool {
        /// The directory for temporary files.
        directory: String,
        /// Why.
        source: io::Error,
    },
    /// Something in the text is not what the format asks for.
    #[error("{place}: {what}")]
    At {
        /// Where.
        place: Place,
        /// What is wrong, and what to do.
        what: String,
    },
    /// What the other two say of the file's text, with the file's name.
    #[error("{name}: {what}")]
    In {
        /// The file's name.
        name: String,
        /// Where, what is wrong, and what to do.
        what: String,
    },
    /// The file as a whole is not what the format asks for.
    #[error("{0}")]
    File(String),
}

impl From<io::Error> for InputError {
    /// A reader of ours that fails with an error of its own hands it through as an I/O error.
    fn from(error: io::Error) -> InputError {
        error.downcast::<InputError>().unwrap_or_else(InputError::Read)
    }
}

impl InputError {
    /// The error with the name of the file that it is about, if it does not name it yet.
    #[must_use]
    pub fn of_file(self, name: &str) -> InputError {
        match self {
            InputError::At { .. } | InputError::File(_) => InputError::In { name: name.to_owned(), what: self.to_string() },
            InputError::Read(source) => InputError::ReadOf { name: name.to_owned(), source },
            named => named,
        }
    }

    pub(super) fn at(place: Place, what: impl Into<String>) -> InputError {
        InputError::At { place, what: what.into() }
    }
}
