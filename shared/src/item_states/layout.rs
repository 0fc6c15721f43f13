//! Where the items of a part's chunks are. A part's row says how many items a chunk has only once all of them are
//! recorded; outcome rows say where their chunks begin.

use std::collections::BTreeMap;
use std::ops::Range;

use super::item_status::ItemStatus;
use crate::ids::ChunkId;
use crate::part::{Part, Register};

/// Items of a part that are next to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    /// Their indexes.
    pub(super) items: Range<u64>,
    /// What is known of them.
    pub(super) holds: Holds,
}

/// What is known of the items of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// All of them succeeded without an output.
    Clean,
    /// They are a chunk with an outcome row.
    Outcome(u16),
    /// Nothing is recorded of any of them.
    Nothing,
    /// Some are of clean chunks, and of some nothing is recorded.
    Either,
}

impl Holds {
    /// The chunk whose outcome row has to be read.
    pub(super) fn outcome_of(self, part: &Part) -> Option<ChunkId> {
        match self {
            Self::Outcome(chunk) => Some(ChunkId { job: part.job, part: part.number, chunk }),
            _ => None,
        }
    }

    /// The status of items without an outcome row.
    pub(super) fn status(self) -> ItemStatus {
        match self {
            Self::Clean => ItemStatus::Processed,
            Self::Outcome(_) | Self::Nothing => ItemStatus::Pending,
            Self::Either => ItemStatus::Unknown,
        }
    }
}

/// The chunks whose outcome rows say where they begin or end, where the registers alone do not.
pub(super) fn anchors(part: &Part) -> Vec<u16> {
    let (mut anchors, mut after_gap) = (Vec::new(), false);
    for chunk in 0..part.chunks {
        match part.registers.get(&chunk) {
            None => after_gap = true,
            Some(Register::Clean { .. }) => {}
            Some(register) => {
                if after_gap || !register.is_full() {
                    anchors.push(chunk);
                }
                after_gap = false;
            }
        }
    }
    anchors
}

/// The part's items in order. `anchors` has the items of chunks whose outcome rows were read.
pub(super) fn spans(part: &Part, items_per_chunk_max: u16, anchors: &BTreeMap<u16, Range<u64>>) -> Vec<Span> {
    let (mut spans, mut at, mut chunk) = (Vec::new(), part.first_index, 0);
    let end = part.first_index + u64::from(part.items);
    while chunk < part.chunks {
        if let Some(span) = known(part, chunk, at, anchors) {
            at = span.items.end;
            spans.push(span);
            chunk += 1;
            continue;
        }
        let next = anchors.range(chunk + 1..).next();
        let (stop, until) = next.map_or((part.chunks, end), |(chunk, items)| (*chunk, items.start));
        Gap { part, items_per_chunk_max, chunks: chunk..stop, items: at..until }.push_to(&mut spans);
        (chunk, at) = (stop, until);
    }
    spans
}

/// The span of a chunk that begins at `at`, if it is known where it ends.
fn known(part: &Part, chunk: u16, at: u64, anchors: &BTreeMap<u16, Range<u64>>) -> Option<Span> {
    let register = part.registers.get(&chunk)?;
    if let Register::Clean { items } = register {
        return Some(Span { items: at..at + u64::from(*items), holds: Holds::Clean });
    }
    let items = match anchors.get(&chunk) {
        Some(items) => items.clone(),
        None if register.is_full() => at..at + register.counts().handled(),
        None => return None,
    };
    Some(Span { items, holds: Holds::Outcome(chunk) })
}

/// Chunks without outcome rows, beginning with one of which nothing is recorded.
struct Gap<'a> {
    part: &'a Part,
    items_per_chunk_max: u16,
    chunks: Range<u16>,
    items: Range<u64>,
}

