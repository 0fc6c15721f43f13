//! The kinds of records that a job has: failures and results.

use headway_core::Job;
use headway_core::records::{Page, Position};
use serde_json::value::RawValue;

use crate::csv::Cells;
use crate::problem::ApiErrorResponse;
use crate::state::AppState;

/// A kind of record of a job.
pub(crate) trait Records {
    /// The record as the domain returns it.
    type Record;
    /// The list's name in JSON and in page tokens.
    const KIND: &'static str;
    /// The CSV header row.
    const COLUMNS: &'static [&'static str];

    /// A page of records, beginning at `from`.
    async fn page(state: &AppState, job: &Job, from: Position, limit: usize) -> Result<Page<Self::Record>, ApiErrorResponse>;
    /// A record as JSON.
    fn json(index: u64, record: &Self::Record) -> serde_json::Result<Vec<u8>>;
    /// A record's cells, one for each column.
    fn push_cells(out: &mut Vec<u8>, index: u64, record: &Self::Record, written: Cells);

    /// What `columns` has to be to get the records' values in columns of their own.
    const VALUES: &'static str;
    /// The columns before those.
    const BEFORE_VALUES: &'static [&'static str];

    /// The record's value.
    fn value(record: &Self::Record) -> Option<&RawValue>;
    /// The cells before those of its value.
    fn before_value(index: u64, record: &Self::Record) -> Vec<String>;
}
