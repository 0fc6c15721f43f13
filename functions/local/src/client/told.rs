//! Tells people that calls are repeated, where no bar shows it: otherwise a command on a pipe is silent for minutes.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::error::ClientError;
use crate::out::Out;

/// A cause that is over sooner is not worth a line.
const TOLD_AFTER: Duration = Duration::from_secs(3);

/// What was told. Each cause is told once: a status, or that the server cannot be reached.
#[derive(Debug, Default)]
pub(super) struct Told {
    out: Option<Out>,
    causes: Mutex<BTreeSet<Option<u16>>>,
}

impl Told {
    /// Told on stderr, unless that is a terminal.
    pub(super) fn to(out: Out) -> Told {
        let out = if std::io::stderr().is_terminal() { None } else { Some(out) };
        Told { out, causes: Mutex::default() }
    }

    /// A call is repeated because of this error, and has failed for `failing` by then.
    pub(super) fn repeating(&self, error: &ClientError, failing: Duration, why: &str) {
        let Some(out) = self.out.filter(|_| failing >= TOLD_AFTER) else { return };
        if self.causes.lock().unwrap_or_else(PoisonError::into_inner).insert(error.status()) {
            out.note(why);
        }
    }
}
