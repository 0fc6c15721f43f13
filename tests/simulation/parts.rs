//! What a history stands on: a table and a queue that fail on purpose.

use std::rc::Rc;

use async_trait::async_trait;
use headway_core::work::Delivery;
use headway_core::{App, ProcessorInfo};
use tokio::time::Duration;

use super::faults::{Faults, Process};
use super::tally;

mod adapters;
mod ports;

use adapters::Adapters;
use ports::Ports;

/// Through the ports, so many have to have struck every kind of call, by an error and by a crash, before its effect and after it.
const HISTORIES_FOR_EVERY_BLOW: u64 = 100_000;

/// What a run's histories go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Through {
    /// The table and the queue in memory: many histories.
    Ports,
    /// Production's adapters over the embedded ones: fewer, and closer to the truth.
    Adapters,
}

impl Through {
    /// Fresh parts for a history.
    pub(crate) async fn parts(self, faults: &Faults) -> Rc<dyn Parts> {
        match self {
            Self::Ports => Rc::new(Ports::new(faults.clone())),
            Self::Adapters => Rc::new(Adapters::new(faults.clone()).await),
        }
    }

    /// Histories of one run, unless `HEADWAY_SIM_HISTORIES` says otherwise.
    pub(crate) fn histories(self) -> u64 {
        match self {
            Self::Ports => 6_000,
            Self::Adapters => 80,
        }
    }

    /// What plays one of its histories again.
    pub(crate) fn command(self) -> &'static str {
        match self {
            Self::Ports => "make sim",
            Self::Adapters => "make sim-adapters",
        }
    }

    /// What a run of so many histories has to have reached.
    pub(crate) fn expected(self, histories: u64) -> Vec<&'static str> {
        match self {
            Self::Ports if histories >= self.histories() => tally::expected().collect(),
            Self::Ports => Vec::new(),
            Self::Adapters => adapters::expected(histories),
        }
    }

    /// Whether a run of so many histories has to have struck every kind of call before and after.
    pub(crate) fn strikes_every_call(self, histories: u64) -> bool {
        self == Self::Ports && histories >= HISTORIES_FOR_EVERY_BLOW
    }
}

/// The table and the queue of one history.
#[async_trait(?Send)]
pub(crate) trait Parts {
    /// The app as one process reaches it, with its faults.
    fn app(&self, process: &Process, processors: Vec<ProcessorInfo>) -> App;

    /// The app without faults, for those who watch.
    fn calm_app(&self, process: &Process) -> App;

    /// Up to `most` messages that are visible now, all dead letters or none, hidden for `visibility` or not even that.
    async fn receive(&self, most: u64, visibility: Duration) -> Vec<Delivery>;

    /// Deletes a message that was worked on.
    async fn delete(&self, message_id: &str);

    /// Whether there is a message to be received now.
    async fn has_visible(&self) -> bool;

    /// Whether every message was deleted.
    async fn is_empty(&self) -> bool;

    /// How many writes the table has taken, where a look at it costs more than to know that.
    fn writes(&self) -> Option<u64> {
        None
    }

    /// Returns when there may be a message to be received.
    async fn wait(&self) {
        if !self.has_visible().await {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// An operator moves dead letters back into the queue; says how many.
    async fn redrive(&self) -> usize {
        0
    }

    /// Messages that would come later come now.
    async fn hurry(&self) {}

    /// How many messages that are not ours were kept for people, if that can be told.
    async fn strays(&self) -> Option<usize> {
        None
    }
}
