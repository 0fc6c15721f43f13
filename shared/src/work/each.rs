//! The runner for every day: each item by a call of its own, several at a time, with checkpoints as it goes.

use std::collections::VecDeque;

use futures::FutureExt as _;
use futures::future::{BoxFuture, OptionFuture};
use futures::stream::{FuturesUnordered, StreamExt as _};
use tokio::time::Instant;

use super::chunk_context::RunContext;
use super::item::Tried;
use super::ran::Ran;
use super::returned::ReturnReason;
use super::worker::Worker;
use crate::error::{JobError, error_chain};
use crate::limits::CHECKPOINT_EVERY;
use crate::part::Part;
use crate::settlement::Settlement;

/// A checkpoint under way: how many results it shows, and the part that it wrote.
type Checkpoint<'a> = BoxFuture<'a, (usize, Result<Option<Part>, JobError>)>;

impl Worker {
    /// Runs what is not recorded, as many items at a time as the processor takes.
    pub(super) async fn each(&self, run: &RunContext<'_>) -> Ran {
        let mut settlement = run.chunk.settlement(run.recorded.is_some());
        let mut waiting: VecDeque<_> = run.waiting().collect();
        let mut running = FuturesUnordered::new();
        let mut returned = Vec::new();
        let mut shown = (Instant::now() + CHECKPOINT_EVERY, 0);
        // Polled beside the items: a slow table must not run their time out.
        let mut showing: Option<Checkpoint<'_>> = None;
        loop {
            while running.len() < run.prepared.options.concurrency {
                let Some((index, value)) = waiting.pop_front() else { break };
                running.push(self.item(run, index, value));
            }
            let unshown = settlement.results.len() > shown.1;
            if showing.is_none() && unshown && !running.is_empty() && Instant::now() >= shown.0 {
                showing = Some(self.checkpoint_beside(settlement.clone()));
            }
            tokio::select! {
                biased;
                Some((results, checkpoint)) = OptionFuture::from(showing.as_mut()) => {
                    showing = None;
                    shown.0 = Instant::now() + settlement.checkpoint_after();
                    match checkpoint {
                        Ok(_) => (settlement.merged, shown.1) = (true, results),
                        Err(error) => tracing::warn!(error = error_chain(&error), "a checkpoint is left to the next"),
                    }
                }
                Some(tried) = running.next() => match tried {
                    Tried::Recorded(index, result) => { settlement.results.insert(index, result); }
                    Tried::Returned(item) => {
                        if item.reason != ReturnReason::Retry {
                            returned.extend(waiting.drain(..).map(|(index, value)| run.chunk.returned(index, value, item.reason)));
                        }
                        returned.push(item);
                    }
                },
                () = tokio::time::sleep_until(shown.0), if showing.is_none() && unshown && !running.is_empty() => {}
                else => return Ran::of(settlement, run.chunk.message.hops, returned),
            }
        }
    }

    fn checkpoint_beside(&self, settlement: Settlement) -> Checkpoint<'_> {
        async move { (settlement.results.len(), self.checkpoint(&settlement).await) }.boxed()
    }
}
