//! Which connections have carried an answer: only on those may a request be sent again in the same attempt.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

/// How many connections are remembered; more than any endpoint has open.
const REMEMBERED_MAX: usize = 4_096;

/// Connections that have carried an answer, by their local address.
#[derive(Debug, Default)]
pub(crate) struct Connections(Mutex<HashSet<SocketAddr>>);

impl Connections {
    /// Records that this connection has carried an answer.
    pub(crate) fn remember(&self, address: SocketAddr) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Removing all of them costs one attempt at most.
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(address);
    }

    /// True if this connection had carried an answer; it is removed.
    pub(crate) fn forget(&self, address: SocketAddr) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&address)
    }
}
