//! A batch of messages: their rows are read at once, then each is worked on beside the others.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::careful;
use super::rest::rest_after_progress;
use super::returned::Why;
use super::worked::Worked;
use super::worker::{Delivery, Found, Invocation, Run, Worker};
use crate::chunk::{ChunkMessage, Message, WireError};
use crate::error::{JobError, error_chain};
use crate::ids::{JobId, PartId};
use crate::job::{JobStatus, JobWrite};
use crate::ledger::{Parked, Stray};
use crate::part::{Part, Register};
use crate::settle::settle;
use crate::settlement::Settlement;
use crate::upward::look_upward;

/// What the rows say is to be done with a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// Nothing: its job is gone or cancelled.
    Drop,
    /// It is settled: only look upward.
    LookUpward,
    /// Its job stands: keep its items.
    Park,
    /// Work on it.
    Work,
}

impl Worker {
    /// Works on a batch. What the messages that are done led to is durable.
    pub async fn work(&self, deliveries: Vec<Delivery>, invocation: Invocation) -> Worked {
        let parsed: Vec<_> = deliveries.iter().map(|delivery| Message::from_wire(&delivery.body)).collect();
        let known: Vec<&Message> = parsed.iter().filter_map(|message| message.as_ref().ok()).collect();
        let parts = match self.patiently(invocation, || self.read(&known)).await {
            Ok(parts) => parts,
            // One row that cannot be read must not hold up its batch mates: their rows are read alone.
            Err(JobError::Corrupt { .. }) if known.len() > 1 => {
                let mut worked = Worked::default();
                for delivery in deliveries {
                    worked += Box::pin(self.work(vec![delivery], invocation)).await;
                }
                return worked;
            }
            Err(error) => {
                tracing::error!(error = error_chain(&error), messages = deliveries.len(), "the batch is left for later");
                let undone = deliveries.into_iter().map(|delivery| delivery.message_id).collect();
                return Worked { undone, ..Worked::default() };
            }
        };
        let works = deliveries.iter().zip(&parsed).map(|(delivery, message)| async {
            let mut worked = Worked::default();
            if let Err(error) = self.one(delivery, message, &parts, invocation, &mut worked).await {
                let message_id = &delivery.message_id;
                let (job_id, part, chunk) = message.as_ref().map(Message::names).unwrap_or_default();
                let (error, receive_count) = (error_chain(&error), delivery.receive_count);
                tracing::error!(message_id, job_id, part, chunk, receive_count, error, "a message is left for later");
                worked.undone.push(message_id.clone());
            }
            worked
        });
        futures::future::join_all(works).await.into_iter().sum()
    }

    /// Reads the rows of a batch at once: the jobs into the leases, the parts for the caller. Begins jobs not begun.
    async fn read(&self, messages: &[&Message]) -> Result<Parts, JobError> {
        let read = Instant::now();
        let id = |message: &&Message| match message {
            Message::Chunk(chunk) => (chunk.id.job, chunk.id.part),
            Message::Revive { job, part, .. } => (*job, *part),
        };
        let mut parts: Vec<PartId> = messages.iter().map(id).collect();
        parts.sort_unstable();
        parts.dedup();
        let mut jobs: Vec<_> = parts.iter().map(|(job, _)| *job).collect();
        jobs.dedup();
        jobs.retain(|job| self.leases.get(*job).is_none());
        if parts.is_empty() {
            return Ok(Parts::new());
        }
        let mut rows = self.app.ledger.rows(&jobs, &parts).await?;
        for id in jobs {
            let job = rows.jobs.remove(&id);
            // One that could not be begun is not remembered: it has to be read, and begun, again.
            match job.as_ref().is_some_and(|job| job.status == JobStatus::Pending && job.runs()) {
                true => self.begin(id).await?,
                false => self.leases.keep(id, job, read),
            }
        }
        Ok(rows.parts)
    }

    /// First touch: the job is under way.
    async fn begin(&self, id: JobId) -> Result<(), JobError> {
        let read = Instant::now();
        let row = self.app.jobs.update_status(id, &JobWrite::Begin).await?.row();
        self.leases.keep(id, row, read);
        Ok(())
    }

    async fn one(
        &self,
        delivery: &Delivery,
        message: &Result<Message, WireError>,
        parts: &Parts,
        invocation: Invocation,
        worked: &mut Worked,
    ) -> Result<(), JobError> {
        match message {
            Ok(Message::Chunk(chunk)) => {
                let part = parts.get(&(chunk.id.job, chunk.id.part));
                self.chunk(delivery, chunk, part, invocation, worked).await
            }
            Ok(Message::Revive { job, part, .. }) => self.revive((*job, *part)).await,
            Err(error) => self.stray(delivery, error).await,
        }
    }

