//! The fingerprint of a part, computed item by item: the same as the server's.

use headway_core::split::{Cutter, Split, hex};
use sha2::{Digest as _, Sha256};

/// The fingerprint of a part whose items are read one by one.
#[derive(Clone, Debug)]
pub struct PartHash {
    hash: Sha256,
    cutter: Cutter,
    /// The items of the chunk that is being read, as they are hashed.
    chunk: Vec<u8>,
    items_of_chunk: u64,
}

impl PartHash {
    /// For a part that begins with this index, of a job with at most this many items in a chunk.
    #[must_use]
    pub fn new(first_index: u64, items_per_chunk_max: u16) -> PartHash {
        let hash = Sha256::new().chain_update(first_index.to_be_bytes());
        PartHash { hash, cutter: Cutter::new(Split::of(items_per_chunk_max)), chunk: Vec::new(), items_of_chunk: 0 }
    }

    /// Adds the next item. True if it begins a chunk.
    pub fn push(&mut self, item: &[u8]) -> bool {
        let begins = self.cutter.push(item.len());
        if begins {
            self.end_chunk();
        }
        self.items_of_chunk += 1;
        self.chunk.extend_from_slice(&(item.len() as u64).to_be_bytes());
        self.chunk.extend_from_slice(item);
        begins
    }

    /// The fingerprint of the items so far.
    #[must_use]
    pub fn fingerprint(mut self) -> String {
        self.end_chunk();
        hex(&self.hash.finalize()[..16])
    }

    fn end_chunk(&mut self) {
        if self.items_of_chunk > 0 {
            self.hash.update(self.items_of_chunk.to_be_bytes());
            self.hash.update(&self.chunk);
            (self.items_of_chunk, self.chunk) = (0, Vec::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use headway_core::split::fingerprint;
    use serde_json::value::RawValue;

    use super::*;

    #[test]
    fn it_is_the_fingerprint_that_the_server_computes() {
        for (items, most) in [(1, 1), (7, 3), (600, 250), (40, 250)] {
            let size = if items == 40 { 9_000 } else { 3 };
            let texts: Vec<_> = (0..items).map(|n| RawValue::from_string(format!("\"{n:0size$}\"")).unwrap()).collect();
            let mut hash = PartHash::new(17, most);
            let begun = texts.iter().filter(|text| hash.push(text.get().as_bytes())).count();
            let chunks = Split::of(most).cut(texts, |text| text.get().len());
            assert_eq!((begun, hash.fingerprint()), (chunks.len(), fingerprint(17, &chunks)), "{items} items, {most} in a chunk");
        }
    }
}
