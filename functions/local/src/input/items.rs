//! A stream of items. Only one is in memory at a time, whatever the file's size.

use super::error::InputError;
use super::place::Place;

/// A stream of items.
pub trait Items {
    /// Replaces `item` with the next item's JSON, which has no line break, and returns the place where it begins.
    /// `None` at the end.
    ///
    /// # Errors
    ///
    /// The input cannot be read, or does not have its format.
    fn next(&mut self, item: &mut Vec<u8>) -> Result<Option<Place>, InputError>;

    /// The number of rows skipped so far because they are empty in every column.
    fn skipped_rows(&self) -> u64 {
        0
    }

    /// The names of the columns, if the file has a header row.
    fn columns(&self) -> Vec<String> {
        Vec::new()
    }
}
