//! Running the items of one chunk: several at a time, within the lease and the deadline, showing progress as it goes.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, OptionFuture};
use futures::stream::{FuturesUnordered, StreamExt as _};
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::prepared::Prepared;
use super::rest::unrecorded;
use super::returned::{Left, Why};
use super::worker::{Invocation, Run, Worker};
use crate::error::{JobError, error_chain};
use crate::item_id::id_of;
use crate::limits::{CHECKPOINT_EVERY, DEADLINE_MARGIN};
use crate::outcome::{Failure, FailureKind, ItemResult, OutputRecord};
use crate::processor::{Item, ItemError, Output};
use crate::settle::settle;
use crate::settlement::Settlement;

/// The wait before an item is tried a second time at once.
const QUICK_RETRY_AFTER: Duration = Duration::from_millis(100);

/// How one item's try ended.
pub(super) enum Tried {
    Recorded(u64, ItemResult),
    Left(Left),
}

impl Worker {
    /// Runs what is not recorded; results go into `settlement`, and now and then into the ledger. Returns what is left.
    pub(super) async fn items(&self, run: &Run<'_>, settlement: &mut Settlement) -> Vec<Left> {
        let mut waiting: VecDeque<_> = unrecorded(run.found.message, run.recorded.as_ref()).collect();
        let mut running = FuturesUnordered::new();
        let mut left = Vec::new();
        let mut shown = (Instant::now() + CHECKPOINT_EVERY, 0);
        // Polled beside the items: a slow table must not run their time out.
        let mut showing: Option<BoxFuture<'_, (usize, Result<(), JobError>)>> = None;
        loop {
            while running.len() < run.prepared.options.concurrency {
                let Some((index, value)) = waiting.pop_front() else { break };
                running.push(self.try_item(run, index, value));
            }
            let unshown = settlement.results.len() > shown.1;
            if showing.is_none() && unshown && !running.is_empty() && Instant::now() >= shown.0 {
                showing = Some(self.checkpoint(settlement.clone()).boxed());
            }
            tokio::select! {
                biased;
                Some((results, checkpoint)) = OptionFuture::from(showing.as_mut()) => {
                    showing = None;
                    shown.0 = Instant::now() + settlement.checkpoint_after();
                    match checkpoint {
                        Ok(()) => (settlement.merged, shown.1) = (true, results),
                        Err(error) => tracing::warn!(error = error_chain(&error), "a checkpoint is left to the next"),
                    }
                }
                Some(tried) = running.next() => match tried {
                    Tried::Recorded(index, result) => { settlement.results.insert(index, result); }
                    Tried::Left(item) => {
                        if !matches!(item.why, Why::Retry { .. }) {
                            left.extend(waiting.drain(..).map(|(index, value)| Left { index, value, why: item.why }));
                        }
                        left.push(item);
                    }
                },
                () = tokio::time::sleep_until(shown.0), if showing.is_none() && unshown && !running.is_empty() => {}
                else => return left,
            }
        }
    }

    /// Shows the progress so far; says how many results that were.
    async fn checkpoint(&self, settlement: Settlement) -> (usize, Result<(), JobError>) {
        (settlement.results.len(), settle(&self.app, &settlement).await.map(|_| ()))
    }

    /// Runs one item, at most twice at once. Every call begins within the lease: that is looked at last.
    pub(super) async fn try_item(&self, run: &Run<'_>, index: u64, value: Box<RawValue>) -> Tried {
        let Run { found, prepared, invocation, .. } = run;
        // Closing the semaphore never happens; without a place the item would simply go without.
        let _place = prepared.places.acquire().await.ok();
        let job = found.job;
        let mut item = Item {
            job_id: job.id,
            user_id: job.user_id.clone(),
            index,
            id: job.id_field.as_deref().and_then(|field| id_of(&value, field)),
            attempt: found.message.attempt,
            value,
            params: prepared.params.clone(),
        };
        loop {
            if let Some(why) = self.must_stop(run).await {
                return Tried::Left(Left { index, value: item.value, why });
            }
            item.attempt += 1;
            let error = match call(prepared, &item, *invocation).await {
                Call::Output(output) => return Tried::Recorded(index, ItemResult::Processed(kept(&item, output))),
                Call::Failed(kind, code, message) => return failed(item, kind, &code, &message),
                Call::CutShort => return Tried::Left(Left { index, value: item.value, why: Why::Deadline }),
                Call::Retryable(error) => error,
            };
            if item.attempt >= prepared.options.attempts_max {
                return failed(item, FailureKind::RetriesExhausted, &error.code, &error.message);
            }
            let quick = item.attempt == found.message.attempt + 1 && error.after.is_none();
            if !quick {
                let why = Why::Retry { attempts: item.attempt, after: error.after.unwrap_or_default() };
                return Tried::Left(Left { index, value: item.value, why });
            }
            tokio::time::sleep(QUICK_RETRY_AFTER).await;
        }
    }

