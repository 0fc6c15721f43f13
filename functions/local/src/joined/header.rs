//! The columns of a joined table: those of the file as they are, then the outcome's, then the outputs'.

use std::borrow::Cow;
use std::collections::HashSet;

use headway_api::columns::Columns;
use serde_json::value::RawValue;

use super::outcome::Joined;
use crate::input::Format;

/// The columns of an outcome.
const OUTCOME: [&str; 7] = ["_index", "_status", "_correction", "_kind", "_code", "_error", "_attempts"];
/// The most columns of a file that has no header.
const COLUMNS_MAX: usize = 1_000;
const NAMES_BYTES_MAX: usize = 40_000;

/// The columns of the file's rows.
#[derive(Debug)]
pub struct RowColumns(Columns);

impl RowColumns {
    /// For a file of this format, before it is read.
    #[must_use]
    pub fn of(format: Format) -> RowColumns {
        // A header row has all of them, and is as short as an item.
        let (columns, bytes) = if format == Format::Csv { (usize::MAX, usize::MAX) } else { (COLUMNS_MAX, NAMES_BYTES_MAX) };
        RowColumns(Columns::at_most(columns, bytes).with_any_name())
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

    /// The header. No two columns have the same name: of the later ones some get another `_` in front.
    #[must_use]
    pub fn header(&self, outputs: &Columns) -> Vec<String> {
        let (mut names, mut taken) = (Vec::new(), HashSet::new());
        let of_outputs = outputs.header(&[]).into_iter().map(|name| format!("output.{name}"));
        let rows = self.0.header(&[]).into_iter().map(str::to_owned);
        for mut name in rows.chain(OUTCOME.map(str::to_owned)).chain(of_outputs) {
            while taken.contains(&name) {
                name.insert(0, '_');
            }
            taken.insert(name.clone());
            names.push(name);
        }
        names
    }

    /// The cells of a row, one for each column.
    #[must_use]
    pub fn cells<'a>(&self, item: &'a RawValue, joined: &'a Joined, outputs: &Columns) -> Vec<Cow<'a, str>> {
        let text = |text: Option<&'a String>| Cow::Borrowed(text.map_or("", String::as_str));
        let number = |number: Option<u64>| Cow::Owned(number.map(|number| number.to_string()).unwrap_or_default());
        let outcome = joined.outcome();
        let mut cells = self.0.cells(Some(item));
        cells.extend([
            number(outcome.map(|outcome| outcome.index)),
            Cow::Borrowed(joined.status()),
            text(outcome.and_then(|outcome| outcome.correction.as_ref())),
            text(outcome.and_then(|outcome| outcome.kind.as_ref())),
            text(outcome.and_then(|outcome| outcome.code.as_ref())),
            text(outcome.and_then(|outcome| outcome.message.as_ref())),
            number(outcome.and_then(|outcome| outcome.attempts).map(u64::from)),
        ]);
        cells.extend(outputs.cells(outcome.and_then(|outcome| outcome.output.as_deref())));
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that was joined before can be joined again, and nothing of it is lost.
    #[test]
    fn no_two_columns_have_the_same_name() {
        let mut rows = RowColumns::of(Format::Csv);
        rows.add(br#"{"a":"1","_status":"old","_index":"x","output.a":"y","_item":"z"}"#).unwrap();
        let outputs = Columns::named(vec!["a".to_owned()], true);
        let header = rows.header(&outputs).join(",");
        assert_eq!(
            header,
            "a,_status,_index,output.a,_item,__index,__status,_correction,_kind,_code,_error,_attempts,_output.a,output._item"
        );
        let item = RawValue::from_string(r#"{"a":"1","_status":"old"}"#.to_owned()).unwrap();
        assert_eq!(rows.cells(&item, &Joined::NotSent, &outputs).join(","), "1,old,,,,,NotSent,,,,,,,");
    }
}
