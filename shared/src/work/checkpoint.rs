//! A checkpoint: progress into the ledger while a chunk runs on.

use super::worker::Worker;
use crate::error::JobError;
use crate::part::Part;
use crate::settle::settle;
use crate::settlement::Settlement;

impl Worker {
    /// Settles the results so far; returns the part as it is since, or `None` if it is gone.
    pub(super) async fn checkpoint(&self, settlement: &Settlement) -> Result<Option<Part>, JobError> {
        settle(&self.app, settlement).await
    }
}
