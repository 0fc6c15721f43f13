//! Writes joined rows, as CSV or as NDJSON.

use headway_api::columns::Columns;
use headway_api::csv::{self, Cells};
use serde::Serialize;
use serde_json::value::RawValue;

use super::header::RowColumns;
use super::outcome::{Counts, Joined, Outcome};
use crate::context::Context;
use crate::error::CommandError;
use crate::out::OutError;

/// The bytes that are written at a time.
const WRITTEN_BYTES: usize = 64 * 1_024;

/// How joined rows are written.
#[derive(Debug)]
pub enum Layout<'a> {
    /// A JSON object in each line.
    Ndjson,
    /// With a header row.
    Csv {
        /// The file's columns.
        rows: &'a RowColumns,
        /// The outputs' columns.
        outputs: &'a Columns,
        /// How cells are written.
        written: Cells,
        /// True to begin with a byte-order mark.
        mark: bool,
    },
}

/// A row in a line.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    index: Option<u64>,
    line: u64,
    item: &'a RawValue,
    status: &'a str,
    correction: Option<&'a str>,
    kind: Option<&'a str>,
    code: Option<&'a str>,
    message: Option<&'a str>,
    attempts: Option<u32>,
    output: Option<&'a RawValue>,
    has_output: bool,
    output_omitted: bool,
}

/// Writes rows to stdout.
pub struct JoinedWriter<'a> {
    context: &'a Context,
    layout: Layout<'a>,
    text: Vec<u8>,
    /// How many rows have which status.
    pub counts: Counts,
}

impl<'a> JoinedWriter<'a> {
    /// Begins with the header row, if there is one.
    #[must_use]
    pub fn new(context: &'a Context, layout: Layout<'a>) -> JoinedWriter<'a> {
        let mut text = Vec::new();
        if let Layout::Csv { rows, outputs, written, mark } = &layout {
            text.extend_from_slice(if *mark { "\u{feff}".as_bytes() } else { &[] });
            csv::push_row(&mut text, &rows.header(outputs), *written);
        }
        JoinedWriter { context, layout, text, counts: Counts::default() }
    }

    /// Writes a row.
    ///
    /// # Errors
    ///
    /// stdout cannot be written.
    pub fn push(&mut self, item: &[u8], line: u64, joined: &Joined) -> Result<(), CommandError> {
        let item: &RawValue = serde_json::from_slice(item).map_err(anyhow::Error::from)?;
        match &self.layout {
            Layout::Csv { rows, outputs, written, .. } => csv::push_row(&mut self.text, &rows.cells(item, joined, outputs), *written),
            Layout::Ndjson => {
                serde_json::to_writer(&mut self.text, &Line::of(item, line, joined)).map_err(anyhow::Error::from)?;
                self.text.push(b'\n');
            }
        }
        self.counts.add(joined.status());
        if self.text.len() < WRITTEN_BYTES { Ok(()) } else { Ok(self.flush()?) }
    }

    /// Writes what is left.
    ///
    /// # Errors
    ///
    /// stdout cannot be written.
    pub fn flush(&mut self) -> Result<(), OutError> {
        self.context.out.bytes(&std::mem::take(&mut self.text))
    }
}

impl<'a> Line<'a> {
    fn of(item: &'a RawValue, line: u64, joined: &'a Joined) -> Line<'a> {
        let outcome = joined.outcome();
        let output = outcome.and_then(Outcome::output);
        Line {
            index: outcome.map(|outcome| outcome.index),
            line,
            item,
            status: joined.status(),
            correction: outcome.and_then(|outcome| outcome.correction.as_deref()),
            kind: outcome.and_then(|outcome| outcome.kind.as_deref()),
            code: outcome.and_then(|outcome| outcome.code.as_deref()),
            message: outcome.and_then(|outcome| outcome.message.as_deref()),
            attempts: outcome.and_then(|outcome| outcome.attempts),
            output,
            has_output: output.is_some(),
            output_omitted: outcome.is_some_and(|outcome| outcome.output_omitted),
        }
    }
}
