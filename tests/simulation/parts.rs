//! What a history stands on: a table and a queue that fail on purpose.

use async_trait::async_trait;
use headway::work::Delivery;
use headway::{App, ProcessorInfo};
use tokio::time::Duration;

use super::faults::Process;

mod ports;

pub(crate) use ports::Ports;

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
}
