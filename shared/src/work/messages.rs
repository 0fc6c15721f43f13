//! The messages of an invocation: their rows are read together, then the messages are processed concurrently.

use futures::stream::{FuturesUnordered, StreamExt as _};

use super::delivery::{Delivery, Invocation};
use super::find::Parts;
use super::worked::{Handled, Worked};
use super::worker::Worker;
use crate::chunk::{Message, WireError};
use crate::error::{JobError, error_chain};

impl Worker {
    /// Processes the messages of an invocation. Whatever the finished messages led to is durable.
    pub async fn work(&self, deliveries: Vec<Delivery>, invocation: Invocation) -> Worked {
        let parsed: Vec<_> = deliveries.iter().map(|delivery| Message::from_wire(&delivery.body)).collect();
        let read = deliveries.iter().zip(&parsed).filter_map(|(delivery, message)| Some((delivery, message.as_ref().ok()?)));
        let known: Vec<(&Delivery, &Message)> = read.collect();
        let parts = match self.patiently(invocation, || self.read(&known)).await {
            Ok(parts) => parts,
            // A row that cannot be read must not delay the other messages, so each message's rows are read
            // separately.
            Err(JobError::Corrupt { .. }) if known.len() > 1 => return self.work_one_by_one(deliveries, invocation).await,
            Err(error) => {
                tracing::error!(error = error_chain(&error), messages = deliveries.len(), "the messages are left for later");
                let undone = deliveries.into_iter().map(|delivery| delivery.message_id).collect();
                return Worked { undone, ..Worked::default() };
            }
        };
        let works = deliveries.iter().zip(&parsed).map(|(delivery, message)| self.message(delivery, message, &parts, invocation));
        works.collect::<FuturesUnordered<_>>().collect::<Vec<_>>().await.into_iter().sum()
    }

    async fn work_one_by_one(&self, deliveries: Vec<Delivery>, invocation: Invocation) -> Worked {
        let mut worked = Worked::default();
        for delivery in deliveries {
            worked += Box::pin(self.work(vec![delivery], invocation)).await;
        }
        worked
    }

    /// Processes a message of any kind. What a kind needs is allocated for it alone: otherwise each message takes, and moves, as much
    /// memory as the largest kind.
    async fn message(&self, delivery: &Delivery, message: &Result<Message, WireError>, parts: &Parts, invocation: Invocation) -> Worked {
        if let Some((job, _)) = message.as_ref().ok().and_then(Message::part_id) {
            self.ask_for_untried(job, delivery.was_received_before()).await;
        }
        let handled = match message {
            Ok(Message::Chunk(chunk)) => Box::pin(self.chunk(delivery, chunk, parts, invocation)).await,
            Ok(Message::Revive { job, part, .. }) => Box::pin(self.revive((*job, *part), delivery)).await.map(Handled::nothing),
            Ok(Message::Tell { job, round, what, tries }) => {
                Box::pin(self.notify((*job, *round, *what), *tries, invocation)).await.map(Handled::nothing)
            }
            Err(error) => Box::pin(self.stray(delivery, error)).await.map(Handled::nothing),
        };
        let Handled { mut worked, done } = handled.unwrap_or_else(Handled::from);
        if let Err(error) = done {
            let message_id = &delivery.message_id;
            let (job_id, part, chunk) = message.as_ref().map(Message::names).unwrap_or_default();
            let (error, receive_count) = (error_chain(&error), delivery.receive_count);
            match self.threads.is_stopping() {
                true => tracing::info!(message_id, job_id, part, chunk, receive_count, error, "a message is left for another process"),
                false => tracing::error!(message_id, job_id, part, chunk, receive_count, error, "a message is left for later"),
            }
            worked.undone.push(message_id.clone());
        }
        worked
    }
}
