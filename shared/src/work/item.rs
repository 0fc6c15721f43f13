//! One item: it is called, at most twice at once, and its answer is a result or a reason to return it.

use std::time::Duration;

use serde_json::value::RawValue;

use super::call::{Called, call};
use super::chunk_context::RunContext;
use super::returned::{ReturnReason, ReturnedItem};
use super::worker::Worker;
use crate::outcome::{Failure, FailureKind, ItemResult, OutputRecord};
use crate::processor::{Item, Output};

/// The wait before an item is tried a second time at once.
const QUICK_RETRY_AFTER: Duration = Duration::from_millis(100);

/// How one item's tries ended.
pub(super) enum Tried {
    Recorded(u64, ItemResult),
    Returned(ReturnedItem),
}

impl Worker {
    /// Runs one item, once it has a place among those of its job.
    pub(super) async fn item(&self, run: &RunContext<'_>, index: u64, value: Box<RawValue>) -> Tried {
        // Closing the semaphore never happens; without a place the item would simply go without.
        let _place = run.prepared.places.acquire().await.ok();
        // Looked at once, right behind the place: who waited longer than a slice for it waited for items that made progress.
        if run.slice_is_over() {
            return Tried::Returned(run.chunk.returned(index, value, ReturnReason::Slice));
        }
        let _turn = self.turns.beside().await;
        self.tries(run, index, value).await
    }

    /// Runs one item that has its place and its turn. Whether it may begin is looked at last, so that every call begins within the lease.
    pub(super) async fn tries(&self, run: &RunContext<'_>, index: u64, value: Box<RawValue>) -> Tried {
        let RunContext { chunk, prepared, invocation, .. } = run;
        let mut item = Item {
            job_id: chunk.job.id,
            user_id: chunk.job.user_id.clone(),
            index,
            id: chunk.item_id(&value),
            attempt: chunk.message.attempt,
            value,
            params: prepared.params.clone(),
        };
        loop {
            if let Some(reason) = self.must_return(run).await {
                return Tried::Returned(chunk.returned(index, item.value, reason));
            }
            item.attempt += 1;
            let error = match call(&self.place, prepared, &item, *invocation).await {
                Called::Output(output) => return Tried::Recorded(index, ItemResult::Processed(kept(&item, output))),
                Called::Failed(kind, code, message) => return failed(item, kind, &code, &message),
                Called::CutShort => return Tried::Returned(chunk.returned(index, item.value, ReturnReason::Deadline)),
                Called::Retryable(error) => error,
            };
            if item.attempt >= prepared.options.attempts_max {
                return failed(item, FailureKind::RetriesExhausted, &error.code, &error.message);
            }
            let quick = item.attempt == chunk.message.attempt + 1 && error.after.is_none();
            if !quick {
                let (attempt, delay) = (item.attempt, self.retry_delay(item.attempt, error.after));
                return Tried::Returned(ReturnedItem { index, value: item.value, attempt, delay, reason: ReturnReason::Retry });
            }
            if run.slice_is_over() {
                let attempt = item.attempt;
                return Tried::Returned(ReturnedItem { attempt, ..chunk.returned(index, item.value, ReturnReason::Slice) });
            }
            tokio::time::sleep(QUICK_RETRY_AFTER).await;
        }
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
