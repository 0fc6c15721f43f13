//! A chunk's message, with the rows that were read for it.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::value::RawValue;

use super::backoff::Wait;
use super::delivery::Invocation;
use super::prepared::Prepared;
use super::returned::{ReturnReason, ReturnedItem};
use super::values_now::value_now;
use crate::chunk::ChunkMessage;
use crate::item_id::id_of;
use crate::job::Job;
use crate::limits::SLICE;
use crate::outcome::{Failure, FailureKind, Outcome, OutcomeChange};
use crate::part::{Counts, Part};
use crate::settlement::Settlement;
use crate::time::Instant;

/// A chunk's message with its job and its part, as read.
pub(super) struct ChunkContext<'a> {
    /// As it counts in the job's round.
    pub(super) message: Cow<'a, ChunkMessage>,
    pub(super) job: Job,
    pub(super) part: &'a Part,
}

/// A chunk whose items are to be run.
pub(super) struct RunContext<'a> {
    pub(super) chunk: &'a ChunkContext<'a>,
    pub(super) prepared: Prepared,
    /// The results that are recorded already.
    pub(super) recorded: Option<Outcome>,
    pub(super) invocation: Invocation,
    /// When its time slice ends: no item begins later.
    pub(super) slice_ends: Instant,
}

impl ChunkContext<'_> {
    /// Logs a message that needed no work.
    pub(super) fn log(&self, what: &'static str) {
        tracing::info!(job_id = %self.job.id, part = self.part.number, chunk = self.message.id.chunk, "{what}");
    }

    /// The items of the message that are not recorded, in order, with their values now.
    pub(super) fn unrecorded(&self, recorded: Option<&Outcome>) -> impl Iterator<Item = (u64, Box<RawValue>)> {
        let open = self.message.items.iter().filter(move |(index, _)| !recorded.is_some_and(|outcome| outcome.has(*index)));
        open.map(move |(index, value)| (*index, value_now(recorded, *index, value)))
    }

    /// The rest of a message, if some of its items were recorded since it was sent. It is returned as a new message, so
    /// that the receive count (and so the dead-letter limit) starts again whenever a chunk has made progress.
    pub(super) fn rest_after_progress(&self, recorded: Option<&Outcome>) -> Option<Vec<ReturnedItem>> {
        let rest: Vec<_> = self.unrecorded(recorded).map(|(index, value)| self.returned(index, value, ReturnReason::Progress)).collect();
        (!rest.is_empty() && rest.len() < self.message.items.len()).then_some(rest)
    }

    /// An item that is returned unchanged: no attempt is charged, and it does not wait.
    pub(super) fn returned(&self, index: u64, value: Box<RawValue>, reason: ReturnReason) -> ReturnedItem {
        let (attempt, call_items_max) = (self.message.attempt, self.message.call_items_max);
        ReturnedItem { index, value, attempt, wait: Wait::default(), since: Instant::now(), reason, waits_for: None, call_items_max }
    }

    /// The failure of an item that never answered.
    pub(super) fn failure(&self, kind: FailureKind, message: &str, attempts: u32, value: Box<RawValue>) -> Failure {
        Failure::new(kind, "", message, attempts, self.item_id(&value), value)
    }

    /// The item's id, if the job names a member for it.
    pub(super) fn item_id(&self, value: &RawValue) -> Option<String> {
        self.job.id_field.as_deref().and_then(|field| id_of(value, field))
    }

    /// A settlement without results so far. `merged` says whether some are in the chunk's outcome row already.
    pub(super) fn settlement(&self, merged: bool) -> Settlement {
        Settlement {
            id: self.message.id,
            first_index: self.message.first_index,
            chunk_items: self.message.chunk_items,
            results: Default::default(),
            round_begun: self.part.round,
            merged,
            change: OutcomeChange::default(),
            seen: false,
            recorded: Counts::default(),
            row_bytes: 0,
        }
    }
}

impl<'a> RunContext<'a> {
    /// A run whose time slice begins now, when everything is ready, so that its first item always has time in it.
    pub(super) fn new(chunk: &'a ChunkContext<'a>, prepared: Prepared, recorded: Option<Outcome>, invocation: Invocation) -> Self {
        Self { chunk, prepared, recorded, invocation, slice_ends: Instant::now() + SLICE }
    }
}

impl RunContext<'_> {
    /// True if the chunk has to make room for the next one in the queue.
    pub(super) fn slice_is_over(&self) -> bool {
        Instant::now() >= self.slice_ends
    }

    /// The same, after this wait.
    pub(super) fn slice_is_over_after(&self, wait: Duration) -> bool {
        Instant::now() + wait >= self.slice_ends
    }

    /// The items that have to run, in order.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (u64, Box<RawValue>)> {
        self.chunk.unrecorded(self.recorded.as_ref())
    }
}
