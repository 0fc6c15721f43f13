//! The worker: what it works with, and what it remembers between invocations.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::leases::Leases;
use super::prepared::PreparedJobs;
use super::turns::Turns;
use crate::app::App;
use crate::ids::JobId;
use crate::processor::Processors;

/// A worker. [`Worker::work`] is its way with a batch of messages.
#[derive(Debug)]
pub struct Worker {
    pub(super) app: App,
    pub(super) processors: Processors,
    pub(super) leases: Leases,
    pub(super) prepared: PreparedJobs,
    pub(super) alone: bool,
    pub(super) turns: Turns,
}

impl Worker {
    /// A worker with these processors.
    pub fn new(app: App, processors: Processors) -> Self {
        Self { app, processors, leases: Leases::default(), prepared: PreparedJobs::default(), alone: false, turns: Turns::default() }
    }

    /// Awaits this while it prepares a job's processor: in a simulation, a worker can die there.
    #[must_use]
    pub fn preparing_beside(mut self, meanwhile: Arc<dyn Fn(JobId) -> BoxFuture<'static, ()> + Send + Sync>) -> Self {
        self.prepared.meanwhile = Some(meanwhile);
        self
    }

    /// This is the only worker there is: a mark it did not make was left by one that is dead.
    #[must_use]
    pub fn alone(mut self) -> Self {
        self.alone = true;
        self
    }
}
