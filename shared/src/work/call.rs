//! A call of the processor, limited in time and with its panics caught.

use std::sync::Arc;

use tokio::time::Instant;

use super::delivery::Invocation;
use super::for_now::{Downstream, ForNow};
use super::place::{Place, Went, panic_text};
use super::prepared::Prepared;
use crate::limits::DEADLINE_MARGIN;
use crate::outcome::FailureKind;
use headway_processor::{Item, ItemError, Output};

/// The result of a call of the processor.
pub(super) enum Called {
    Output(Output),
    Failed(FailureKind, String, String),
    Retryable(ForNow),
    /// Its downstream accepts no items for now.
    Waits(Downstream, ForNow),
    /// The function's deadline came first, and another invocation has more time.
    CutShort,
}

/// Calls the processor with the item.
pub(super) async fn call(place: &Place, prepared: &Prepared, item: &Item, invocation: Invocation) -> Called {
    let begun = Instant::now();
    let until = invocation.deadline.checked_sub(DEADLINE_MARGIN / 2).unwrap_or(begun);
    let limit = prepared.options.item_timeout.min(until.saturating_duration_since(begun));
    let (processor, own) = (Arc::clone(&prepared.processor), item.clone());
    let went = place.call(prepared.options.own_thread, async move { processor.process(own).await }, limit).await;
    prepared.pace.note(begun.elapsed());
    match went {
        Went::Done(Ok(output)) => Called::Output(output),
        Went::Done(Err(error)) => of_error(error),
        Went::Panicked(panic) => Called::Failed(FailureKind::Crashed, String::new(), format!("panicked: {}", panic_text(panic.as_ref()))),
        // It had less time than its own limit, and began too late to have all the time that an invocation can give.
        Went::Overran if limit < prepared.options.item_timeout && !invocation.is_fresh(begun) => Called::CutShort,
        Went::Overran => Called::Failed(FailureKind::TimedOut, String::new(), format!("took longer than {:.1} s", limit.as_secs_f64())),
    }
}

fn of_error(error: ItemError) -> Called {
    match error {
        ItemError::Permanent { code, message } => Called::Failed(FailureKind::Permanent, code, message),
        ItemError::Throttled { code, message, after } => Called::Waits(Downstream::Throttled, ForNow { code, message, after }),
        ItemError::Unreachable { code, message } => Called::Waits(Downstream::Unreachable, ForNow { code, message, after: None }),
        ItemError::Retryable { code, message, retry_after } => Called::Retryable(ForNow { code, message, after: retry_after }),
    }
}
