//! Decides which returned items go into one message: those in the same situation and with similar waits.

use std::collections::BTreeMap;
use std::time::Duration;

use super::returned::{Returned, ReturnedItem};
use crate::chunk::ChunkMessage;
use crate::limits::RETURNED_MESSAGES_MAX;
use crate::time::Instant;

/// Items that wait for another attempt are sent in messages of at most this many, so that they come back one after the
/// other.
const ITEMS_PER_BUNDLE: usize = 50;
/// By which factor the longest wait in a message may exceed the shortest. The first factor that gives few enough
/// messages is used.
const SPREADS: [f64; 7] = [1.25, 1.5, 2.0, 4.0, 16.0, 256.0, f64::INFINITY];

/// What all items of a message have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Standing {
    pub(super) attempt: u32,
    /// For the new message: see [`ChunkMessage::call_items_max`].
    pub(super) call_items_max: Option<u16>,
    /// True if they wait for their downstream.
    pub(super) waits: bool,
    /// For the new message: see [`ChunkMessage::hops`].
    pub(super) hops: u32,
    /// For the new message: see [`ChunkMessage::returns`].
    pub(super) returns: u32,
}

impl Standing {
    fn of(message: &ChunkMessage, returned: &Returned, item: &ReturnedItem) -> Self {
        let waits = item.reason.waits();
        let halved = item.call_items_max != message.call_items_max;
        let moved = returned.progress || waits || halved || item.attempt > message.attempt || item.reason.is_after_progress();
        let (hops, returns) = match moved {
            true => (0, 0),
            false => (returned.hops, message.returns.saturating_add(u32::from(item.reason.counts_as_a_return()))),
        };
        Self { attempt: item.attempt, call_items_max: item.call_items_max, waits, hops, returns }
    }
}

/// The items of each message, by what is left of their waits now.
pub(super) fn bundles<'a>(
    message: &ChunkMessage,
    returned: &Returned,
    items: Vec<&'a ReturnedItem>,
    now: Instant,
) -> Vec<(Standing, Vec<&'a ReturnedItem>)> {
    let mut groups: BTreeMap<Standing, Vec<&ReturnedItem>> = BTreeMap::new();
    for item in items {
        groups.entry(Standing::of(message, returned, item)).or_default().push(item);
    }
    for items in groups.values_mut() {
        items.sort_by_key(|item| (item.wait_left(now).least, item.index));
    }
    let mut bundled = Vec::new();
    for spread in SPREADS {
        bundled = groups.iter().flat_map(|(standing, items)| alike(items, spread, now).map(|items| (*standing, items.to_vec()))).collect();
        if bundled.len() <= RETURNED_MESSAGES_MAX {
            break;
        }
    }
    in_turns(bundled)
}

/// Splits items, sorted by their waits, where the waits differ too much.
fn alike<'a, 'b>(items: &'b [&'a ReturnedItem], spread: f64, now: Instant) -> impl Iterator<Item = &'b [&'a ReturnedItem]> {
    let mut rest = items;
    std::iter::from_fn(move || {
        let least = |item: &ReturnedItem| item.wait_left(now).least;
        let shortest = least(rest.first()?);
        let longest = shortest.as_secs_f64() * spread + 1.0;
        let (bundle, others) = rest.split_at(rest.partition_point(|item| least(item).as_secs_f64() <= longest).max(1));
        rest = others;
        Some(bundle)
    })
}

/// Splits the large bundles, as long as there are not too many messages.
fn in_turns(bundled: Vec<(Standing, Vec<&ReturnedItem>)>) -> Vec<(Standing, Vec<&ReturnedItem>)> {
    let mut room = RETURNED_MESSAGES_MAX.saturating_sub(bundled.len());
    let mut messages = Vec::new();
    for (standing, items) in bundled {
        let tried = items.iter().all(|item| item.wait.most > Duration::ZERO && item.reason.comes_back_in_turns());
        let more = items.len().div_ceil(ITEMS_PER_BUNDLE).saturating_sub(1).min(if tried { room } else { 0 });
        room -= more;
        let each = items.len().div_ceil(more + 1).max(1);
        messages.extend(items.chunks(each).map(|items| (standing, items.to_vec())));
    }
    messages
}
