//! Which connections have carried an answer: only on those may a request be sent again in the same try.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

/// Connections that are remembered; more than any endpoint has open.
const REMEMBERED_MAX: usize = 4_096;

/// Connections that have carried an answer, by their local address.
#[derive(Debug, Default)]
pub(crate) struct Connections(Mutex<HashSet<SocketAddr>>);

impl Connections {
    /// This one has carried an answer.
    pub(crate) fn remember(&self, address: SocketAddr) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Forgetting all of them costs an attempt at most.
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(address);
    }

    /// Whether this one had carried an answer; it is forgotten.
    pub(crate) fn forget(&self, address: SocketAddr) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&address)
    }
}