    /// Whether no item may begin now, and why: one that cannot be expected to end before the deadline, unless no
    /// invocation would give it more time. A read that took longer than the lease counts for nothing; one that fails
    /// leaves the rest to another delivery.
    async fn must_stop(&self, run: &Run<'_>) -> Option<Why> {
        let Run { found, prepared, invocation, .. } = run;
        let id = found.job.id;
        loop {
            let now = Instant::now();
            let expected = if invocation.is_fresh(now) { Duration::ZERO } else { prepared.pace.expected() };
            if now + DEADLINE_MARGIN + expected >= invocation.deadline {
                return Some(Why::Deadline);
            }
            if let Some(lets_begin) = self.leases.lets_begin(id) {
                return (!lets_begin).then_some(Why::Stopped);
            }
            if let Err(error) = self.leases.refresh(&self.app, id).await {
                tracing::warn!(job_id = %id, error = error_chain(&error), "no further item of the chunk is begun");
                return Some(Why::Unread);
            }
        }
    }
}

/// How one call of the processor ended.
enum Call {
    Output(Output),
    Failed(FailureKind, String, String),
    Retryable(ForNow),
    /// The function's deadline came first, and another invocation has more time.
    CutShort,
}

struct ForNow {
    code: String,
    message: String,
    after: Option<Duration>,
}

async fn call(prepared: &Prepared, item: &Item, invocation: Invocation) -> Call {
    let processor = match &prepared.processor {
        Ok(processor) => processor,
        Err(error) => return of_error(error.clone()),
    };
    let begun = Instant::now();
    let until = invocation.deadline.checked_sub(DEADLINE_MARGIN / 2).unwrap_or(begun);
    let limit = prepared.options.item_timeout.min(until.saturating_duration_since(begun));
    let called = AssertUnwindSafe(processor.process(item.clone())).catch_unwind();
    let answer = tokio::time::timeout(limit, called).await;
    prepared.pace.note(begun.elapsed());
    match answer {
        Ok(Ok(Ok(output))) => Call::Output(output),
        Ok(Ok(Err(error))) => of_error(error),
        Ok(Err(panic)) => Call::Failed(FailureKind::Crashed, String::new(), format!("panicked: {}", panic_text(panic.as_ref()))),
        // It was given less than its own limit, and began too late to have had all an invocation can give.
        Err(_) if limit < prepared.options.item_timeout && !invocation.is_fresh(begun) => Call::CutShort,
        Err(_) => Call::Failed(FailureKind::TimedOut, String::new(), format!("took longer than {:.1} s", limit.as_secs_f64())),
    }
}

fn of_error(error: ItemError) -> Call {
    match error {
        ItemError::Permanent { code, message } => Call::Failed(FailureKind::Permanent, code, message),
        ItemError::Retryable { code, message, retry_after } => Call::Retryable(ForNow { code, message, after: retry_after }),
    }
}

fn failed(item: Item, kind: FailureKind, code: &str, message: &str) -> Tried {
    Tried::Recorded(item.index, ItemResult::Failed(Failure::new(kind, code, message, item.attempt, item.id, item.value)))
}

fn kept(item: &Item, output: Output) -> Option<OutputRecord> {
    match output {
        Output::None => None,
        Output::Json(output) => Some(OutputRecord { id: item.id.clone(), output: Some(output) }),
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}
