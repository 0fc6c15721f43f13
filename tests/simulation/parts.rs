//! What a history stands on: a table and a queue that fail on purpose.

use std::rc::Rc;

use async_trait::async_trait;
use headway::work::Delivery;
use headway::{App, ProcessorInfo};
use tokio::time::Duration;

use super::faults::{Faults, Process};

mod ports;

use ports::Ports;

/// Fresh parts for a history.
pub(crate) fn in_memory(faults: &Faults) -> Rc<dyn Parts> {
    Rc::new(Ports::new(faults.clone()))
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

    /// How many messages that are not ours were kept for people, if that can be told.
    async fn strays(&self) -> Option<usize> {
        None
    }
}
