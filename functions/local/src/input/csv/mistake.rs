//! Mistakes about a whole table, which rows show.

use super::super::error::InputError;
use super::rows::Row;

/// What is seen of one mistake, as long as rows may still show it.
pub(super) trait Mistake: Send {
    /// Looks at the next row. True while further rows, or the end, may show the mistake.
    ///
    /// # Errors
    ///
    /// The mistake, once it is sure.
    fn look(&mut self, row: &Row) -> Result<bool, InputError>;

    /// An error if the rows before the end of the file show the mistake.
    fn end(&self) -> Result<(), InputError>;
}

/// Mistakes that may still show.
pub(super) type Mistakes = Vec<Box<dyn Mistake>>;

/// Lets each look at the next row, and forgets those that can no longer show.
pub(super) fn look(mistakes: &mut Mistakes, row: &Row) -> Result<(), InputError> {
    let mut at = 0;
    while let Some(mistake) = mistakes.get_mut(at) {
        if mistake.look(row)? {
            at += 1;
        } else {
            mistakes.remove(at);
        }
    }
    Ok(())
}
