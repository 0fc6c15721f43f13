//! Where a file differs from what was sent to a job, as far as the rows that were sent are recorded on this machine.

use crate::error::CommandError;
use crate::input::Opened;
use crate::sent_rows::{RowDigest, SentRows};

/// Where a file differs from what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// A row is different.
    Row {
        /// The item's index.
        index: u64,
        /// The row's line in the file.
        line: u64,
    },
    /// The file has no more rows.
    End {
        /// How many it has.
        items: u64,
    },
}

/// The first of `count` items from `first_index` on that differs from what was sent, as far as that was recorded.
///
/// # Errors
///
/// The file cannot be read any more.
pub fn first_difference(opened: &Opened, sent_rows: &SentRows, first_index: u64, count: u64) -> Result<Option<Difference>, CommandError> {
    let known = sent_rows.known(first_index, usize::try_from(count).unwrap_or_default());
    let (mut items, mut item) = (opened.again()?, Vec::new());
    for index in 0..first_index + count {
        let Some(begins) = items.next(&mut item)? else { return Ok(Some(Difference::End { items: index })) };
        let was = index.checked_sub(first_index).and_then(|row| known.get(usize::try_from(row).ok()?).copied().flatten());
        if was.is_some_and(|was| was != RowDigest::of(&item)) {
            return Ok(Some(Difference::Row { index, line: begins.line }));
        }
    }
    Ok(None)
}
