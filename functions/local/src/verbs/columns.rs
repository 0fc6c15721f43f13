//! Prints records as CSV with their values in columns of their own.

use headway_api::csv::{self, Cells};

use crate::context::Context;
use crate::error::CommandError;
use crate::out::OutError;
use crate::records::{Record, Records};

/// The bytes that are written at a time.
const WRITTEN_BYTES: usize = 64 * 1_024;

/// How the table is written.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct TableOptions {
    /// In a table: `raw` leaves out the apostrophe before cells that a spreadsheet would run as a formula
    #[arg(long, value_enum, requires = "as_table")]
    cells: Option<CellsAsked>,
    /// In a table: begin with a byte-order mark, so that Excel reads the file as UTF-8
    #[arg(long, requires = "as_table")]
    bom: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum CellsAsked {
    /// Cells as they are, for programs.
    Raw,
}

impl TableOptions {
    /// True if any of them was given.
    #[must_use]
    pub fn is_given(self) -> bool {
        self.cells.is_some() || self.bom
    }

    /// How cells are written.
    #[must_use]
    pub fn written(self) -> Cells {
        if self.cells == Some(CellsAsked::Raw) { Cells::Raw } else { Cells::Harmless }
    }

    /// True to begin with a byte-order mark.
    #[must_use]
    pub fn mark(self) -> bool {
        self.bom
    }

    /// Prints all records, with these cells before the columns of their values.
    ///
    /// # Errors
    ///
    /// stdout cannot be written.
    pub fn print(
        self,
        context: &Context,
        records: &Records,
        before: &[&str],
        cells_before: impl Fn(&Record) -> Vec<String>,
    ) -> Result<(), CommandError> {
        let written = self.written();
        let mut text = if self.bom { "\u{feff}".as_bytes().to_vec() } else { Vec::new() };
        csv::push_row(&mut text, &records.columns.header(before), written);
        records.each(|record| {
            let mut cells: Vec<_> = cells_before(&record).into_iter().map(std::borrow::Cow::Owned).collect();
            cells.extend(records.columns.cells(record.value()));
            csv::push_row(&mut text, &cells, written);
            if text.len() < WRITTEN_BYTES { Ok(()) } else { flush(context, &mut text).map_err(CommandError::from) }
        })?;
        Ok(flush(context, &mut text)?)
    }
}

fn flush(context: &Context, text: &mut Vec<u8>) -> Result<(), OutError> {
    context.out.bytes(&std::mem::take(text))
}
