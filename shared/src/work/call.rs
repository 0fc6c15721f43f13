//! A call of the processor, limited in time and with its panics caught.

use std::sync::Arc;
use std::time::Duration;

use super::call_threads::{CallThreads, Went, panic_text};
use super::delivery::Invocation;
use super::for_now::{Downstream, ForNow};
use super::prepared::Prepared;
use crate::counted;
use crate::limits::DEADLINE_MARGIN;
use crate::outcome::FailureKind;
use crate::time::Instant;
use headway_processor::{Item, ItemError, Output};

/// The result of a call for one of its items.
pub(super) enum Called {
    Output(Output),
    Failed(FailureKind, String, String),
    Retryable(ForNow),
    /// Its downstream accepts no items for now.
    Waits(Downstream, ForNow),
    /// The call has no result for it.
    NoResult(ForNow),
}

/// Why a call has no results at all.
pub(super) enum NoResults {
    /// It failed as a whole: what this means for an item that was alone in it.
    Failed(FailureKind, String),
    /// The function's deadline came first, and another invocation has more time.
    CutShort,
}

/// Calls the processor with these items. There is a result for each of them, in their order, or none for any.
pub(super) async fn call(
    threads: &CallThreads,
    prepared: &Prepared,
    items: &[Item],
    invocation: Invocation,
) -> Result<Vec<Called>, NoResults> {
    let begun = Instant::now();
    let until = invocation.deadline.checked_sub(DEADLINE_MARGIN / 2).unwrap_or(begun);
    let limit = prepared.options.item_timeout.min(until.saturating_duration_since(begun));
    let (processor, own, batch) = (Arc::clone(&prepared.processor), items.to_vec(), prepared.options.batch);
    let work = async move {
        match <[Item; 1]>::try_from(own) {
            Ok([item]) if batch <= 1 => vec![processor.process(item).await],
            Ok([item]) => processor.process_many(vec![item]).await,
            Err(own) => processor.process_many(own).await,
        }
    };
    let went = threads.call(prepared.options.own_thread, work, limit).await;
    prepared.pace.note(begun.elapsed());
    match went {
        Went::Done(results) if results.len() == items.len() => Ok(results.into_iter().map(Called::of).collect()),
        Went::Done(results) => Err(NoResults::Failed(FailureKind::Crashed, miscounted(results.len(), items.len()))),
        Went::Panicked(panic) => Err(NoResults::Failed(FailureKind::Crashed, format!("panicked: {}", panic_text(panic.as_ref())))),
        // It had less time than its own limit, and began too late to have all the time that an invocation can give.
        Went::Overran if limit < prepared.options.item_timeout && !invocation.is_fresh(begun) => Err(NoResults::CutShort),
        Went::Overran => Err(NoResults::Failed(FailureKind::TimedOut, format!("took longer than {}", limit_text(limit)))),
    }
}

fn limit_text(limit: Duration) -> String {
    if limit < Duration::from_secs(1) { format!("{} ms", limit.as_millis()) } else { format!("{:.1} s", limit.as_secs_f64()) }
}

fn miscounted(results: usize, items: usize) -> String {
    format!("the processor returned {} for {}", counted(results as u64, "result"), counted(items as u64, "item"))
}

impl Called {
    fn of(result: Result<Output, ItemError>) -> Self {
        match result {
            Ok(output) => Self::Output(output),
            Err(ItemError::Permanent { code, message }) => Self::Failed(FailureKind::Permanent, code, message),
            Err(ItemError::Throttled { code, message, after }) => Self::Waits(Downstream::Throttled, ForNow { code, message, after }),
            Err(ItemError::Unreachable { code, message }) => Self::Waits(Downstream::Unreachable, ForNow { code, message, after: None }),
            Err(ItemError::Retryable { code, message, retry_after }) => Self::Retryable(ForNow { code, message, after: retry_after }),
            Err(ItemError::NoResult { code, message, retry_after }) => Self::NoResult(ForNow { code, message, after: retry_after }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bug found: an item that took longer than 1 ms failed with "took longer than 0.0 s".
    #[test]
    fn a_limit_below_a_second_is_not_zero() {
        let texts = [1, 400, 999, 1_000, 57_500].map(|ms| limit_text(Duration::from_millis(ms)));
        assert_eq!(texts, ["1 ms", "400 ms", "999 ms", "1.0 s", "57.5 s"]);
    }
}
