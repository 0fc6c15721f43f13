//! Runs the items of one call. Each of them gets a result, or a reason to be returned or called again.

use std::time::Duration;

use super::backoff::Wait;
use super::call::{Called, NoResults, call};
use super::chunk_context::RunContext;
use super::circuit_breaker::CircuitBreaker;
use super::for_now::{Downstream, ForNow};
use super::group::{Again, Group, TriedGroup, WaitingItem};
use super::returned::{NotNow, ReturnReason, ReturnedItem};
use super::waits_for::WaitsFor;
use super::worker::Worker;
use crate::outcome::{Failure, FailureKind, ItemResult, OutputRecord};
use crate::time::Instant;
use crate::waiting::WaitReason;
use headway_processor::{Item, Output};

/// How long the waits of an item become that is told to wait while others are answered. If nothing is answered, they become longer.
const GROWTH_ALONE_MAX: Duration = Duration::from_secs(16);

impl Worker {
    /// Tries a group, once its call has a place among those of its job.
    pub(super) async fn group(&self, run: &RunContext<'_>, group: Group) -> TriedGroup {
        // The semaphore is never closed. If it were, the call would run without a place.
        let _place = run.prepared.places.acquire().await.ok();
        let _thread = self.threads.thread(run.prepared.options.own_thread).await;
        // Checked right after getting the place: a group that waited for it longer than a slice waited for items that
        // made progress.
        if run.slice_is_over() {
            return TriedGroup::returned(group, ReturnReason::Slice);
        }
        let _turn = self.turns.beside().await;
        self.tries(run, group).await
    }

    /// Tries a group that has its place and its turn. Whether it may begin is checked last, so that every call begins
    /// within the lease.
    pub(super) async fn tries(&self, run: &RunContext<'_>, group: Group) -> TriedGroup {
        let RunContext { prepared, invocation, .. } = run;
        if let Err(not_now) = self.may_begin(run, &group).await {
            return TriedGroup::returned(group, not_now);
        }
        let items = group.call_items(run);
        match call(&self.threads, prepared, &items, *invocation).await {
            Ok(called) => {
                prepared.breaker.hears(&called);
                run.tried(group, items, called)
            }
            Err(NoResults::CutShort) => TriedGroup::returned(group, ReturnReason::Deadline),
            Err(NoResults::Failed(kind, message)) => {
                prepared.breaker.was_answered();
                run.failed_as_a_whole(group, items, kind, &message)
            }
        }
    }
}

impl CircuitBreaker {
    /// A call was answered unless all of its items have to wait.
    fn hears(&self, called: &[Called]) {
        let waits = called.iter().find_map(|called| match called {
            Called::Waits(_, error) => Some(error.after),
            _ => None,
        });
        if let Some(asked) = waits {
            self.was_refused(asked);
        }
        if called.iter().any(|called| !matches!(called, Called::Waits(..))) {
            self.was_answered();
        }
    }
}

