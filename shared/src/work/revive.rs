//! Brings a part to its job's current round and sends again what is parked: after a retry, a resume, or when the sweep
//! finds a part in an earlier round. Every step may also be done by another message at the same time.
//!
//! The items that failed in the round before are sent by whoever brings the part to the round, with one conditional write. Two
//! do so only if they write at the same instant: who is refused cannot tell whether an earlier try of its own was applied. If the worker
//! dies, its message is delivered again, and sends them then.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::value::RawValue;

use super::delivery::Delivery;
use super::stray::keep_stray;
use super::worker::Worker;
use crate::app::App;
use crate::chunk::{ChunkMessage, Message};
use crate::corrections::Corrections;
use crate::error::JobError;
use crate::ids::{ChunkId, PartId};
use crate::job::Job;
use crate::ledger::{Parked, Written};
use crate::limits::{CLOCKS_DIFFER_MAX, STANDS_STILL_AFTER};
use crate::outcome::Outcome;
use crate::outcome_rows::{OutcomeReader, put_next};
use crate::part::{Part, PartWrite, Register};
use crate::queue::Outgoing;
use crate::settle::reconcile;
use crate::split::Split;
use crate::upward::look_upward;

/// How often in a row clearing a row or stamping a part may fail because others write it too.
const TRIES_MAX: usize = 50;
/// Messages of more bytes than this are sent before further ones are built.
const SENT_AT_ONCE_BYTES_MAX: usize = 4_000_000;

/// Which items that have to run again are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    /// Those that failed in the round before this one. Those of earlier rounds were sent before: they are in the queue, or parked.
    In(u32),
    /// All that are not recorded, since messages of them may be missing.
    All,
}

/// Sends a message for each of these parts, which comes after this wait. The message brings the part to the job's round and sends
/// again what is parked.
///
/// # Errors
///
/// [`JobError::Unavailable`]: some may have been sent.
pub async fn send_revivals(app: &App, job: &Job, parts: impl IntoIterator<Item = u32>, delay: Duration) -> Result<(), JobError> {
    let message = |part| Message::Revive { job: job.id, part, round: job.round };
    let outgoing = |part| Ok(Outgoing { body: message(part).into_wire()?, delay });
    let outgoing = parts.into_iter().map(outgoing).collect::<Result<Vec<_>, JobError>>()?;
    if outgoing.is_empty() { Ok(()) } else { app.queue.send(&job.user_id, outgoing).await }
}

impl Worker {
    /// Does what a revive message asks for.
    pub(super) async fn revive(&self, id: PartId, delivery: &Delivery) -> Result<(), JobError> {
        let was_received_before = delivery.was_received_before();
        // A held job needs nothing, unless a worker died after it had brought the part to the round: what is sent now is parked.
        let needed = |job: &Job| job.runs() || (job.parks() && !job.deleting && was_received_before);
        let Some(job) = self.leases.read(&self.app, id.0).await?.filter(needed) else { return Ok(()) };
        let Some(part) = self.app.ledger.part(id).await? else { return Ok(()) };
        if !job.runs() {
            return if part.round < job.round { Ok(()) } else { self.send_again(&job, &part, Again::All).await };
        }
        let all = was_received_before || self.stands_still(&job, &part);
        // What is recorded and not shown yet belongs to the earlier round.
        let (_, part) = reconcile(&self.app, &part).await?;
        let Some((part, is_first)) = self.bring_to_round(part, job.round).await? else { return Ok(()) };
        if all || is_first {
            self.send_again(&job, &part, if all { Again::All } else { Again::In(job.round) }).await?;
        }
        self.send_parked(id).await?;
        tracing::info!(job_id = %job.id, part = part.number, round = part.round, "revived a part");
        let Some(part) = self.app.ledger.part(id).await? else { return Ok(()) };
        look_upward(&self.app, &part).await.map(drop)
    }

    /// True if the part has not changed for so long, since its job was retried or resumed, that messages of it may be lost.
    fn stands_still(&self, job: &Job, part: &Part) -> bool {
        let changed = job.rate_since.unwrap_or(part.updated_at).max(part.updated_at);
        let within = TimeDelta::from_std(STANDS_STILL_AFTER).unwrap_or(TimeDelta::MAX) - CLOCKS_DIFFER_MAX;
        changed < self.app.clock.now() - within
    }

    /// Clears the failures that the registers show, with their corrections, then stamps the part, if nothing of it changed in between.
    /// Returns the part, and whether this call has stamped it, as far as it can tell. `None` if the job has ended: then the next retry does it.
    async fn bring_to_round(&self, mut part: Part, round: u32) -> Result<Option<(Part, bool)>, JobError> {
        if part.round >= round {
            return Ok(Some((part, false)));
        }
        // Read after the round has begun: nothing of the round before is corrected from now on.
        let corrections = self.app.ledger.all_corrections((part.job, part.number)).await?;
        for _ in 0..TRIES_MAX {
            let mut registers = part.registers.clone();
            for (chunk, register) in &mut registers {
                if matches!(register, Register::Outcome { failed: 1.., .. }) {
                    let id = ChunkId { job: part.job, part: part.number, chunk: *chunk };
                    *register = self.clear(id, round, corrections.get(chunk)).await?.map_or(*register, |outcome| outcome.register());
                }
            }
            let stamp = PartWrite::Stamp { from_round: part.round, from: part.registers.clone(), round, registers };
            let id = (part.job, part.number);
            // A failure that was recorded late counts from the stamp on.
            let stamped = self.in_time(id.0, || self.app.jobs.update_progress(id, &stamp)).await?;
            part = match stamped {
                Some(Written::Applied(part)) => return Ok(Some((part, true))),
                // Another message has stamped it at the same moment, or an earlier try of this write, whose answer was lost.
                Some(Written::Refused(part)) if part.round >= round => return Ok(Some((part, true))),
                Some(Written::Refused(part)) => part,
                Some(Written::Gone) => return Err(JobError::NotFound),
                None => return Ok(None),
            };
        }
        Err(JobError::unavailable("the table: bringing a part to its round", "other workers kept writing it at the same time"))
    }

