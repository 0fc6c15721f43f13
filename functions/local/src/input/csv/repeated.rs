//! A row that repeats the header: two files were joined. The second may have its columns in another order, or their names in other
//! capitals or with blanks around them.

use super::super::error::InputError;
use super::delimiters::option;
use super::header::Header;
use super::mistake::Mistake;
use super::rows::Row;

/// Looks for the header's names in the rows.
pub(super) struct Repeated {
    names: Vec<Vec<u8>>,
    sorted: Vec<Vec<u8>>,
    line: u64,
    delimiter: u8,
}

impl Repeated {
    /// Begins below a header of several columns: a single cell may be such a word.
    pub(super) fn below(header: &Header, delimiter: u8) -> Option<Repeated> {
        let names: Vec<_> = header.names().map(plain).collect();
        (header.width() > 1).then(|| Repeated { sorted: sorted(names.clone()), names, line: header.place().line, delimiter })
    }
}

impl Mistake for Repeated {
    fn look(&mut self, row: &Row) -> Result<bool, InputError> {
        let is_name = |cell: &[u8]| self.names.iter().any(|name| is_same(cell, name));
        if !row.cells().all(is_name) || sorted(row.cells().map(plain).collect()) != self.sorted {
            return Ok(true);
        }
        let is_in_order = row.cells().zip(&self.names).all(|(cell, name)| is_same(cell, name));
        let (order, remedy) = if is_in_order { ("", "remove it") } else { (", in another order", "submit each file alone") };
        let what = format!(
            "the row repeats the header of line {}{order}: were two files joined? Then {remedy}; or give --delimiter {} if it is a row",
            self.line,
            option(self.delimiter)
        );
        Err(InputError::at(row.place(), what))
    }

    fn end(&self) -> Result<(), InputError> {
        Ok(())
    }
}

fn is_same(cell: &[u8], name: &[u8]) -> bool {
    cell.trim_ascii().eq_ignore_ascii_case(name)
}

/// A name in small letters, without blanks around it.
fn plain(name: &[u8]) -> Vec<u8> {
    name.trim_ascii().to_ascii_lowercase()
}

fn sorted(mut names: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    names.sort_unstable();
    names
}
