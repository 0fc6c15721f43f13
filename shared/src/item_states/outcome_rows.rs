//! The outcome rows of a part, read in order and only as far as they are asked for.

use futures::stream::{BoxStream, StreamExt as _};

use super::layout::Row;
use crate::app::App;
use crate::error::JobError;
use crate::ids::ChunkId;
use crate::outcome::Outcome;
use crate::part::{Part, Register};

/// How many rows are read at a time: one that is needed, and others ahead.
const READS_AT_ONCE: usize = 4;

/// The outcome rows of a part from a chunk on.
pub(super) struct OutcomeRows<'a> {
    reads: BoxStream<'a, Result<Option<Outcome>, JobError>>,
    next: Option<Outcome>,
}

impl<'a> OutcomeRows<'a> {
    /// Those that the part's registers show. Nothing is read yet.
    pub(super) fn of(app: &'a App, part: &Part, from: u16) -> Self {
        let has_row = |(chunk, register): (&u16, &Register)| {
            matches!(register, Register::Outcome { .. }).then_some(ChunkId { job: part.job, part: part.number, chunk: *chunk })
        };
        let rows: Vec<ChunkId> = part.registers.range(from..).filter_map(has_row).collect();
        let reads = futures::stream::iter(rows).map(|id| app.ledger.outcome(id));
        Self { reads: reads.buffered(READS_AT_ONCE).boxed(), next: None }
    }

    /// Where the next row's chunk is; `None` if there are no more rows.
    pub(super) async fn place_of_next(&mut self) -> Result<Option<Row>, JobError> {
        while self.next.is_none() {
            // A row that its register shows is only missing if the job is being deleted.
            match self.reads.next().await.transpose()? {
                Some(row) => self.next = row,
                None => return Ok(None),
            }
        }
        let place = |row: &Outcome| Row { chunk: row.id.chunk, items: row.indexes() };
        Ok(self.next.as_ref().map(place))
    }

    /// The row whose place was asked for last.
    pub(super) fn take(&mut self) -> Option<Outcome> {
        self.next.take()
    }
}
