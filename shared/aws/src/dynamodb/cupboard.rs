//! Small rows besides jobs, in the same table.

use async_trait::async_trait;
use headway_core::cupboard::{Cupboard, KeptKey, KeptRow};
use headway_core::error::JobError;
use headway_core::ledger::Written;

use super::DynamoLedger;
use super::change::follows;
use super::item::Item;
use super::key::Key;
use super::small_rows::{kept, kept_item};
use super::table::Put;

#[async_trait]
impl Cupboard for DynamoLedger {
    async fn kept(&self, key: &KeptKey) -> Result<Option<KeptRow>, JobError> {
        let item = self.table.get(Key::kept(key)).await?;
        item.as_ref().map(|item| read(item, key)).transpose()
    }

    async fn put_kept(&self, key: &KeptKey, row: &KeptRow) -> Result<Written<KeptRow>, JobError> {
        let item = kept_item(key, row, self.clock.now());
        let Some(before) = row.version.checked_sub(1) else {
            return self.table.put(item).await.map(|()| Written::Applied(row.clone()));
        };
        let there = match self.table.put_if(item, &follows(before)).await? {
            Put::Done => return Ok(Written::Applied(row.clone())),
            Put::Refused(Some(there)) => Some(read(&there, key)?),
            Put::Refused(None) => self.kept(key).await?,
        };
        Ok(match there {
            None => Written::Gone,
            // A row with the same content is this put itself, whose answer was lost.
            Some(there) if there == *row => Written::Applied(there),
            Some(there) => Written::Refused(there),
        })
    }
}

fn read(item: &Item, key: &KeptKey) -> Result<KeptRow, JobError> {
    kept(item).map_err(|e| JobError::corrupt(format!("the row {}/{}", key.of, key.what), e))
}
