//! How items are cut into chunks: a pure function of their sizes and the job's fixed [`Split`]. So a client, a server
//! and a submission that is continued later cut in the same way.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::limits::{CHUNK_BYTES_MAX, CHUNKS_PER_SMALL_JOB, ITEM_FRAME_BYTES, ITEMS_PER_CHUNK_MAX};

/// How a job's items are cut into chunks. Kept in the job row and never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// The version of the algorithm.
    pub version: u16,
    /// The most items in a chunk, 1 to 250. There may be fewer because of their bytes.
    pub items_per_chunk_max: u16,
}

impl Default for Split {
    fn default() -> Self {
        Self::of(ITEMS_PER_CHUNK_MAX as u16)
    }
}

impl Split {
    /// The current algorithm, with at most this many items in a chunk.
    pub fn of(items_per_chunk_max: u16) -> Self {
        Self { version: 1, items_per_chunk_max: items_per_chunk_max.clamp(1, ITEMS_PER_CHUNK_MAX as u16) }
    }

    /// About 32 chunks for a small job, chunks of 250 items for a large one.
    pub fn for_items(items: usize) -> Self {
        Self::of(items.div_ceil(CHUNKS_PER_SMALL_JOB).clamp(1, ITEMS_PER_CHUNK_MAX) as u16)
    }

    /// Cuts items, whose sizes in bytes `size` tells, into chunks of consecutive ones.
    pub fn cut<T>(self, items: impl IntoIterator<Item = T>, size: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
        let mut cutter = Cutter::new(self);
        let mut chunks: Vec<Vec<T>> = Vec::new();
        for item in items {
            let begins = cutter.push(size(&item));
            match chunks.last_mut().filter(|_| !begins) {
                Some(chunk) => chunk.push(item),
                None => chunks.push(vec![item]),
            }
        }
        chunks
    }
}

/// Cuts a stream: given each item's size, it says where a chunk begins.
#[derive(Debug, Clone)]
pub struct Cutter {
    split: Split,
    items: usize,
    bytes: usize,
}

impl Cutter {
    /// Before the first item.
    pub fn new(split: Split) -> Self {
        Self { split, items: 0, bytes: 0 }
    }

    /// True if the next item, of `size` bytes, begins a new chunk.
    pub fn push(&mut self, size: usize) -> bool {
        let size = size + ITEM_FRAME_BYTES;
        let full = self.items == usize::from(self.split.items_per_chunk_max) || self.bytes + size > CHUNK_BYTES_MAX;
        let begins = self.items == 0 || full;
        if begins {
            (self.items, self.bytes) = (0, 0);
        }
        self.items += 1;
        self.bytes += size;
        begins
    }
}

/// Distinguishes the content and boundaries of parts: SHA-256 of both, as 32 hexadecimal digits.
pub fn fingerprint(first_index: u64, chunks: &[Vec<Box<RawValue>>]) -> String {
    let mut hash = Sha256::new();
    hash.update(first_index.to_be_bytes());
    for chunk in chunks {
        hash.update((chunk.len() as u64).to_be_bytes());
        for item in chunk {
            hash.update((item.get().len() as u64).to_be_bytes());
            hash.update(item.get());
        }
    }
    hex(&hash.finalize()[..16])
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cutting_keeps_every_item_in_order_and_every_bound(
            sizes in proptest::collection::vec(0usize..50_000, 0..600), most in 1u16..=250,
        ) {
            let chunks = Split::of(most).cut(sizes.iter().copied(), |size| *size);
            prop_assert_eq!(chunks.concat(), sizes);
            for chunk in &chunks {
                prop_assert!((1..=usize::from(most)).contains(&chunk.len()));
                prop_assert!(chunk.iter().map(|size| size + ITEM_FRAME_BYTES).sum::<usize>() <= CHUNK_BYTES_MAX);
            }
        }
    }

    #[test]
    fn a_chunk_is_filled_to_the_byte() {
        let half = CHUNK_BYTES_MAX / 2 - ITEM_FRAME_BYTES;
        assert_eq!(Split::of(250).cut([half, half], |size| *size).len(), 1);
        assert_eq!(Split::of(250).cut([half, half + 1], |size| *size), [[half], [half + 1]]);
    }

    #[test]
    fn a_fingerprint_depends_on_place_boundaries_and_bytes() {
        let chunk = |texts: &[&str]| texts.iter().map(|text| RawValue::from_string((*text).to_owned()).unwrap()).collect::<Vec<_>>();
        let whole = fingerprint(0, &[chunk(&["1"]), chunk(&["2", "3"])]);
        assert_eq!(whole, fingerprint(0, &[chunk(&["1"]), chunk(&["2", "3"])]));
        let others = [
            fingerprint(1, &[chunk(&["1"]), chunk(&["2", "3"])]),
            fingerprint(0, &[chunk(&["1", "2"]), chunk(&["3"])]),
            fingerprint(0, &[chunk(&["1"]), chunk(&["2", "4"])]),
            fingerprint(0, &[chunk(&["1"]), chunk(&["23"])]),
        ];
        assert!(others.iter().all(|other| *other != whole), "{others:?}");
    }

    #[test]
    fn small_jobs_are_cut_into_about_32_chunks() {
        for (items, most) in [(0, 1), (1, 1), (32, 1), (33, 2), (3_322, 104), (8_000, 250), (50_000, 250)] {
            assert_eq!(Split::for_items(items).items_per_chunk_max, most, "{items}");
        }
    }
}