impl RunContext<'_> {
    /// What a call with results means for each of its items.
    fn tried(&self, group: Group, items: Vec<Item>, called: Vec<Called>) -> TriedGroup {
        let mut tried = TriedGroup::default();
        let (size, halvings) = (items.len(), group.halvings);
        // An item that had no result alone stays alone.
        let had_none_alone = self.prepared.options.batch > 1 && matches!(called[..], [Called::NoResult(_)]);
        let call_items_max = if had_none_alone { Some(1) } else { group.call_items_max };
        let some = |items| Group { items, call_items_max, halvings };
        let (mut quick, mut without) = (Vec::new(), Vec::new());
        for (item, called) in items.into_iter().zip(called) {
            match called {
                Called::Output(output) => tried.recorded.push((item.index, ItemResult::Processed(kept(&item, output)))),
                Called::Failed(kind, code, message) => tried.recorded.push(failed(item, kind, &code, &message)),
                Called::Waits(downstream, error) => self.waits(&mut tried, call_items_max, item, downstream, &error),
                Called::Retryable(error) => quick.extend(self.again(&mut tried, call_items_max, item, &error)),
                Called::NoResult(error) if size == 1 => quick.extend(self.again(&mut tried, call_items_max, item, &error)),
                Called::NoResult(error) => without.push((uncharged(item), error)),
            }
        }
        if !quick.is_empty() {
            tried.again.push(Again::quick(some(quick)));
        }
        if !without.is_empty() {
            let (without, errors): (Vec<WaitingItem>, Vec<ForNow>) = without.into_iter().unzip();
            let slowest = errors.iter().max_by_key(|error| error.after);
            self.halves(&mut tried, some(without), size, slowest);
        }
        tried
    }

    /// Items without a result are called again, in smaller calls, after as long as the slowest error asks. No attempt is charged.
    fn halves(&self, tried: &mut TriedGroup, group: Group, size: usize, slowest: Option<&ForNow>) {
        let asked = slowest.and_then(|error| error.after);
        for half in group.halved(size) {
            let wait = asked.map_or_else(|| Wait::exactly(half.wait_before_halves()), |asked| Wait::to_retry(0, Some(asked)));
            if asked.is_some_and(|asked| !asked.is_zero()) || self.slice_is_over_after(wait.least) {
                tried.returned.extend(half.returned(&NotNow {
                    wait,
                    waits_for: slowest.map(|error| self.failed_for_now(error)),
                    ..ReturnReason::Halved.into()
                }));
            } else {
                tried.again.push(Again { wait: half.wait_before_halves(), group: half });
            }
        }
    }

    /// A call failed as a whole. An item that was alone in it has failed; more are called again at once, in smaller calls.
    fn failed_as_a_whole(&self, group: Group, items: Vec<Item>, kind: FailureKind, message: &str) -> TriedGroup {
        match <[Item; 1]>::try_from(items) {
            Ok([item]) => TriedGroup { recorded: vec![failed(item, kind, "", message)], ..TriedGroup::default() },
            Err(items) => {
                tracing::warn!(job_id = %self.chunk.job.id, items = items.len(), error = message, "a call failed as a whole, and is halved");
                let again = group.halved(items.len()).into_iter().map(|group| Again { group, wait: Duration::ZERO });
                TriedGroup { again: again.collect(), ..TriedGroup::default() }
            }
        }
    }

    /// An item that waits for its downstream, unless it has waited long enough. No attempt is charged.
    fn waits(&self, tried: &mut TriedGroup, call_items_max: Option<u16>, item: Item, downstream: Downstream, error: &ForNow) {
        let waits_for = self.waits_for(downstream.wait_reason(), error);
        self.prepared.breaker.note(&waits_for);
        let Some(wait) = self.wait(error.after) else {
            let item = Item { attempt: item.attempt - 1, ..item };
            let message = format!("it has waited for {} in all: {}", hours(self.prepared.options.patience), error.message);
            return tried.recorded.push(failed(item, downstream.failure_kind(), &error.code, &message));
        };
        let WaitingItem { index, value, attempt } = uncharged(item);
        tried.returned.push(ReturnedItem {
            index,
            value,
            attempt,
            wait,
            since: Instant::now(),
            reason: ReturnReason::Waits,
            waits_for: Some(waits_for),
            call_items_max,
        });
    }

    /// What items wait for that failed for now.
    fn failed_for_now(&self, error: &ForNow) -> WaitsFor {
        self.waits_for(WaitReason::Error, error)
    }

    fn waits_for(&self, reason: WaitReason, error: &ForNow) -> WaitsFor {
        let limit = self.prepared.options.limit.as_deref().unwrap_or(&self.chunk.job.processor).to_owned();
        WaitsFor { limit, reason, error: Some(error.message.clone()) }
    }

    /// How long an item of the chunk has to wait for its downstream; `None` if it has waited long enough.
    fn wait(&self, asked: Option<Duration>) -> Option<Wait> {
        self.wait_up_to(GROWTH_ALONE_MAX, asked)
    }

    /// The same for items that are held back because others were told to wait.
    pub(super) fn wait_behind_others(&self) -> Option<Wait> {
        self.wait_up_to(Duration::ZERO, None)
    }

    /// While the downstream answers others, a wait grows up to `growth_max` at least.
    fn wait_up_to(&self, growth_max: Duration, asked: Option<Duration>) -> Option<Wait> {
        let prepared = &self.prepared;
        let growth_max = growth_max.max(prepared.breaker.silence().saturating_mul(2));
        Wait::for_downstream(self.chunk.message.waited, growth_max, asked, prepared.options.patience)
    }

    /// An item that failed for now, unless it was tried often enough. It is given back if it gets a quick second try.
    fn again(&self, tried: &mut TriedGroup, call_items_max: Option<u16>, item: Item, error: &ForNow) -> Option<WaitingItem> {
        if item.attempt >= self.prepared.options.attempts_max {
            tried.recorded.push(failed(item, FailureKind::RetriesExhausted, &error.code, &error.message));
            return None;
        }
        let Item { index, value, attempt, .. } = item;
        let quick = attempt == self.chunk.message.attempt + 1 && error.after.is_none();
        let (wait, reason) = match quick {
            true if !self.slice_is_over() => return Some(WaitingItem { index, value, attempt }),
            true => (Wait::default(), ReturnReason::Slice),
            false => (Wait::to_retry(attempt, error.after), ReturnReason::Retry),
        };
        tried.returned.push(ReturnedItem {
            index,
            value,
            attempt,
            wait,
            since: Instant::now(),
            reason,
            waits_for: Some(self.failed_for_now(error)),
            call_items_max,
        });
        None
    }
}

/// `24 h`, or `90 s` if it is not so many whole hours.
fn hours(span: Duration) -> String {
    match span.as_secs() {
        seconds if seconds > 0 && seconds.is_multiple_of(3_600) => format!("{} h", seconds / 3_600),
        seconds => format!("{seconds} s"),
    }
}

/// The item after a call that is not counted as an attempt.
fn uncharged(item: Item) -> WaitingItem {
    WaitingItem { index: item.index, value: item.value, attempt: item.attempt - 1 }
}

fn failed(item: Item, kind: FailureKind, code: &str, message: &str) -> (u64, ItemResult) {
    (item.index, ItemResult::Failed(Failure::new(kind, code, message, item.attempt, item.id, item.value)))
}

fn kept(item: &Item, output: Output) -> Option<OutputRecord> {
    match output {
        Output::None => None,
        Output::Json(output) => Some(OutputRecord { id: item.id.clone(), output: Some(output) }),
        Output::Omitted => Some(OutputRecord { id: item.id.clone(), output: None }),
    }
}
