//! The items of one call of the processor, and what became of each of them.

use std::time::Duration;

use serde_json::value::RawValue;

use super::chunk_context::{ChunkContext, RunContext};
use super::returned::{NotNow, ReturnedItem};
use crate::limits::CALL_BYTES_MAX;
use crate::outcome::ItemResult;
use crate::time::Instant;
use headway_processor::Item;

/// The wait before a quick second try, and before the halves of a call that gave no results. Each further halving within
/// a run doubles it.
const QUICK_RETRY_AFTER: Duration = Duration::from_millis(100);

/// An item that is to be run.
#[derive(Debug)]
pub(super) struct WaitingItem {
    pub(super) index: u64,
    pub(super) value: Box<RawValue>,
    /// How often it was tried so far.
    pub(super) attempt: u32,
}

/// The items of one call, in order.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) items: Vec<WaitingItem>,
    /// The most items of a call with these items, if larger ones failed as a whole.
    pub(super) call_items_max: Option<u16>,
    /// How often calls with these items were halved in this run.
    pub(super) halvings: u32,
}

/// A group that may be called after a wait. Until then it takes no place.
#[derive(Debug)]
pub(super) struct Again {
    pub(super) group: Group,
    pub(super) wait: Duration,
}

/// What became of the items of a group.
#[derive(Debug, Default)]
pub(super) struct TriedGroup {
    pub(super) recorded: Vec<(u64, ItemResult)>,
    pub(super) returned: Vec<ReturnedItem>,
    /// These are called again in this run.
    pub(super) again: Vec<Again>,
}

impl Group {
    /// The items that have to run, in calls of as many as the processor and the message allow.
    pub(super) fn all_of(run: &RunContext<'_>) -> Vec<Self> {
        let message = &run.chunk.message;
        let waiting = run.waiting().map(|(index, value)| WaitingItem { index, value, attempt: message.attempt });
        let all = Self { items: waiting.collect(), call_items_max: message.call_items_max, halvings: 0 };
        all.in_calls_of(run.call_items(message.call_items_max))
    }

    /// A group of a single item.
    pub(super) fn single(chunk: &ChunkContext<'_>, index: u64, value: Box<RawValue>) -> Self {
        let ChunkContext { message, .. } = chunk;
        let item = WaitingItem { index, value, attempt: message.attempt };
        Self { items: vec![item], call_items_max: message.call_items_max, halvings: 0 }
    }

    /// The items as the processor gets them. This try is counted.
    pub(super) fn call_items(&self, run: &RunContext<'_>) -> Vec<Item> {
        let RunContext { chunk, prepared, .. } = run;
        let item = |WaitingItem { index, value, attempt }: &WaitingItem| Item {
            job_id: chunk.job.id,
            user_id: chunk.job.user_id.clone(),
            index: *index,
            id: chunk.item_id(value),
            attempt: attempt + 1,
            round: chunk.message.round,
            value: value.clone(),
            params: prepared.params.clone(),
        };
        self.items.iter().map(item).collect()
    }

    /// In smaller groups, each with at most half as many items as a call that had `called` items.
    pub(super) fn halved(mut self, called: usize) -> Vec<Self> {
        let half = (called / 2).max(1);
        self.call_items_max = u16::try_from(half).ok();
        self.halvings += 1;
        self.in_calls_of(half)
    }

    /// The wait before these halves are called, so that an endpoint which answers nothing useful is not called as fast as it
    /// answers.
    pub(super) fn wait_before_halves(&self) -> Duration {
        QUICK_RETRY_AFTER.saturating_mul(1 << self.halvings.saturating_sub(1).min(10))
    }

    /// All of its items, returned for this reason. No attempt is charged.
    pub(super) fn returned(self, not_now: &NotNow) -> impl Iterator<Item = ReturnedItem> {
        let call_items_max = self.call_items_max;
        let (NotNow { reason, wait, waits_for }, since) = (not_now.clone(), Instant::now());
        let returned = move |WaitingItem { index, value, attempt }| {
            let waits_for = waits_for.clone();
            ReturnedItem { index, value, attempt, wait, since, reason, waits_for, call_items_max }
        };
        self.items.into_iter().map(returned)
    }

    /// In calls of at most this many items. A call with several items is also cut before they have too many bytes together.
    fn in_calls_of(self, items_max: usize) -> Vec<Self> {
        let Self { items, call_items_max, halvings } = self;
        let (mut groups, mut bytes): (Vec<Self>, usize) = (Vec::new(), 0);
        for item in items {
            let size = item.value.get().len();
            bytes += size;
            match groups.last_mut() {
                Some(group) if group.items.len() < items_max && bytes <= CALL_BYTES_MAX => group.items.push(item),
                _ => {
                    bytes = size;
                    groups.push(Self { items: vec![item], call_items_max, halvings });
                }
            }
        }
        groups
    }
}

impl Again {
    /// A quick second try.
    pub(super) fn quick(group: Group) -> Self {
        Self { group, wait: QUICK_RETRY_AFTER }
    }

    /// The group, once its wait is over.
    pub(super) async fn due(self) -> Group {
        crate::time::sleep(self.wait).await;
        self.group
    }
}

impl TriedGroup {
    /// Nothing was called: all items are returned.
    pub(super) fn returned(group: Group, not_now: impl Into<NotNow>) -> Self {
        Self { returned: group.returned(&not_now.into()).collect(), ..Self::default() }
    }
}

impl RunContext<'_> {
    /// How many items a call may have.
    fn call_items(&self, call_items_max: Option<u16>) -> usize {
        let batch = self.prepared.options.batch.max(1);
        usize::from(call_items_max.map_or(batch, |most| most.clamp(1, batch)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(sizes: &[usize]) -> Group {
        let value = |size: &usize| RawValue::from_string(format!("\"{}\"", "x".repeat(size - 2))).unwrap();
        let items = sizes.iter().zip(0..).map(|(size, index)| WaitingItem { index, value: value(size), attempt: 0 }).collect();
        Group { items, call_items_max: None, halvings: 0 }
    }

    /// Items corrected to the largest size can be many in one chunk, which had room for small ones.
    #[test]
    fn a_call_is_cut_by_items_and_by_bytes() {
        let large = crate::limits::ITEM_BYTES_MAX;
        let cases: [(&[usize], usize, &[usize]); 6] = [
            (&[10; 7], 3, &[3, 3, 1]),
            (&[large; 16], 250, &[7, 7, 2]),
            (&[large; 4], 2, &[2, 2]),
            (&[CALL_BYTES_MAX / 2, CALL_BYTES_MAX / 2, 2, 2], 250, &[2, 2]),
            (&[2, CALL_BYTES_MAX + 1, 2], 250, &[1, 1, 1]),
            (&[], 250, &[]),
        ];
        for (sizes, items_max, calls) in cases {
            let cut = group(sizes).in_calls_of(items_max);
            assert_eq!(cut.iter().map(|group| group.items.len()).collect::<Vec<_>>(), calls, "{items_max} of {} items", sizes.len());
            let indexes: Vec<u64> = cut.iter().flat_map(|group| &group.items).map(|item| item.index).collect();
            assert_eq!(indexes, (0..sizes.len() as u64).collect::<Vec<_>>(), "in order, each once");
        }
    }
}
