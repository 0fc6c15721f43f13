//! Parts behind the ports: the table in memory, and a queue with SQS's semantics. Faults occur at every call of a port.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use headway_core::ledger::memory::MemoryLedger;
use headway_core::queue::memory::MemoryQueue;
use headway_core::work::{Delivery, STRAYS};
use headway_core::{App, ProcessorInfo};

use super::Parts;
use crate::faults::{Faults, Process};

mod kept;
mod ledger;
mod queue;
mod sender;

use kept::Kept;
pub(super) use ledger::{LastAnswers, SimLedger};
use queue::SimQueue;
use sender::SimSender;

/// How often a message is received before it is a dead letter; with the template's queue it is the last of these.
const RECEIVES_MAX: [u32; 4] = [3, 4, 5, 8];

/// The table and the queue, in memory.
pub(crate) struct Ports {
    faults: Faults,
    table: Arc<MemoryLedger>,
    queue: Arc<SimQueue>,
    kept: Kept,
    last_answers: LastAnswers,
}

impl Ports {
    pub(crate) fn new(faults: Faults) -> Self {
        let table: Arc<MemoryLedger> = Arc::default();
        let queue = Arc::new(SimQueue::new(RECEIVES_MAX[faults.pick(4) as usize]));
        let kept = Kept::new(faults.clone(), table.clone(), queue.clone());
        Self { faults, table, queue, kept, last_answers: LastAnswers::default() }
    }
}

#[async_trait(?Send)]
impl Parts for Ports {
    fn app(&self, process: &Process, processors: Vec<ProcessorInfo>) -> App {
        let ledger = SimLedger {
            process: process.clone(),
            table: self.table.clone(),
            calm: self.table.clone(),
            last_answers: self.last_answers.clone(),
            kept: Some(self.kept.clone()),
        };
        let queue = SimSender { process: process.clone(), queue: self.queue.clone(), table: self.table.clone() };
        App::new(Arc::new(ledger), Arc::new(queue), Arc::new(process.clone())).with_processors(processors)
    }

    fn calm_app(&self, process: &Process) -> App {
        App::new(self.table.clone(), Arc::new(MemoryQueue::default()), Arc::new(process.clone()))
    }

    fn table(&self) -> Option<&MemoryLedger> {
        Some(&self.table)
    }

    async fn receive(&self, most: u64, visibility: Duration) -> Vec<Delivery> {
        let batch = self.queue.receive(&self.faults, most, visibility);
        for (delivery, chunk) in &batch {
            chunk.iter().for_each(|chunk| self.kept.note_delivery(delivery, *chunk));
        }
        batch.into_iter().map(|(delivery, _)| delivery).collect()
    }

    async fn delete(&self, message_id: &str) {
        let Some(carried) = self.queue.delete(&self.faults, message_id) else { return };
        self.kept.check("a message was deleted", &carried);
    }

    async fn has_visible(&self) -> bool {
        self.queue.has_visible()
    }

    async fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    async fn wait(&self) {
        self.queue.wait().await;
    }

    async fn redrive(&self) -> usize {
        self.queue.redrive()
    }

    async fn hurry(&self) {
        self.queue.hurry();
    }

    async fn strays(&self) -> Option<usize> {
        Some(self.table.kept_of(STRAYS).len())
    }
}
