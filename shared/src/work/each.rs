//! The normal runner: several calls at a time, each with one item or with a group of them, and checkpoints in between.

use std::collections::VecDeque;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, OptionFuture};
use futures::stream::{FuturesUnordered, StreamExt as _};

use super::chunk_context::{ChunkContext, RunContext};
use super::group::{Again, Group, TriedGroup};
use super::ran::Ran;
use super::returned::{NotNow, ReturnReason};
use super::run_entry::RunEntry;
use super::worker::Worker;
use crate::error::{JobError, error_chain};
use crate::limits::{CHECKPOINT_EVERY, RESULTS_HELD_BYTES_MAX};
use crate::outcome::ItemResult;
use crate::part::{Counts, Part};
use crate::settlement::Settlement;
use crate::time::Instant;
use crate::upward::exceeded;

/// Over how long the calls of one message begin if its items come back after a wait. The queue delays messages by whole seconds,
/// so with this the calls of many messages follow each other evenly.
const SPREAD_OVER: Duration = Duration::from_secs(1);

/// How long after each other so many calls begin then.
fn apart(calls: usize) -> Duration {
    SPREAD_OVER / u32::try_from(calls).unwrap_or(u32::MAX).max(1)
}

impl ChunkContext<'_> {
    /// True if failures that no checkpoint has shown yet are enough to fail the job, as far as this worker knows. `part` is
    /// as it was after the last checkpoint; `failed` of the results so far are failures, and `unshown` results came after it.
    fn fails_its_job(&self, part: &Part, failed: u64, unshown: usize) -> bool {
        if failed == 0 || unshown == 0 {
            return false;
        }
        let shown = part.registers.get(&self.message.id.chunk).map_or(Counts::default(), |register| register.counts());
        let counts = part.counts();
        let failed = (counts.failed - shown.failed) + shown.failed.max(failed);
        let handled = counts.handled() + unshown as u64;
        exceeded(&self.job, Counts { processed: handled.saturating_sub(failed), failed })
    }
}

/// A running checkpoint: the results that it records, how many returned items it shows, and the part that it wrote.
type Checkpoint<'a> = BoxFuture<'a, (Settlement, usize, Result<Option<Part>, JobError>)>;

impl Worker {
    /// Runs the items that are not recorded, as many at a time as the processor allows.
    pub(super) async fn each(&self, run: &RunContext<'_>) -> Ran {
        let mut settlement = run.chunk.settlement(run.recorded.is_some());
        let mut failed = 0;
        let mut waiting = VecDeque::from(Group::all_of(run));
        // Items that waited for the same answer would otherwise all be called at the same moment.
        let apart = if run.chunk.message.comes_back_after_a_wait() { apart(waiting.len()) } else { Duration::ZERO };
        let mut next_begins = Instant::now();
        let mut running = FuturesUnordered::new();
        // Between two tries items take no place: others run meanwhile.
        let mut again = FuturesUnordered::new();
        let mut returned = Vec::new();
        // So many of them are shown as waiting.
        let mut returned_shown = 0;
        let mut shown_next = Instant::now() + CHECKPOINT_EVERY;
        // The bytes of results that no checkpoint has taken yet.
        let mut held = 0;
        let mut entry = RunEntry::new(run.invocation);
        let mut part = run.chunk.part.clone();
        let mut last = Instant::now();
        // Polled together with the items, so that a slow table does not use up their time.
        let mut showing: Option<Checkpoint<'_>> = None;
        loop {
            let is_full = held > RESULTS_HELD_BYTES_MAX;
            if is_full && run.slice_is_over() {
                // No checkpoint could be made for so long: the rest is for a later message.
                let not_now = ReturnReason::Slice.into();
                returned.extend(waiting.drain(..).flat_map(|group| group.returned(&not_now)));
            }
            let has_room = |running: usize| running < run.prepared.options.concurrency && !is_full;
            while has_room(running.len()) && Instant::now() >= next_begins {
                let Some(group) = waiting.pop_front() else { break };
                running.push(self.group(run, group));
                next_begins += apart;
            }
            let is_paced = has_room(running.len()) && !waiting.is_empty();
            // The first checkpoint is made even without results: it shows readers that some are still to come.
            let is_over = running.is_empty() && waiting.is_empty();
            let is_shown = settlement.results.is_empty() && settlement.seen && returned.len() == returned_shown;
            let unshown = !is_over && !is_shown;
            if run.chunk.fails_its_job(&part, failed, settlement.results.len()) {
                shown_next = shown_next.min(last + CHECKPOINT_EVERY);
            }
            if showing.is_none() && unshown && Instant::now() >= shown_next {
                held = 0;
                let entering = self.showing_waits(entry.entering(self, settlement.hand_over()), &returned);
                showing = Some(self.checkpoint_beside(entering, returned.len()));
            }
            tokio::select! {
                biased;
                Some((results, with_returned, checkpoint)) = OptionFuture::from(showing.as_mut()) => {
                    showing = None;
                    last = Instant::now();
                    match checkpoint {
                        Ok(written) => {
                            settlement.note_recorded(&results);
                            returned_shown = with_returned;
                            part = written.unwrap_or(part);
                        }
                        Err(error) => {
                            tracing::warn!(error = error_chain(&error), "a checkpoint is left to the next");
                            held += results.bytes();
                            settlement.take_back(results);
                        }
                    }
                    shown_next = last + if held > RESULTS_HELD_BYTES_MAX { CHECKPOINT_EVERY } else { settlement.checkpoint_after() };
                }
                Some(tried) = running.next() => {
                    let TriedGroup { recorded, returned: rest, again: later } = tried;
                    failed += recorded.iter().filter(|(_, result)| matches!(result, ItemResult::Failed(_))).count() as u64;
                    held += recorded.iter().map(|(_, result)| result.bytes()).sum::<usize>();
                    if held > RESULTS_HELD_BYTES_MAX {
                        shown_next = Instant::now();
                    }
                    settlement.results.extend(recorded);
                    // What keeps one call from beginning keeps all others.
                    if let Some(not_now) = NotNow::for_others(&rest) {
                        returned.extend(waiting.drain(..).flat_map(|group| group.returned(&not_now)));
                    }
                    returned.extend(rest);
                    again.extend(later.into_iter().map(Again::due));
                }
                Some(group) = again.next() => waiting.push_front(group),
                () = crate::time::sleep_until(next_begins), if is_paced => {}
                () = crate::time::sleep_until(shown_next), if showing.is_none() && unshown => {}
                else => return self.ran(run, entry.leaving(self, settlement), returned),
            }
        }
    }

    fn checkpoint_beside(&self, settlement: Settlement, returned: usize) -> Checkpoint<'_> {
        async move {
            let checkpoint = self.checkpoint(&settlement).await;
            (settlement, returned, checkpoint)
        }
        .boxed()
    }
}
