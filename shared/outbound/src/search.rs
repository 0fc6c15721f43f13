//! Searches an answer through all layers of encodings, within limits of time and memory.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use crate::packed::{NotUnpacked, Unpacker};
use crate::spellings::{decoded, documents, encoded_values, readable, readings};

/// How many encodings may be nested.
const LAYERS_MAX: usize = 3;
/// How many bytes are searched of an answer, counting all decoded texts.
const SEARCHED_MAX: usize = 24_000_000;
/// Fewer bytes than this cannot contain a secret.
const BYTES_MIN: usize = 6;

/// The answer must not be passed on: it contains a secret, or could not be searched completely.
#[derive(Debug)]
pub(crate) struct Withheld;

impl From<NotUnpacked> for Withheld {
    fn from(_: NotUnpacked) -> Self {
        Self
    }
}

/// A search for texts that `shows` finds in bytes as they are.
pub(crate) struct Search<F> {
    shows: F,
    bytes_left: usize,
    unpacker: Unpacker,
    /// What was searched already, as hashes: different readings of a text often decode to the same bytes.
    seen: HashSet<u64>,
    hasher: RandomState,
}

/// What is searched in the same way.
#[derive(Clone, Copy, Hash)]
enum Kind {
    Text,
    Bytes,
    Headless,
}

impl<F: Fn(&[u8]) -> bool> Search<F> {
    pub(crate) fn new(shows: F) -> Self {
        let (seen, hasher) = (HashSet::new(), RandomState::new());
        Self { shows, bytes_left: SEARCHED_MAX, unpacker: Unpacker::new(), seen, hasher }
    }

    /// Searches a text that is encoded this many times.
    ///
    /// # Errors
    ///
    /// [`Withheld`] if the answer must not be passed on.
    pub(crate) fn text(&mut self, text: &[u8], layer: usize) -> Result<(), Withheld> {
        for reading in readings(text).ok_or(Withheld)? {
            if !self.is_new(Kind::Text, layer, &reading) {
                continue;
            }
            self.shows(&reading)?;
            self.unpacked(&reading, layer)?;
            if layer < LAYERS_MAX {
                self.layer_below(&reading, layer + 1)?;
            }
        }
        Ok(())
    }

    fn layer_below(&mut self, text: &[u8], layer: usize) -> Result<(), Withheld> {
        for bytes in decoded(text) {
            self.bytes(&bytes, layer)?;
        }
        for value in encoded_values(text) {
            if self.is_new(Kind::Headless, layer, &value) {
                let unpacked = self.unpacker.unpack_headless(&value)?;
                self.bytes(&unpacked, layer)?;
            }
        }
        let documents = documents(text).ok_or(Withheld)?;
        if documents.len() < BYTES_MIN { Ok(()) } else { self.text(&documents, layer) }
    }

    fn bytes(&mut self, bytes: &[u8], layer: usize) -> Result<(), Withheld> {
        if bytes.len() < BYTES_MIN || !self.is_new(Kind::Bytes, layer, bytes) {
            return Ok(());
        }
        self.shows(bytes)?;
        self.unpacked(bytes, layer)?;
        let readable = readable(bytes);
        if readable.is_empty() { Ok(()) } else { self.text(&readable, layer) }
    }

    fn unpacked(&mut self, bytes: &[u8], layer: usize) -> Result<(), Withheld> {
        for unpacked in self.unpacker.unpack(bytes)? {
            self.bytes(&unpacked, layer)?;
        }
        Ok(())
    }

    fn shows(&mut self, text: &[u8]) -> Result<(), Withheld> {
        self.bytes_left = self.bytes_left.checked_sub(text.len()).ok_or(Withheld)?;
        if (self.shows)(text) { Err(Withheld) } else { Ok(()) }
    }

    fn is_new(&mut self, kind: Kind, layer: usize, bytes: &[u8]) -> bool {
        self.seen.insert(self.hasher.hash_one((kind, layer, bytes)))
    }
}
