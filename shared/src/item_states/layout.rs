//! Where the items of a part's chunks are. A part's row says how many items a chunk has only once all of them are
//! recorded; outcome rows say where their chunks begin.

use std::ops::Range;

use super::item_status::ItemStatus;
use crate::part::{Part, Register};
use crate::records::Position;

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
    Outcome,
    /// Nothing is recorded of any of them.
    Nothing,
    /// Some are of clean chunks, and of some nothing is recorded.
    Either,
}

impl Holds {
    /// The status of items without an outcome row.
    pub(super) fn status(self) -> ItemStatus {
        match self {
            Self::Clean => ItemStatus::Processed,
            Self::Outcome | Self::Nothing => ItemStatus::Pending,
            Self::Either => ItemStatus::Unknown,
        }
    }
}

/// A chunk with an outcome row, and the items that the row says it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) chunk: u16,
    pub(super) items: Range<u64>,
}

/// Chunks that are next to each other, and whose items are known together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    /// The first of these chunks.
    pub(super) chunk: u16,
    /// The index of its first item.
    pub(super) begins: u64,
    /// All their items in order.
    pub(super) spans: Vec<Span>,
}

impl Stretch {
    /// True if it is one chunk, with an outcome row.
    pub(super) fn has_row(&self) -> bool {
        matches!(self.spans[..], [Span { holds: Holds::Outcome, .. }])
    }

    /// Where a list continues with this item of it.
    pub(super) fn position(&self, part: &Part, index: u64) -> Position {
        Position { part: part.number, chunk: self.chunk, index, chunk_begins: self.begins }
    }
}

/// Goes through a part's chunks in order. It can begin at any chunk of which it is known where it begins.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    part: &'a Part,
    items_per_chunk_max: u16,
    chunk: u16,
    at: u64,
}

impl<'a> Walk<'a> {
    /// From this chunk on, which begins at the item `at`.
    pub(super) fn new(part: &'a Part, items_per_chunk_max: u16, chunk: u16, at: u64) -> Self {
        Self { part, items_per_chunk_max, chunk, at }
    }

    /// True if the next chunks are known only with the next outcome row.
    pub(super) fn needs_row(&self) -> bool {
        self.chunk < self.part.chunks && clean(self.part, self.chunk).is_none()
    }

    /// The next chunks; `None` after the last one. `row` is the first outcome row of these or of later chunks, if there is
    /// one and it is needed.
    pub(super) fn next(&mut self, row: Option<Row>) -> Option<Stretch> {
        if self.chunk >= self.part.chunks {
            return None;
        }
        let (chunk, begins, mut spans) = (self.chunk, self.at, Vec::new());
        (self.chunk, self.at) = match (clean(self.part, chunk), row) {
            (Some(items), _) => {
                spans.push(Span { items: begins..begins + items, holds: Holds::Clean });
                (chunk + 1, begins + items)
            }
            (None, Some(row)) if row.chunk == chunk => {
                let end = row.items.end;
                spans.push(Span { items: row.items, holds: Holds::Outcome });
                (chunk + 1, end)
            }
            (None, row) => {
                let end = (self.part.chunks, self.part.indexes().end);
                let (stop, until) = row.map_or(end, |row| (row.chunk, row.items.start));
                let gap = Gap { part: self.part, items_per_chunk_max: self.items_per_chunk_max, chunks: chunk..stop, items: begins..until };
                gap.push_to(&mut spans);
                (stop, until)
            }
        };
        Some(Stretch { chunk, begins, spans })
    }
}

/// The number of items of a clean chunk.
fn clean(part: &Part, chunk: u16) -> Option<u64> {
    match part.registers.get(&chunk) {
        Some(Register::Clean { items }) => Some(u64::from(*items)),
        _ => None,
    }
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
        while let Some(items) = clean(self.part, self.chunks.end - 1).filter(|items| self.items.start + *items < self.items.end) {
            last.push(Span { items: self.items.end - items..self.items.end, holds: Holds::Clean });
            self.items.end -= items;
            self.chunks.end -= 1;
        }
        self.push_rest(spans);
        spans.extend(last.into_iter().rev());
    }

    fn push_rest(&self, spans: &mut Vec<Span>) {
        let of_clean: Vec<u64> = self.chunks.clone().filter_map(|chunk| clean(self.part, chunk)).collect();
        let most = u64::from(self.items_per_chunk_max);
        let others = (self.chunks.len() - of_clean.len()) as u64;
        let all = self.items.end.saturating_sub(self.items.start);
        if of_clean.is_empty() {
            spans.push(Span { items: self.items.clone(), holds: Holds::Nothing });
        } else if of_clean.iter().sum::<u64>() + others * most == all {
            // All the others are as large as they can be.
            let mut at = self.items.start;
            for chunk in self.chunks.clone() {
                let (items, holds) = clean(self.part, chunk).map_or((most, Holds::Nothing), |items| (items, Holds::Clean));
                spans.push(Span { items: at..at + items, holds });
                at += items;
            }
        } else {
            spans.push(Span { items: self.items.clone(), holds: Holds::Either });
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::ids::JobId;

    /// All stretches from a chunk on. `rows` are all outcome rows.
    fn walked(part: &Part, most: u16, (chunk, at): (u16, u64), rows: &[Row]) -> Vec<Stretch> {
        let (mut walk, mut stretches) = (Walk::new(part, most, chunk, at), Vec::new());
        let mut rows = rows.iter().filter(|row| row.chunk >= chunk).peekable();
        loop {
            let row = if walk.needs_row() { rows.peek().copied().cloned() } else { None };
            let Some(stretch) = walk.next(row) else { return stretches };
            if stretch.has_row() {
                rows.next();
            }
            stretches.push(stretch);
        }
    }

    /// `c` clean, `o` a full outcome, `h` half an outcome, `.` nothing; each with its items.
    fn shown(chunks: &[(char, u16)], most: u16) -> String {
        let items: u16 = chunks.iter().map(|(_, items)| items).sum();
        let mut part = Part::new((JobId(Uuid::nil()), 0), 100, items.into(), chunks.len() as u16, DateTime::UNIX_EPOCH);
        let (mut rows, mut at) = (Vec::new(), 100);
        for (chunk, (kind, items)) in (0..).zip(chunks) {
            let range = at..at + u64::from(*items);
            at = range.end;
            let register = match kind {
                'c' => Register::Clean { items: *items },
                'o' => Register::at_rest(1, true, *items, 0),
                'h' => Register::at_rest(1, false, 1, 0),
                _ => continue,
            };
            part.registers.insert(chunk, register);
            rows.extend((*kind != 'c').then_some(Row { chunk, items: range }));
        }
        let stretches = walked(&part, most, (0, 100), &rows);
        for (place, stretch) in stretches.iter().enumerate() {
            assert_eq!(walked(&part, most, (stretch.chunk, stretch.begins), &rows), stretches[place..], "from the middle on");
        }
        let spans: Vec<Span> = stretches.into_iter().flat_map(|stretch| stretch.spans).collect();
        let mut next = 100;
        for span in &spans {
            assert_eq!(span.items.start, next, "{chunks:?}: {spans:?}");
            next = span.items.end;
        }
        assert_eq!(next, at, "{chunks:?}: {spans:?}");
        let word = |span: &Span| {
            let letter = match span.holds {
                Holds::Clean => 'c',
                Holds::Outcome => 'o',
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
