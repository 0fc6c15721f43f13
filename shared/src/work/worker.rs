//! The worker: what it works with, and what it remembers between invocations.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

use super::asked_for::AskedFor;
use super::call_threads::CallThreads;
use super::leases::Leases;
use super::notice_places::NoticePlaces;
use super::prepared::PreparedJobs;
use super::running_workers::RunningWorkers;
use super::turns::Turns;
use crate::app::App;
use crate::ids::JobId;
use headway_processor::Processors;

/// A worker. [`Worker::work`] processes the messages of an invocation.
#[derive(Debug)]
pub struct Worker {
    pub(super) app: App,
    pub(super) processors: Processors,
    pub(super) leases: Leases,
    pub(super) prepared: PreparedJobs,
    pub(super) alone: bool,
    pub(super) ended_with_server: Option<DateTime<Utc>>,
    pub(super) name: Option<String>,
    pub(super) running_workers: Mutex<RunningWorkers>,
    pub(super) turns: Turns,
    pub(super) threads: CallThreads,
    pub(super) notice_places: NoticePlaces,
    pub(super) asked_for: AskedFor,
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
            ended_with_server: None,
            name: None,
            running_workers: Mutex::default(),
            turns: Turns::default(),
            threads: CallThreads::default(),
            notice_places: NoticePlaces::default(),
            asked_for: AskedFor::default(),
        }
    }

    /// Awaits this while it prepares a job's processor, so that a simulation's worker can die there.
    #[must_use]
    pub fn preparing_beside(mut self, meanwhile: Arc<dyn Fn(JobId) -> BoxFuture<'static, ()> + Send + Sync>) -> Self {
        self.prepared.meanwhile = Some(meanwhile);
        self
    }

    /// Takes the number of stuck threads from this counter, for a simulation, which has no threads.
    #[must_use]
    pub fn with_stuck(mut self, stuck: Arc<AtomicUsize>) -> Self {
        self.threads = CallThreads::simulated(stuck);
        self
    }

    /// Calls each processor on a thread of its own, so that one that never yields blocks nothing else.
    ///
    /// # Errors
    ///
    /// The system refuses a thread.
    pub fn with_threads(mut self) -> std::io::Result<Self> {
        self.threads = CallThreads::on_threads()?;
        Ok(self)
    }

    /// True if so many threads are stuck in processors that this process has to end. It begins nothing more then.
    pub fn is_spent(&self) -> bool {
        self.threads.is_spent()
    }

    /// The process was told to stop: from now on no item begins here. Running items end, and the rest is returned at once.
    pub fn stop(&self) {
        self.threads.stop();
    }

    /// Declares this the only worker: a mark that it did not make was left by a dead one.
    #[must_use]
    pub fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    /// Declares that every worker that had to end by this time ended together with its server, which was stopped or killed
    /// from outside. So a mark with such a deadline blames nothing.
    #[must_use]
    pub fn ended_with_server(mut self, by: Option<DateTime<Utc>>) -> Self {
        self.ended_with_server = by;
        self
    }

    /// Names this process. Its marks show the name. Among the workers of a server that says which of them run, no other ever has it.
    #[must_use]
    pub fn named(mut self, name: Option<String>) -> Self {
        self.name = name;
        self
    }

    /// The server says which worker processes it runs. A mark of one that has ended is judged without waiting for its time to be over.
    pub fn hears_of(&self, running: RunningWorkers) {
        *self.running_workers.lock().unwrap_or_else(PoisonError::into_inner) = running;
    }
}