    async fn chunk(
        &self,
        delivery: &Delivery,
        message: &ChunkMessage,
        part: Option<&Part>,
        invocation: Invocation,
        worked: &mut Worked,
    ) -> Result<(), JobError> {
        let (Some(job), Some(part)) = (self.leases.job(&self.app, message.id.job).await?, part) else { return Ok(()) };
        let found = Found { message, job: &job, part };
        match found.plan(self.app.clock.now()) {
            Plan::Drop => found.log("dropped a chunk: its job was cancelled or deleted"),
            Plan::LookUpward => {
                worked.duplicates += 1;
                found.log("a chunk came that was settled before");
                look_upward(&self.app, part).await?;
            }
            Plan::Park if self.park(&found, &delivery.body).await? => found.log("kept a chunk: its job stands"),
            // The kept message is forgotten only once what it stands for is durable: it may stand for another delivery too.
            Plan::Park => {
                self.take(delivery, &found, invocation, worked).await?;
                self.app.ledger.unpark(message.id, message.nonce).await?;
            }
            Plan::Work => self.take(delivery, &found, invocation, worked).await?,
        }
        Ok(())
    }

    async fn take(&self, delivery: &Delivery, found: &Found<'_>, invocation: Invocation, worked: &mut Worked) -> Result<(), JobError> {
        match delivery.dead_letter {
            true => self.dead_letter(delivery, found, worked).await,
            false => self.run(delivery, found, invocation, worked).await,
        }
    }

    /// Keeps the message, then looks again: only if its job still stands is the message done.
    async fn park(&self, found: &Found<'_>, body: &str) -> Result<bool, JobError> {
        let (id, nonce) = (found.message.id, found.message.nonce);
        self.app.ledger.park(&Parked { id, nonce, body: body.to_owned() }).await?;
        Ok(!self.leases.read(&self.app, id.job).await?.is_some_and(|job| job.runs()))
    }

    async fn run(&self, delivery: &Delivery, found: &Found<'_>, invocation: Invocation, worked: &mut Worked) -> Result<(), JobError> {
        let Found { message, job, part } = *found;
        let began = Instant::now();
        // It stood when it was read, and goes on since.
        if job.status == JobStatus::Pending {
            self.begin(job.id).await?;
        }
        let prepared = self.prepared.get(&self.app, &self.processors, job).await?;
        let shown = part.registers.get(&message.id.chunk);
        let recorded = match shown {
            Some(Register::Outcome { .. }) => self.app.ledger.outcome(message.id).await?,
            None if delivery.receive_count > 1 => self.app.ledger.outcome(message.id).await?,
            _ => None,
        };
        let mut settlement = Settlement {
            id: message.id,
            first_index: message.first_index,
            chunk_items: message.chunk_items,
            results: Default::default(),
            round_begun: part.round,
            merged: recorded.is_some(),
        };
        let careful = message.careful || delivery.receive_count >= careful::CAREFUL_FROM_RECEIVES;
        let rest = rest_after_progress(message, recorded.as_ref());
        let run = Run { found, prepared, recorded, invocation };
        let left = match rest {
            Some(rest) if careful => rest,
            None if careful => self.items_carefully(&run, &mut settlement).await?,
            _ => self.items(&run, &mut settlement).await,
        };
        let nothing = settlement.results.is_empty() && run.recorded.is_none();
        let settling = Instant::now();
        let shown = match nothing {
            true => Some(part.clone()),
            false => self.patiently(invocation, || settle(&self.app, &settlement)).await?,
        };
        if !nothing {
            worked.settled(&settlement, settling.elapsed());
        }
        worked.items_retried += left.iter().filter(|left| matches!(left.why, Why::Retry { .. })).count();
        tracing::info!(
            job_id = %job.id,
            part = part.number,
            chunk = message.id.chunk,
            processor = job.processor,
            items = settlement.results.len(),
            left = left.len(),
            careful,
            duration_ms = began.elapsed().as_millis() as u64,
            "settled a chunk"
        );
        let Some(part) = shown else { return Ok(()) };
        self.patiently(invocation, || self.hand_back(message, job, &left)).await?;
        self.patiently(invocation, || look_upward(&self.app, &part)).await.map(drop)
    }

    /// A message this worker cannot work on is left for a newer one; when nobody could, it is kept for people.
    async fn stray(&self, delivery: &Delivery, error: &WireError) -> Result<(), JobError> {
        if !delivery.dead_letter {
            return Err(JobError::corrupt("a message", error.to_string()));
        }
        let stray = Stray { message_id: delivery.message_id.clone(), body: delivery.body.clone(), reason: error.to_string() };
        self.app.ledger.keep_stray(&stray, self.app.clock.now()).await?;
        tracing::error!(message_id = delivery.message_id, reason = stray.reason, "a message nobody could work on is kept in the table");
        Ok(())
    }
}

/// The part rows of a batch.
type Parts = BTreeMap<PartId, Part>;

impl Found<'_> {
    /// One line about a message that needed no work.
    fn log(&self, what: &'static str) {
        tracing::info!(job_id = %self.job.id, part = self.part.number, chunk = self.message.id.chunk, "{what}");
    }

    fn plan(&self, now: DateTime<Utc>) -> Plan {
        if self.job.is_gone(now) || self.job.status == JobStatus::Cancelled {
            Plan::Drop
        } else if self.part.registers.get(&self.message.id.chunk).is_some_and(|register| register.is_full()) {
            Plan::LookUpward
        } else if self.job.runs() {
            Plan::Work
        } else {
            Plan::Park
        }
    }
}
