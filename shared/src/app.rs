//! What every use-case works with: the ports, and the operator's settings.

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::{ConfigError, Env, callbacks, events_to, quotas, retention_days};
use crate::cupboard::Cupboard;
use crate::jobs::{JobRepository, Jobs};
use crate::known::KnownProcessors;
use crate::ledger::Ledger;
use crate::limits::RETENTION_DAYS_DEFAULT;
use crate::notice::{NoticeSender, SendsNone};
use crate::outcome::extra::RowSizes;
use crate::queue::ChunkQueue;
use crate::quota::Quotas;
use crate::store::Store;
use headway_processor::ProcessorInfo;

/// The ports and settings. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    /// The rows of jobs.
    pub ledger: Arc<dyn Ledger>,
    /// What is kept besides the rows of jobs.
    pub cupboard: Arc<dyn Cupboard>,
    /// The repository on top of the rows.
    pub jobs: Arc<dyn JobRepository>,
    /// Where chunks are sent.
    pub queue: Arc<dyn ChunkQueue>,
    /// How others are told that a round of a job has started or ended.
    pub notices: Arc<dyn NoticeSender>,
    /// Time of day and fresh ids.
    pub clock: Arc<dyn Clock>,
    /// The processors that jobs can use.
    pub processors: KnownProcessors,
    /// The names of the endpoints that a job can name as its callback.
    pub callbacks: Arc<[String]>,
    /// True if events of jobs are put on a bus: of those that are started from now on.
    pub events: bool,
    /// How long an ended job is kept, in days.
    pub retention_days: u16,
    /// The quotas of each owner.
    pub quotas: Quotas,
    /// How much of a chunk's records its rows have. Tests set smaller sizes.
    pub row_sizes: RowSizes,
}

impl App {
    /// With these ports, default settings and no processors.
    pub fn new(store: Arc<dyn Store>, queue: Arc<dyn ChunkQueue>, clock: Arc<dyn Clock>) -> Self {
        Self {
            jobs: Arc::new(Jobs::new(store.clone(), clock.clone())),
            ledger: store.clone(),
            cupboard: store,
            queue,
            notices: Arc::new(SendsNone),
            clock,
            processors: KnownProcessors::default(),
            callbacks: Arc::default(),
            events: false,
            retention_days: RETENTION_DAYS_DEFAULT,
            quotas: Quotas::default(),
            row_sizes: RowSizes::default(),
        }
    }

    /// With the operator's settings. The settings of every function are read here.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], which names the variable.
    pub fn configured(self, env: Env<'_>) -> Result<Self, ConfigError> {
        let (callbacks, events) = (callbacks(env)?.into(), events_to(env)?.is_some());
        Ok(Self { callbacks, events, retention_days: retention_days(env)?, quotas: quotas(env)?, ..self })
    }

    /// With another way to tell others that a round of a job has started or ended.
    #[must_use]
    pub fn with_notices(mut self, notices: Arc<dyn NoticeSender>) -> Self {
        self.notices = notices;
        self
    }

    /// With events of the jobs that are started from now on, or without.
    #[must_use]
    pub fn with_events(mut self, events: bool) -> Self {
        self.events = events;
        self
    }

    /// With these processors.
    #[must_use]
    pub fn with_processors(mut self, processors: Vec<ProcessorInfo>) -> Self {
        self.processors = KnownProcessors::named(processors);
        self
    }

    /// With these processors, and those that workers announce.
    #[must_use]
    pub fn with_announced_processors(mut self, processors: Vec<ProcessorInfo>) -> Self {
        self.processors = KnownProcessors::named_and_announced(processors, self.cupboard.clone(), self.clock.clone());
        self
    }

    /// With these quotas.
    #[must_use]
    pub fn with_quotas(mut self, quotas: Quotas) -> Self {
        self.quotas = quotas;
        self
    }
}
