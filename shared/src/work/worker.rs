//! The worker: what it works with, and what it remembers between invocations.

use super::leases::Leases;
use super::prepared::PreparedJobs;
use crate::app::App;
use crate::processor::Processors;

/// A worker. [`Worker::work`] is its way with a batch of messages.
#[derive(Debug)]
pub struct Worker {
    pub(super) app: App,
    pub(super) processors: Processors,
    pub(super) leases: Leases,
    pub(super) prepared: PreparedJobs,
    pub(super) alone: bool,
    /// Held by the one item in careful mode, in a worker that is alone.
    pub(super) turn: tokio::sync::Mutex<()>,
}

impl Worker {
    /// A worker with these processors.
    pub fn new(app: App, processors: Processors) -> Self {
        Self {
            app,
            processors,
            leases: Leases::default(),
            prepared: PreparedJobs::default(),
            alone: false,
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// This is the only worker there is: a mark it did not make was left by one that is dead.
    #[must_use]
    pub fn alone(mut self) -> Self {
        self.alone = true;
        self
    }
}
