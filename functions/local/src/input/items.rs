//! A stream of items: whatever the file's size, one item is held at a time.

use super::error::InputError;
use super::place::Place;

/// A stream of items.
pub trait Items {
    /// Replaces `item` by the next item's JSON, without a line break in it, and gives the place where it begins. None at
    /// the end.
    ///
    /// # Errors
    /// If the input cannot be read, or is not what its format says.
    fn next(&mut self, item: &mut Vec<u8>) -> Result<Option<Place>, InputError>;

    /// Rows skipped so far because they are empty in every column.
    fn skipped_rows(&self) -> u64 {
        0
    }
}
