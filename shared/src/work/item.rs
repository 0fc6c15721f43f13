//! Runs one item: calls it, at most twice in a row. The answer is a result or a reason to return the item.

use std::time::Duration;

use serde_json::value::RawValue;

use super::backoff::Wait;
use super::call::{Called, call};
use super::chunk_context::RunContext;
use super::for_now::{Downstream, ForNow};
use super::returned::{ReturnReason, ReturnedItem};
use super::worker::Worker;
use crate::outcome::{Failure, FailureKind, ItemResult, OutputRecord};
use headway_processor::{Item, Output};

/// The wait before the quick second try.
const QUICK_RETRY_AFTER: Duration = Duration::from_millis(100);

/// How the try of an item ended.
pub(super) enum Tried {
    Recorded(u64, ItemResult),
    Returned(ReturnedItem),
    /// It has to be tried a second time after [`before_second_try`]. Until then it takes no place.
    Again(ReturnedItem),
}

/// The item, once its quick second try is due.
pub(super) async fn before_second_try(item: ReturnedItem) -> ReturnedItem {
    tokio::time::sleep(QUICK_RETRY_AFTER).await;
    item
}

impl Worker {
    /// Tries an item, once it has a place among those of its job.
    pub(super) async fn item(&self, run: &RunContext<'_>, index: u64, value: Box<RawValue>, attempt: u32) -> Tried {
        // The semaphore is never closed. If it were, the item would run without a place.
        let _place = run.prepared.places.acquire().await.ok();
        let _thread = self.place.thread(run.prepared.options.own_thread).await;
        // Checked right after getting the place: an item that waited for it longer than a slice waited for items that
        // made progress.
        if run.slice_is_over() {
            return Tried::Returned(ReturnedItem { attempt, ..run.chunk.returned(index, value, ReturnReason::Slice) });
        }
        let _turn = self.turns.beside().await;
        self.tries(run, index, value, attempt).await
    }

    /// Tries an item that has its place and its turn. Whether it may begin is checked last, so that every call begins
    /// within the lease.
    pub(super) async fn tries(&self, run: &RunContext<'_>, index: u64, value: Box<RawValue>, attempt: u32) -> Tried {
        let RunContext { chunk, prepared, invocation, .. } = run;
        if let Some(reason) = self.must_return(run).await {
            return Tried::Returned(ReturnedItem { attempt, ..chunk.returned(index, value, reason) });
        }
        // An item that has waited long enough is called once more, whatever others were told: nothing fails because of
        // another item's answer.
        if let Some(wait) = run.wait(None)
            && let Some(refusal) = prepared.closing.refuses()
        {
            let wait = wait.at_least(refusal.left);
            return Tried::Returned(ReturnedItem { index, value, attempt, wait, reason: ReturnReason::Closed });
        }
        let mut item = Item {
            job_id: chunk.job.id,
            user_id: chunk.job.user_id.clone(),
            index,
            id: chunk.item_id(&value),
            attempt,
            value,
            params: prepared.params.clone(),
        };
        item.attempt += 1;
        let called = call(&self.place, prepared, &item, *invocation).await;
        match &called {
            Called::Waits(downstream, error) => prepared.closing.was_refused(*downstream, error),
            Called::CutShort => {}
            _ => prepared.closing.was_answered(),
        }
        match called {
            Called::Output(output) => Tried::Recorded(index, ItemResult::Processed(kept(&item, output))),
            Called::Failed(kind, code, message) => failed(item, kind, &code, &message),
            Called::CutShort => Tried::Returned(ReturnedItem { attempt, ..chunk.returned(index, item.value, ReturnReason::Deadline) }),
            Called::Waits(downstream, error) => {
                // No attempt is charged.
                item.attempt = attempt;
                run.waits(item, downstream, &error)
            }
            Called::Retryable(error) => run.again(item, &error),
        }
    }
}

impl RunContext<'_> {
    /// An item that waits for its downstream, unless it has waited long enough.
    fn waits(&self, item: Item, downstream: Downstream, error: &ForNow) -> Tried {
        let Some(wait) = self.wait(error.after) else {
            return failed(item, downstream.failure_kind(), &error.code, &error.message);
        };
        let Item { index, value, attempt, .. } = item;
        Tried::Returned(ReturnedItem { index, value, attempt, wait, reason: ReturnReason::Waits })
    }

    /// How long an item of the chunk has to wait for its downstream; `None` if it has waited long enough.
    fn wait(&self, asked: Option<Duration>) -> Option<Wait> {
        Wait::for_downstream(self.chunk.message.waited, asked, self.prepared.options.patience)
    }

    /// An item that failed for now, unless it was tried often enough.
    fn again(&self, item: Item, error: &ForNow) -> Tried {
        if item.attempt >= self.prepared.options.attempts_max {
            return failed(item, FailureKind::RetriesExhausted, &error.code, &error.message);
        }
        let Item { index, value, attempt, .. } = item;
        let quick = attempt == self.chunk.message.attempt + 1 && error.after.is_none();
        if quick && self.slice_is_over() {
            return Tried::Returned(ReturnedItem { attempt, ..self.chunk.returned(index, value, ReturnReason::Slice) });
        }
        let wait = if quick { Wait::default() } else { Wait::to_retry(attempt, error.after) };
        let item = ReturnedItem { index, value, attempt, wait, reason: ReturnReason::Retry };
        if quick { Tried::Again(item) } else { Tried::Returned(item) }
    }
}

fn failed(item: Item, kind: FailureKind, code: &str, message: &str) -> Tried {
    Tried::Recorded(item.index, ItemResult::Failed(Failure::new(kind, code, message, item.attempt, item.id, item.value)))
}

fn kept(item: &Item, output: Output) -> Option<OutputRecord> {
    match output {
        Output::None => None,
        Output::Json(output) => Some(OutputRecord { id: item.id.clone(), output: Some(output) }),
        Output::Omitted => Some(OutputRecord { id: item.id.clone(), output: None }),
    }
}
