//! The worker, and what it is given: deliveries, and the time until the function is stopped.

use std::time::Duration;

use tokio::time::Instant;

use super::leases::Leases;
use super::prepared::{Prepared, PreparedJobs};
use crate::app::App;
use crate::chunk::ChunkMessage;
use crate::job::Job;
use crate::outcome::Outcome;
use crate::part::Part;
use crate::processor::Processors;

/// A message as the event source mapping delivers it.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The queue's id of it.
    pub message_id: String,
    /// Its text.
    pub body: String,
    /// How often it was received, this time included.
    pub receive_count: u32,
    /// Whether it came by the dead-letter queue.
    pub dead_letter: bool,
}

/// When an invocation began, and when the function is stopped.
#[derive(Debug, Clone, Copy)]
pub struct Invocation {
    /// Its begin.
    pub began: Instant,
    /// Its deadline.
    pub deadline: Instant,
}

impl Invocation {
    /// Whether so much of it is left at `now` that no other would give an item more time.
    pub(super) fn is_fresh(&self, now: Instant) -> bool {
        now.duration_since(self.began) <= FRESH
    }
}

/// How long an invocation is as good as a new one.
const FRESH: Duration = Duration::from_secs(1);

/// A worker: what it works with, and what it remembers between invocations.
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

/// A chunk with the rows that were read for it.
pub(super) struct Found<'a> {
    pub(super) message: &'a ChunkMessage,
    pub(super) job: &'a Job,
    pub(super) part: &'a Part,
}

/// A chunk whose items are to be run.
pub(super) struct Run<'a> {
    pub(super) found: &'a Found<'a>,
    pub(super) prepared: Prepared,
    /// What is recorded of it already.
    pub(super) recorded: Option<Outcome>,
    pub(super) invocation: Invocation,
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
