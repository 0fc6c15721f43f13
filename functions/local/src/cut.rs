//! Cuts a stream of items into parts, always in the same way, so that another process can continue a submission.
//!
//! Chunks are cut by the server's own rule. A part ends where the next chunk or the next item would not fit.

use std::collections::BTreeSet;
use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use headway_core::limits::CHUNKS_PER_PART_MAX;
use headway_core::split::{Cutter, Split};

/// The most bytes of a part, both uncompressed and as sent. Less than the server's limit, so that small differences in
/// counting do not matter.
pub const PART_BYTES_MAX: usize = 4_000_000;

/// A part as NDJSON, before it is compressed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Its number, from 0.
    pub number: u32,
    /// The index of its first item.
    pub first_index: u64,
    /// How many items it has.
    pub items: u64,
    /// How many chunks the server will cut it into.
    pub chunks: usize,
    /// The items, a line each.
    pub ndjson: Vec<u8>,
}

/// Takes items one by one and returns parts.
#[derive(Debug)]
pub struct PartCutter {
    split: Split,
    cutter: Cutter,
    part: Part,
    /// Where a part ends in any case: the indexes of the items after these places.
    cuts: BTreeSet<u64>,
}

/// A part's body, which can be sent more than once.
#[derive(Clone, Debug)]
pub struct Packed {
    /// The bytes to send.
    pub body: Bytes,
    /// True if it is compressed. A body that gzip would make longer is not.
    pub gzip: bool,
}

impl PartCutter {
    /// For a job with at most this many items in a chunk. A part also ends before each item whose index is in `cuts`.
    #[must_use]
    pub fn new(items_per_chunk_max: u16, cuts: BTreeSet<u64>) -> PartCutter {
        let split = Split::of(items_per_chunk_max);
        PartCutter { split, cutter: Cutter::new(split), part: Part::default(), cuts }
    }

    /// Adds an item, which contains no line break. Returns the finished part if the item no longer fits into it.
    pub fn push(&mut self, item: &[u8]) -> Option<Part> {
        let is_cut_here = self.cuts.contains(&(self.part.first_index + self.part.items));
        let too_long = self.part.items > 0 && (is_cut_here || self.part.ndjson.len() + item.len() + 1 > PART_BYTES_MAX);
        let mut begins = self.cutter.push(item.len());
        let full = too_long || (begins && self.part.chunks == CHUNKS_PER_PART_MAX);
        let cut = full.then(|| self.next_part());
        if full {
            begins = self.cutter.push(item.len());
        }
        self.take(item, begins);
        cut
    }

    /// The last part. `None` if it would have no items.
    #[must_use]
    pub fn finish(self) -> Option<Part> {
        (self.part.items > 0).then_some(self.part)
    }

    fn take(&mut self, item: &[u8], begins_chunk: bool) {
        self.part.chunks += usize::from(begins_chunk);
        self.part.items += 1;
        self.part.ndjson.extend_from_slice(item);
        self.part.ndjson.push(b'\n');
    }

    fn next_part(&mut self) -> Part {
        self.cutter = Cutter::new(self.split);
        let (number, first_index) = (self.part.number + 1, self.part.first_index + self.part.items);
        std::mem::replace(&mut self.part, Part { number, first_index, ..Part::default() })
    }
}

impl Part {
    /// Compresses the part with gzip, if that makes it shorter.
    #[must_use]
    pub fn pack(self) -> Packed {
        let mut encoder = GzEncoder::new(Vec::with_capacity(self.ndjson.len() / 4), Compression::fast());
        match encoder.write_all(&self.ndjson).and_then(|()| encoder.finish()) {
            Ok(packed) if packed.len() < self.ndjson.len() => Packed { body: packed.into(), gzip: true },
            _ => Packed { body: self.ndjson.into(), gzip: false },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use headway_core::limits::{ITEM_BYTES_MAX, PART_BYTES_MAX as SERVER_PART_BYTES_MAX};
    use proptest::prelude::*;

    fn parts(sizes: &[usize], chunk_size: u16) -> Vec<Part> {
        parts_cut_at(sizes, chunk_size, &[])
    }

    fn parts_cut_at(sizes: &[usize], chunk_size: u16, cuts: &[u64]) -> Vec<Part> {
        let mut cutter = PartCutter::new(chunk_size, cuts.iter().copied().collect());
        let mut parts: Vec<Part> = sizes.iter().filter_map(|size| cutter.push(&vec![b'1'; *size])).collect();
        parts.extend(cutter.finish());
        parts
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn parts_leave_no_gap_and_the_server_cuts_the_same_chunks(
            sizes in proptest::collection::vec(1usize..=ITEM_BYTES_MAX, 0..400), chunk_size in 1u16..=250,
        ) {
            let parts = parts(&sizes, chunk_size);
            let mut index = 0;
            for (n, part) in parts.iter().enumerate() {
                prop_assert_eq!(part.number as usize, n);
                prop_assert_eq!(part.first_index, index);
                prop_assert!(part.items > 0);
                let lines: Vec<usize> =
                    part.ndjson.split(|b| *b == b'\n').map(<[u8]>::len).filter(|len| *len > 0).collect();
                prop_assert_eq!(&lines[..], &sizes[index as usize..][..part.items as usize]);
                prop_assert_eq!(Split::of(chunk_size).cut(lines, |line| *line).len(), part.chunks);
                prop_assert!(part.chunks <= CHUNKS_PER_PART_MAX && part.ndjson.len() <= PART_BYTES_MAX);
                index += part.items;
            }
            prop_assert_eq!(index as usize, sizes.len());
        }
    }

    #[test]
    fn small_items_fill_eighty_chunks_a_part() {
        let parts = parts(&vec![10; 20_001], 250);
        assert_eq!(parts.iter().map(|part| (part.items, part.chunks)).collect::<Vec<_>>(), [(20_000, 80), (1, 1)]);
    }

    #[test]
    fn a_part_ends_where_it_is_told_to() {
        let places = |items: usize, cuts: &[u64]| {
            parts_cut_at(&vec![10; items], 250, cuts).iter().map(|part| (part.first_index, part.items, part.chunks)).collect::<Vec<_>>()
        };
        assert_eq!(places(20_200, &[100]), [(0, 100, 1), (100, 20_000, 80), (20_100, 100, 1)]);
        assert_eq!(places(20_200, &[20_100]), [(0, 20_000, 80), (20_000, 100, 1), (20_100, 100, 1)]);
        for none in [&[0][..], &[20_000], &[30_000], &[20_200]] {
            assert_eq!(places(20_200, none), [(0, 20_000, 80), (20_000, 200, 1)], "{none:?}");
        }
    }

    #[test]
    fn a_body_is_never_longer_than_its_items() {
        const { assert!(PART_BYTES_MAX <= SERVER_PART_BYTES_MAX) };
        let short = Part { ndjson: b"1\n".to_vec(), ..Part::default() }.pack();
        assert!(!short.gzip && &short.body[..] == b"1\n");
        let long = Part { ndjson: vec![b' '; 10_000], ..Part::default() }.pack();
        assert!(long.gzip && long.body.len() < 200);
    }
}