    async fn clear(&self, id: ChunkId, round: u32, corrections: Option<&Corrections>) -> Result<Option<Outcome>, JobError> {
        for _ in 0..TRIES_MAX {
            let Some(mut outcome) = self.app.ledger.outcome(id).await? else { return Ok(None) };
            let before = outcome.extra_rows();
            if !outcome.clear(round, corrections) || put_next(&self.app, &before, &mut outcome).await? {
                return Ok(Some(outcome));
            }
        }
        Err(JobError::unavailable("the table: clearing a chunk's failures", "other workers kept writing it at the same time"))
    }

    /// Sends the items that have to run again and are not recorded yet.
    async fn send_again(&self, job: &Job, part: &Part, which: Again) -> Result<(), JobError> {
        let mut from = 0;
        loop {
            let outcomes = self.app.ledger.outcomes((part.job, part.number), from).await?;
            let Some(last) = outcomes.last() else { return Ok(()) };
            from = last.id.chunk + 1;
            let mut outgoing = Vec::new();
            for outcome in outcomes {
                let mut indexes = outcome.again_rounds();
                indexes.retain(|_, again_in| which == Again::All || which == Again::In(*again_in));
                outgoing.extend(self.again_messages(job.round, outcome, indexes.into_keys()).await?);
                // All items of a part together may be too large for this process.
                if outgoing.iter().map(|message| message.body.len()).sum::<usize>() > SENT_AT_ONCE_BYTES_MAX {
                    self.app.queue.send(&job.user_id, std::mem::take(&mut outgoing)).await?;
                }
            }
            if !outgoing.is_empty() {
                self.app.queue.send(&job.user_id, outgoing).await?;
            }
        }
    }

    /// The messages for these items of a chunk, which have to run again, cut like chunks.
    async fn again_messages(
        &self,
        round: u32,
        outcome: Outcome,
        indexes: impl IntoIterator<Item = u64>,
    ) -> Result<Vec<Outgoing>, JobError> {
        let mut reader = OutcomeReader::new(&self.app, outcome);
        let mut items = Vec::new();
        for index in indexes {
            // An item that is not there any more has been recorded in the meantime.
            items.extend(reader.take_again(index).await?.map(|item| (index, item)));
        }
        let cut = Split::default().cut(items, |(_, item)| item.get().len());
        cut.into_iter().map(|items| self.again_message(round, reader.outcome(), items)).collect()
    }

    fn again_message(&self, round: u32, outcome: &Outcome, items: Vec<(u64, Box<RawValue>)>) -> Result<Outgoing, JobError> {
        let message = Message::Chunk(ChunkMessage {
            id: outcome.id,
            chunk_items: outcome.items,
            first_index: outcome.first_index,
            items,
            round,
            attempt: 0,
            hops: 0,
            returns: 0,
            waited: Duration::ZERO,
            not_before: None,
            nonce: self.app.clock.fresh_id(),
            careful: false,
            call_items_max: None,
        });
        Ok(Outgoing { body: message.into_wire()?, delay: Duration::ZERO })
    }

    /// Sends what is parked, each message with a nonce of its own, and deletes the parked copy only after that. Stops
    /// if the job is held again, since messages that are sent then are parked again.
    async fn send_parked(&self, id: PartId) -> Result<(), JobError> {
        while let Some(job) = self.leases.read(&self.app, id.0).await?.filter(Job::runs) {
            let parked = self.app.ledger.parked(id).await?;
            if parked.is_empty() {
                return Ok(());
            }
            let mut outgoing = Vec::new();
            for kept in &parked {
                outgoing.extend(self.parked_message(kept).await?);
            }
            self.app.queue.send(&job.user_id, outgoing).await?;
            for kept in parked {
                self.app.ledger.unpark(kept.id, kept.nonce).await?;
            }
        }
        Ok(())
    }

    /// The parked message, to be sent again. One that cannot be read is kept as a stray.
    async fn parked_message(&self, kept: &Parked) -> Result<Option<Outgoing>, JobError> {
        let message = match Message::from_wire(&kept.body) {
            Ok(Message::Chunk(chunk)) => Message::Chunk(ChunkMessage { nonce: self.app.clock.fresh_id(), ..chunk }),
            Ok(other) => other,
            Err(error) => {
                let (message_id, now) = (kept.nonce.to_string(), self.app.clock.now());
                keep_stray(self.app.cupboard.as_ref(), &message_id, &kept.body, &error, now).await?;
                return Ok(None);
            }
        };
        Ok(Some(Outgoing { body: message.into_wire()?, delay: Duration::ZERO }))
    }
}
