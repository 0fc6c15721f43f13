//! The parts under a history: a table and a queue that fail on purpose.

use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use headway_core::ledger::memory::MemoryLedger;
use headway_core::work::Delivery;
use headway_core::{App, ProcessorInfo};

use super::faults::{Faults, Process};
use super::tally;

#[cfg(feature = "embedded")]
mod adapters;
mod ports;

#[cfg(feature = "embedded")]
use adapters::Adapters;
use ports::Ports;

/// Through the ports, every kind of call must have failed this often by an error and by a crash, before its effect and
/// after it.
const HISTORIES_FOR_EVERY_BLOW: u64 = 100_000;

/// The parts that a run's histories use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Through {
    /// The table and the queue in memory: many histories.
    Ports,
    /// Production's adapters over the embedded table and queue: fewer histories, but closer to production.
    #[cfg(feature = "embedded")]
    Adapters,
}

impl Through {
    /// New parts for a history.
    pub(crate) async fn parts(self, faults: &Faults) -> Rc<dyn Parts> {
        match self {
            Self::Ports => Rc::new(Ports::new(faults.clone())),
            #[cfg(feature = "embedded")]
            Self::Adapters => Rc::new(Adapters::new(faults.clone()).await),
        }
    }

    /// The number of histories in a run, unless `HEADWAY_SIM_HISTORIES` is set.
    pub(crate) fn histories(self) -> u64 {
        match self {
            Self::Ports => 6_000,
            #[cfg(feature = "embedded")]
            Self::Adapters => 80,
        }
    }

    /// The command that runs one of its histories again.
    pub(crate) fn command(self) -> &'static str {
        match self {
            Self::Ports => "make sim",
            #[cfg(feature = "embedded")]
            Self::Adapters => "make sim-adapters",
        }
    }

    /// What a run with this many histories must have reached.
    pub(crate) fn expected(self, histories: u64) -> Vec<&'static str> {
        match self {
            Self::Ports if histories >= HISTORIES_FOR_EVERY_BLOW => tally::expected().collect(),
            Self::Ports if histories >= self.histories() => tally::expected().filter(|name| !RARE.contains(name)).collect(),
            Self::Ports => Vec::new(),
            #[cfg(feature = "embedded")]
            Self::Adapters => adapters::expected(histories),
        }
    }

    /// True if in a run with this many histories every kind of call must have failed before and after its effect.
    pub(crate) fn strikes_every_call(self, histories: u64) -> bool {
        self == Self::Ports && histories >= HISTORIES_FOR_EVERY_BLOW
    }
}

/// What few histories reach. A body that is submitted as a whole reserves its parts when its job is created, so that only parts
/// which are sent one by one, or by a request that is repeated, can meet the sweep. Few jobs end between two chunks of a part of which
/// the first left no records, and few are cancelled at the moment when a message of theirs is parked.
const RARE: [&str; 3] = ["race: abandon with an arriving part", "item: listed as unknown", "race: cancel with park"];

/// The table and the queue of one history.
#[async_trait(?Send)]
pub(crate) trait Parts {
    /// The app for one process, with its faults.
    fn app(&self, process: &Process, processors: Vec<ProcessorInfo>) -> App;

    /// The app without faults, for observers.
    fn calm_app(&self, process: &Process) -> App;

    /// Up to `most` messages that are visible now, either all dead letters or none. They are hidden for `visibility` or
    /// for less.
    async fn receive(&self, most: u64, visibility: Duration) -> Vec<Delivery>;

    /// Deletes a message that was processed.
    async fn delete(&self, message_id: &str);

    /// True if there is a message to receive now.
    async fn has_visible(&self) -> bool;

    /// True if every message was deleted.
    async fn is_empty(&self) -> bool;

    /// The table without faults, if its rows can be looked at without copies of them.
    fn table(&self) -> Option<&MemoryLedger> {
        None
    }

    /// The number of writes to the table, if reading the table would cost more.
    fn writes(&self) -> Option<u64> {
        None
    }

    /// Returns when there may be a message to receive.
    async fn wait(&self) {
        if !self.has_visible().await {
            headway_core::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// An operator moves dead letters back into the queue; returns how many.
    async fn redrive(&self) -> usize {
        0
    }

    /// Messages that would be delivered later are delivered now.
    async fn hurry(&self) {}

    /// How many messages that are not Headway's were kept for people, if that is known.
    async fn strays(&self) -> Option<usize> {
        None
    }
}
