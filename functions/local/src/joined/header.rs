//! The columns of a joined table: the item's index, the file's columns as they are, then the outcome's, then the
//! outputs'.
//!
//! The index is first, as in all other tables, so that no row begins with a cell of the file: a spreadsheet that
//! separates by `;` and has `,` in numbers would read `-1` and `5+A1` in the first two columns as the formula `-1,5+A1`.

use std::borrow::Cow;
use std::collections::HashSet;

use headway_api::columns::Columns;
use serde_json::value::RawValue;

use super::outcome::{Joined, Outcome};
use crate::input::{Format, Items};

const INDEX: &str = "_index";
/// The other columns of an outcome.
const OUTCOME: [&str; 6] = ["_status", "_correction", "_kind", "_code", "_error", "_attempts"];
/// The most columns of a file that has no header.
const COLUMNS_MAX: usize = 1_000;
const NAMES_BYTES_MAX: usize = 40_000;

/// The columns of the file's rows.
#[derive(Debug)]
pub struct RowColumns(Columns);

impl RowColumns {
    /// Of a file that was opened and not read yet. A CSV file's header row has all of them, even if it has no other row.
    #[must_use]
    pub fn of(format: Format, items: &dyn Items) -> RowColumns {
        match format {
            Format::Csv => RowColumns(Columns::named(items.columns(), false)),
            Format::Ndjson | Format::Json => RowColumns(Columns::at_most(COLUMNS_MAX, NAMES_BYTES_MAX).with_any_name()),
        }
    }

    /// Makes sure that there are columns for this row.
    ///
    /// # Errors
    ///
    /// The row is no JSON, which a reader never gives.
    pub fn add(&mut self, item: &[u8]) -> Result<(), serde_json::Error> {
        self.0.add(serde_json::from_slice::<&RawValue>(item)?);
        Ok(())
    }

    /// The header. No two columns have the same name: the file's keep theirs, and others get another `_` in front.
    #[must_use]
    pub fn header(&self, outputs: &Columns) -> Vec<String> {
        let mut taken = HashSet::new();
        let mut names: Vec<String> = self.0.header(&[]).into_iter().map(|name| own_name(name.to_owned(), &mut taken)).collect();
        names.insert(0, own_name(INDEX.to_owned(), &mut taken));
        let of_outputs = outputs.header(&[]).into_iter().map(|name| format!("output.{name}"));
        names.extend(OUTCOME.map(str::to_owned).into_iter().chain(of_outputs).map(|name| own_name(name, &mut taken)));
        names
    }

    /// The cells of a row, one for each column.
    #[must_use]
    pub fn cells<'a>(&self, item: &'a RawValue, joined: &'a Joined, outputs: &Columns) -> Vec<Cow<'a, str>> {
        let text = |text: Option<&'a String>| Cow::Borrowed(text.map_or("", String::as_str));
        let number = |number: Option<u64>| Cow::Owned(number.map(|number| number.to_string()).unwrap_or_default());
        let outcome = joined.outcome();
        let mut cells = vec![number(outcome.map(|outcome| outcome.index))];
        cells.extend(self.0.cells(Some(item)));
        cells.extend([
            Cow::Borrowed(joined.status()),
            text(outcome.and_then(|outcome| outcome.correction.as_ref())),
            text(outcome.and_then(|outcome| outcome.kind.as_ref())),
            text(outcome.and_then(|outcome| outcome.code.as_ref())),
            text(outcome.and_then(|outcome| outcome.message.as_ref())),
            number(outcome.and_then(|outcome| outcome.attempts).map(u64::from)),
        ]);
        cells.extend(outputs.cells(outcome.and_then(Outcome::output)));
        cells
    }
}

/// The name with as many `_` in front as it takes to be the only one.
fn own_name(mut name: String, taken: &mut HashSet<String>) -> String {
    while taken.contains(&name) {
        name.insert(0, '_');
    }
    taken.insert(name.clone());
    name
}

#[cfg(test)]
mod tests {
    use headway_api::csv::{self, Cells};

    use super::*;
    use crate::input::{InputError, Reading, items};

    fn columns_of(format: Format, text: &'static str) -> Result<RowColumns, String> {
        let read = || {
            let mut items = items(text.as_bytes(), &Reading::of(format))?;
            let (mut columns, mut item) = (RowColumns::of(format, &*items), Vec::new());
            while items.next(&mut item)?.is_some() {
                columns.add(&item).map_err(std::io::Error::other)?;
            }
            Ok(columns)
        };
        read().map_err(|error: InputError| error.to_string())
    }

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    /// A file that was joined before can be joined again, and nothing of it is lost.
    #[test]
    fn no_two_columns_have_the_same_name() {
        let rows = columns_of(Format::Ndjson, r#"{"a":"1","_status":"old","_index":"x","output.a":"y","_item":"z"}"#).unwrap();
        let outputs = Columns::named(vec!["a".to_owned()], true);
        let header = rows.header(&outputs).join(",");
        assert_eq!(
            header,
            "__index,a,_status,_index,output.a,_item,__status,_correction,_kind,_code,_error,_attempts,_output.a,output._item"
        );
        let item = raw(r#"{"a":"1","_status":"old"}"#);
        assert_eq!(rows.cells(&item, &Joined::NotSent, &outputs).join(","), ",1,old,,,,NotSent,,,,,,,");
    }

    /// Bug found: a CSV file with a header row alone lost its columns.
    #[test]
    fn a_file_without_rows_keeps_the_columns_that_it_has() {
        let header = |format, text| columns_of(format, text).map(|rows| rows.header(&Columns::default()).join(","));
        let outcome = "_status,_correction,_kind,_code,_error,_attempts";
        for text in ["a,b", "a,b\r\n", "\u{feff}a,b\n", "\n\na,b\n\n,\n", "\u{feff}\"a\",\"b\"\r\n"] {
            assert_eq!(header(Format::Csv, text), Ok(format!("_index,a,b,{outcome}")), "{text:?}");
        }
        for (format, text) in [
            (Format::Ndjson, ""),
            (Format::Ndjson, "\n \n"),
            (Format::Ndjson, "\u{feff}"),
            (Format::Json, "[]"),
            (Format::Json, "\u{feff} [ ]\n"),
        ] {
            assert_eq!(header(format, text), Ok(format!("_index,{outcome}")), "{text:?}");
        }
        for (format, text) in [(Format::Csv, ""), (Format::Csv, "\u{feff}\n"), (Format::Json, "")] {
            assert!(header(format, text).unwrap_err().contains("the file is empty"), "{text:?}");
        }
    }

    /// Bug found: `-1` and `5+A1` in the first two columns are the formula `-1,5+A1` to a spreadsheet that separates by
    /// `;`. A number stays as it is all the same.
    #[test]
    fn no_row_begins_with_a_cell_of_the_file() {
        let rows = columns_of(Format::Csv, "a,b").unwrap();
        let row = |item: &str, joined: Joined| {
            let mut text = Vec::new();
            csv::push_row(&mut text, &rows.cells(&raw(item), &joined, &Columns::default()), Cells::Harmless);
            String::from_utf8(text).unwrap()
        };
        assert_eq!(row(r#"{"a":"-1","b":"5+A1"}"#, Joined::NotSent), ",-1,5+A1,NotSent,,,,,\r\n");
        assert_eq!(row(r#"{"a":"=1","b":"-x"}"#, Joined::NotFound), ",'=1,'-x,NotFound,,,,,\r\n");
    }
}
