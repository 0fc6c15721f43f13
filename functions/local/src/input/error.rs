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
        /// The cause.
        source: io::Error,
    },
    /// Reading failed before the end.
    #[error("reading the input failed")]
    Read(#[source] io::Error),
    /// Reading a file failed before its end.
    #[error("reading {name} failed")]
    ReadOf {
        /// The file's name.
        name: String,
        /// The cause.
        source: io::Error,
    },
    /// Input that can be read only once could not be copied for the second reading.
    #[error("the input cannot be kept in {directory} until it is sent: set TMPDIR to a directory with room for it")]
    Spool {
        /// The directory for temporary files.
        directory: String,
        /// The cause.
        source: io::Error,
    },
    /// The text breaks a rule of its format.
    #[error("{place}: {what}")]
    At {
        /// The place.
        place: Place,
        /// What is wrong, and what to do.
        what: String,
    },
    /// One of the two errors above about a file's text, with the file's name.
    #[error("{name}: {what}")]
    In {
        /// The file's name.
        name: String,
        /// The place, what is wrong, and what to do.
        what: String,
    },
    /// The file as a whole does not have the expected format.
    #[error("{0}")]
    File(String),
}

impl From<io::Error> for InputError {
    /// A reader of ours that fails with such an error passes it on inside an I/O error.
    fn from(error: io::Error) -> InputError {
        error.downcast::<InputError>().unwrap_or_else(InputError::Read)
    }
}

impl InputError {
    /// The error with the name of its file, if it does not name the file yet.
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
