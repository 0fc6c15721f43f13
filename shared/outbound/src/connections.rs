//! Which connections have carried an answer: only on those may a request be sent again in the same attempt. And which hosts
//! sent bytes that were no answer to a request: their connections are not used again.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

/// How many connections are remembered; more than any endpoint has open.
const REMEMBERED_MAX: usize = 4_096;

/// What is known of a client's connections.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    /// Those that have carried an answer, by their local address.
    answered: Mutex<HashSet<SocketAddr>>,
    /// Hosts and ports whose connections are used once. There are no more than endpoints.
    used_once: Mutex<HashSet<String>>,
}

impl Connections {
    /// Records that this connection has carried an answer.
    pub(crate) fn remember(&self, address: SocketAddr) {
        let mut known = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        // Removing all of them costs one attempt at most.
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(address);
    }

    /// True if this connection had carried an answer; it is removed.
    pub(crate) fn forget(&self, address: SocketAddr) -> bool {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).remove(&address)
    }

    /// Records that connections to this host and port are used once from now on. True if it is new.
    pub(crate) fn use_once(&self, host_and_port: &str) -> bool {
        self.used_once.lock().unwrap_or_else(PoisonError::into_inner).insert(host_and_port.to_owned())
    }

    /// True if connections to this host and port are used once.
    pub(crate) fn are_used_once(&self, host_and_port: &str) -> bool {
        self.used_once.lock().unwrap_or_else(PoisonError::into_inner).contains(host_and_port)
    }
}