impl Gap<'_> {
    fn push_to(mut self, spans: &mut Vec<Span>) {
        // Clean chunks at its end have their places, counted from there.
        let mut last = Vec::new();
        while let Some(items) = self.clean(self.chunks.end - 1).filter(|items| *items < self.items.end - self.items.start) {
            last.push(Span { items: self.items.end - items..self.items.end, holds: Holds::Clean });
            self.items.end -= items;
            self.chunks.end -= 1;
        }
        self.push_rest(spans);
        spans.extend(last.into_iter().rev());
    }

    fn push_rest(&self, spans: &mut Vec<Span>) {
        let clean: Vec<u64> = self.chunks.clone().filter_map(|chunk| self.clean(chunk)).collect();
        let most = u64::from(self.items_per_chunk_max);
        let others = (self.chunks.len() - clean.len()) as u64;
        let all = self.items.end.saturating_sub(self.items.start);
        if clean.is_empty() {
            spans.push(Span { items: self.items.clone(), holds: Holds::Nothing });
        } else if clean.iter().sum::<u64>() + others * most == all {
            // All the others are as large as they can be.
            let mut at = self.items.start;
            for chunk in self.chunks.clone() {
                let (items, holds) = self.clean(chunk).map_or((most, Holds::Nothing), |items| (items, Holds::Clean));
                spans.push(Span { items: at..at + items, holds });
                at += items;
            }
        } else {
            spans.push(Span { items: self.items.clone(), holds: Holds::Either });
        }
    }

    /// The number of items of a clean chunk.
    fn clean(&self, chunk: u16) -> Option<u64> {
        match self.part.registers.get(&chunk) {
            Some(Register::Clean { items }) => Some(u64::from(*items)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::ids::JobId;

    /// `c` clean, `o` a full outcome, `h` half an outcome, `.` nothing; each with its items.
    fn shown(chunks: &[(char, u16)], most: u16) -> String {
        let items: u16 = chunks.iter().map(|(_, items)| items).sum();
        let mut part = Part::new((JobId(Uuid::nil()), 0), 100, items.into(), chunks.len() as u16, DateTime::UNIX_EPOCH);
        let (mut ranges, mut at) = (BTreeMap::new(), 100);
        for (chunk, (kind, items)) in (0..).zip(chunks) {
            ranges.insert(chunk, at..at + u64::from(*items));
            at += u64::from(*items);
            let register = match kind {
                'c' => Register::Clean { items: *items },
                'o' => Register::at_rest(1, true, *items, 0),
                'h' => Register::at_rest(1, false, 1, 0),
                _ => continue,
            };
            part.registers.insert(chunk, register);
        }
        let read: BTreeMap<_, _> = anchors(&part).into_iter().map(|chunk| (chunk, ranges[&chunk].clone())).collect();
        let spans = spans(&part, most, &read);
        let mut next = 100;
        for span in &spans {
            assert_eq!(span.items.start, next, "{chunks:?}: {spans:?}");
            next = span.items.end;
        }
        assert_eq!(next, at, "{chunks:?}: {spans:?}");
        let word = |span: &Span| {
            let letter = match span.holds {
                Holds::Clean => 'c',
                Holds::Outcome(_) => 'o',
                Holds::Nothing => '.',
                Holds::Either => '?',
            };
            format!("{letter}{}", span.items.end - span.items.start)
        };
        spans.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    /// Every item is in exactly one span, whatever was recorded of its chunk, and what is known of it is right.
    #[test]
    fn every_item_has_its_place() {
        for (chunks, most, expected) in [
            (vec![('c', 3), ('o', 2), ('c', 1)], 3, "c3 o2 c1"),
            (vec![('.', 3), ('.', 2), ('.', 1)], 3, ".6"),
            (vec![('c', 3), ('.', 2), ('.', 3), ('o', 1)], 3, "c3 .5 o1"),
            (vec![('h', 3), ('.', 2), ('c', 1), ('h', 2), ('.', 1)], 3, "o3 .2 c1 o2 .1"),
            // Between two chunks that never ran a clean one has its place if they must be as large as they can be.
            (vec![('.', 3), ('c', 3), ('.', 3), ('o', 3)], 3, ".3 c3 .3 o3"),
            (vec![('.', 2), ('c', 3), ('.', 3), ('o', 3)], 3, "?8 o3"),
            (vec![('.', 2), ('c', 3), ('.', 3), ('c', 2)], 3, "?8 c2"),
        ] {
            assert_eq!(shown(&chunks, most), expected, "{chunks:?}");
        }
    }
}
