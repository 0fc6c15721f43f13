//! What is kept besides jobs, in the same table.

use async_trait::async_trait;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use headway_core::ProcessorInfo;
use headway_core::cupboard::{Cupboard, Stray};
use headway_core::error::JobError;
use headway_core::ids::UserId;
use headway_core::ledger::SubmissionKey;
use headway_core::quota::Usage;

use super::change::{absent, follows};
use super::item::{Item, Reader, Writer};
use super::key::Key;
use super::schema::DATA;
use super::table::Put;
use super::{DynamoLedger, small_rows, usage_row};

#[async_trait]
impl Cupboard for DynamoLedger {
    async fn submission(&self, user_id: &UserId, key_hash: &str) -> Result<Option<SubmissionKey>, JobError> {
        self.table.submission(user_id, key_hash).await
    }

    async fn usage(&self, user_id: &UserId) -> Result<Option<Usage>, JobError> {
        let item = self.table.get(Key::usage(user_id)).await?;
        let read = |item: &Item| usage_row::usage(item, user_id).map_err(|e| JobError::corrupt("an owner's row", e));
        item.as_ref().map(read).transpose()
    }

    async fn put_usage(&self, usage: &Usage) -> Result<bool, JobError> {
        let Some(before) = usage.version.checked_sub(1) else { return Ok(false) };
        let item = usage_row::usage_item(usage, self.clock.now());
        match self.table.put_if(item.clone(), &follows(before)).await? {
            Put::Done => Ok(true),
            // A row with the same content is this put itself, whose answer was lost.
            Put::Refused(there) => Ok(there.is_some_and(|there| usage_row::same_usage(&there, &item))),
        }
    }

    async fn secret(&self, name: &str, fresh: &[u8]) -> Result<Vec<u8>, JobError> {
        let read = |item: &Item| Reader(item).binary(DATA).map(<[u8]>::to_vec).map_err(|e| JobError::corrupt("a secret", e));
        if let Some(there) = self.table.get(Key::secret(name)).await? {
            return read(&there);
        }
        let row = Writer::new(Key::secret(name)).value(DATA, AttributeValue::B(Blob::new(fresh))).into_item();
        match self.table.put_if(row, &absent()).await? {
            Put::Done => Ok(fresh.to_vec()),
            Put::Refused(Some(there)) => read(&there),
            Put::Refused(None) => Err(JobError::unavailable("the table: PutItem", "a secret was refused, yet there is none")),
        }
    }

    async fn told_processors(&self) -> Result<Vec<ProcessorInfo>, JobError> {
        let item = self.table.get(Key::processors()).await?;
        let read = |item| small_rows::processors(item).map_err(|e| JobError::corrupt("what workers told", e));
        item.as_ref().map_or(Ok(Vec::new()), read)
    }

    async fn tell_processors(&self, processors: &[ProcessorInfo]) -> Result<(), JobError> {
        self.table.put(small_rows::processors_item(processors)?).await
    }

    async fn keep_stray(&self, stray: &Stray, now: DateTime<Utc>) -> Result<(), JobError> {
        self.table.put(small_rows::stray_item(stray, now)).await
    }
}
