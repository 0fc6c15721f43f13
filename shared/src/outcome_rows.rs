//! An outcome as rows: writes an outcome row with the extra rows that it names, and reads records from these.
//!
//! The extra rows are written first. A writer that dies before it has written the outcome row leaves extra rows that
//! nobody names; they are deleted with their job.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::app::App;
use crate::error::{JobError, error_chain};
use crate::ids::ChunkId;
use crate::outcome::extra::ExtraRow;
use crate::outcome::{Failure, Outcome, OutputRecord};

/// How many extra rows are written at a time.
const WRITES_AT_ONCE: usize = 4;
/// How many extra rows a reader keeps. Records are read in order of index, and neighbours are mostly in one row.
const ROWS_KEPT: usize = 8;

/// Writes the next version of an outcome. `before` has the names of its extra rows as it was read. Returns whether it
/// was written; if not, somebody else has written this version.
///
/// # Errors
///
/// [`JobError::Unavailable`].
pub async fn put_next(app: &App, before: &BTreeSet<Uuid>, outcome: &mut Outcome) -> Result<bool, JobError> {
    outcome.version += 1;
    let rows = outcome.move_out(app.row_sizes)?;
    let names: BTreeSet<Uuid> = rows.iter().map(|row| row.name).collect();
    let puts: Vec<_> = rows.iter().map(|row| app.ledger.put_extra(row)).collect();
    stream::iter(puts).buffer_unordered(WRITES_AT_ONCE).try_collect::<()>().await?;
    if app.ledger.put_outcome(outcome).await? {
        forget(app, outcome.id, before.difference(&outcome.extra_rows())).await;
        return Ok(true);
    }
    if !names.is_empty() {
        // The other writer may have had the same results, and so the same rows.
        let named = app.ledger.outcome(outcome.id).await?.map(|outcome| outcome.extra_rows()).unwrap_or_default();
        forget(app, outcome.id, names.difference(&named)).await;
    }
    Ok(false)
}

/// Deletes extra rows that no outcome row will name again. They are deleted with their job at the latest.
async fn forget(app: &App, id: ChunkId, names: impl Iterator<Item = &Uuid>) {
    for name in names {
        if let Err(error) = app.ledger.delete_extra(id, *name).await {
            tracing::warn!(job_id = %id.job, part = id.part, chunk = id.chunk, error = error_chain(&error), "an extra row is left");
        }
    }
}

/// Reads the records of one chunk, from its outcome row and its extra rows.
#[derive(Debug)]
pub struct OutcomeReader<'a> {
    app: &'a App,
    outcome: Outcome,
    rows: BTreeMap<Uuid, ExtraRow>,
}

impl<'a> OutcomeReader<'a> {
    /// For this outcome.
    pub fn new(app: &'a App, outcome: Outcome) -> Self {
        Self { app, outcome, rows: BTreeMap::new() }
    }

    /// The outcome row, without the records that were taken from it.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// The failure of an item; `None` if it has none (any more).
    ///
    /// # Errors
    ///
    /// [`JobError::Unavailable`], [`JobError::Corrupt`] if the row that has it is missing.
    pub async fn take_failure(&mut self, index: u64) -> Result<Option<Failure>, JobError> {
        match self.outcome.failures.remove(&index) {
            Some(here) => Ok(Some(here)),
            None => Ok(self.row(index).await?.and_then(|row| row.records.failures.remove(&index))),
        }
    }

    /// The output of an item; `None` if it has none.
    ///
    /// # Errors
    ///
    /// As [`take_failure`](Self::take_failure).
    pub async fn take_output(&mut self, index: u64) -> Result<Option<OutputRecord>, JobError> {
        match self.outcome.outputs.remove(&index) {
            Some(here) => Ok(Some(here)),
            None => Ok(self.row(index).await?.and_then(|row| row.records.outputs.remove(&index))),
        }
    }

    /// An item that has to run again; `None` if it does not (any more).
    ///
    /// # Errors
    ///
    /// As [`take_failure`](Self::take_failure).
    pub async fn take_again(&mut self, index: u64) -> Result<Option<Box<RawValue>>, JobError> {
        match self.outcome.again.remove(&index) {
            Some(here) => Ok(Some(here.item)),
            None => Ok(self.row(index).await?.and_then(|row| row.records.take_item(index))),
        }
    }

    /// The extra row with the item's record; `None` if it has none, or none any more.
    async fn row(&mut self, index: u64) -> Result<Option<&mut ExtraRow>, JobError> {
        let Some(there) = self.outcome.elsewhere.get(&index).copied() else { return Ok(None) };
        if !self.rows.contains_key(&there.row) {
            let Some(row) = self.app.ledger.extra(self.outcome.id, there.row).await? else {
                return self.is_superseded(there.row).await.map(|()| None);
            };
            if self.rows.len() == ROWS_KEPT {
                self.rows.clear();
            }
            self.rows.insert(there.row, row);
        }
        Ok(self.rows.get_mut(&there.row))
    }

    /// An extra row is missing: the outcome row must have been written again since it was read.
    async fn is_superseded(&self, name: Uuid) -> Result<(), JobError> {
        let id = self.outcome.id;
        let now = self.app.ledger.outcome(id).await?;
        if now.is_some_and(|now| now.extra_rows().contains(&name)) {
            let missing = "the outcome row names an extra row that does not exist";
            return Err(JobError::corrupt(format!("the outcome of {id:?}"), missing));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::SystemClock;
    use crate::ids::JobId;
    use crate::ledger::memory::MemoryLedger;
    use crate::outcome::extra::RowSizes;
    use crate::outcome::{FailureKind, ItemResult};
    use crate::queue::memory::MemoryQueue;

    const ID: ChunkId = ChunkId { job: JobId(Uuid::nil()), part: 0, chunk: 0 };

    fn world() -> (App, Arc<MemoryLedger>) {
        let ledger = Arc::new(MemoryLedger::default());
        let app = App::new(ledger.clone(), Arc::new(MemoryQueue::default()), Arc::new(SystemClock));
        (App { row_sizes: RowSizes::SMALLEST, ..app }, ledger)
    }

    fn failed(message: &str) -> ItemResult {
        let item = RawValue::from_string("0".to_owned()).unwrap();
        ItemResult::Failed(Failure::new(FailureKind::Permanent, "", message, 1, None, item))
    }

    fn merged(message: &str) -> Outcome {
        let mut outcome = Outcome::new(ID, 0, 1);
        outcome.merge([(0, failed(message))], 1);
        outcome
    }

    async fn shown(app: &App) -> String {
        let outcome = app.ledger.outcome(ID).await.unwrap().unwrap();
        OutcomeReader::new(app, outcome).take_failure(0).await.unwrap().unwrap().message
    }

    /// Would find that the failure of one run is shown with the text of another one, or not at all.
    #[tokio::test]
    async fn of_two_runs_the_one_that_came_first_is_shown_whoever_writes_last() {
        for other in ["of another run", "of the first run"] {
            let (app, ledger) = world();
            let (mut first, mut second) = (merged("of the first run"), merged(other));
            assert!(put_next(&app, &BTreeSet::new(), &mut first).await.unwrap());
            let came_first = put_next(&app, &BTreeSet::new(), &mut second).await.unwrap();
            assert_eq!(came_first, other == "of the first run", "the same row counts as its own, as after a lost answer");
            assert_eq!(shown(&app).await, "of the first run");
            assert_eq!(ledger.extra_rows((ID.job, ID.part)).len(), 1, "the row of the one that came second is deleted");
        }
    }

    /// Would find that a reader calls a row missing which a later round has replaced, or does not miss one that is named.
    #[tokio::test]
    async fn a_row_that_was_replaced_is_no_failure_any_more_and_a_missing_one_is_an_error() {
        let (app, ledger) = world();
        let mut outcome = merged("no");
        put_next(&app, &BTreeSet::new(), &mut outcome).await.unwrap();
        let (before, read) = (outcome.extra_rows(), outcome.clone());
        outcome.clear(2, None);
        outcome.merge([(0, ItemResult::Processed(None))], 2);
        put_next(&app, &before, &mut outcome).await.unwrap();
        assert!(ledger.extra_rows((ID.job, ID.part)).is_empty());
        assert!(OutcomeReader::new(&app, read).take_failure(0).await.unwrap().is_none());
        let (app, _) = world();
        let mut outcome = merged("no");
        put_next(&app, &BTreeSet::new(), &mut outcome).await.unwrap();
        app.ledger.delete_extra(ID, *outcome.extra_rows().first().unwrap()).await.unwrap();
        let missing = OutcomeReader::new(&app, outcome).take_failure(0).await;
        assert!(matches!(missing, Err(JobError::Corrupt { .. })), "{missing:?}");
    }
}
