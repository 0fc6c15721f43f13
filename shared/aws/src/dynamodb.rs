//! The table in Amazon DynamoDB. Each operation of the ledger is one atomic call. Conditions and effects are those of
//! `JobWrite` and `PartWrite`, written as expressions.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::value::RawValue;
use uuid::Uuid;

use self::change::{Change, absent, follows};
use self::item::{Item, Reader, text};
use self::key::Key;
use self::schema::{DATA, SK};
use self::table::{GET_KEYS_MAX, Put, Query, Table};
use headway_core::clock::{Clock, SystemClock};
use headway_core::corrections::Corrections;
use headway_core::error::{Cause, JobError};
use headway_core::ids::{ChunkId, JobId, PartId, UserId};
use headway_core::job::{Job, JobWrite};
use headway_core::ledger::{Candidates, CareMark, FoundJobs, Ledger, Parked, Rows, SubmissionKey, Written};
use headway_core::outcome::Outcome;
use headway_core::outcome::extra::ExtraRow;
use headway_core::part::{Part, PartWrite};

mod change;
mod compressed;
mod corrections_row;
mod create;
mod cupboard;
mod extra_row;
mod find;
mod item;
mod item_bytes;
mod job_lists;
mod job_row;
mod job_write;
mod key;
mod outcome_row;
mod part_row;
mod part_write;
pub mod schema;
mod small_rows;
mod table;

pub use item_bytes::item_bytes;

/// How many calls of `BatchGetItem` one read makes at a time.
const READS_SIDE_BY_SIDE: usize = 4;

/// The rows in a DynamoDB table. Throttled and failed calls are retried by the client, as it is configured.
#[derive(Debug, Clone)]
pub struct DynamoLedger {
    table: Table,
    clock: Arc<dyn Clock>,
}

impl DynamoLedger {
    /// On a table that was created like [`schema::create_table`] does.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { table: Table { client, name: table.into() }, clock: Arc::new(SystemClock) }
    }

    /// With another clock, from which the expiry times of rows are computed.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    async fn page_of(&self, id: PartId, from: &str, to: &str) -> Result<Vec<Item>, JobError> {
        let value = |name: &str, value: &str| (name.to_owned(), text(value));
        let values = HashMap::from([value(":partition", &key::part_partition(id)), value(":from", from), value(":to", to)]);
        let condition = "#pk = :partition AND #sk BETWEEN :from AND :to";
        Ok(self.table.query(Query { condition, values, ..Query::default() }).await?.items)
    }
}

#[async_trait]
impl Ledger for DynamoLedger {
    async fn rows(&self, jobs: &[JobId], parts: &[PartId]) -> Result<Rows, JobError> {
        let keys = jobs.iter().copied().map(Key::job).chain(parts.iter().copied().map(Key::part));
        let keys: Vec<Key> = keys.collect::<BTreeSet<_>>().into_iter().collect();
        let mut rows = Rows::default();
        if let [key] = keys.as_slice() {
            self.table.get(key.clone()).await?.iter().try_for_each(|item| take_row(&mut rows, item))?;
            return Ok(rows);
        }
        let batches: Vec<Vec<Key>> = keys.chunks(GET_KEYS_MAX).map(<[Key]>::to_vec).collect();
        let calls = stream::iter(batches).map(|batch| self.table.get_all(batch)).buffer_unordered(READS_SIDE_BY_SIDE);
        let found: Vec<Vec<Item>> = calls.try_collect().await?;
        found.iter().flatten().try_for_each(|item| take_row(&mut rows, item))?;
        Ok(rows)
    }

    async fn create(
        &self,
        job: &Job,
        params: &RawValue,
        key: Option<&SubmissionKey>,
        replacing: Option<JobId>,
    ) -> Result<Option<SubmissionKey>, JobError> {
        self.table.create(job, params.get(), key, replacing, self.clock.now()).await
    }

    async fn submission(&self, user_id: &UserId, key_hash: &str) -> Result<Option<SubmissionKey>, JobError> {
        self.table.submission(user_id, key_hash).await
    }

    async fn update_job(&self, id: JobId, write: &JobWrite, now: DateTime<Utc>) -> Result<Written<Job>, JobError> {
        let written = self.table.update(Key::job(id), &job_write::job_change(id, write, now)).await?;
        parsed(written, read_job)
    }

    async fn put_part(&self, part: &Part) -> Result<Option<Part>, JobError> {
        match self.table.put_if(part_row::part_item(part), &absent()).await? {
            Put::Done => Ok(None),
            Put::Refused(there) => {
                let there = match there {
                    Some(item) => Some(read_part(&item)?),
                    None => self.rows(&[], &[(part.job, part.number)]).await?.parts.into_values().next(),
                };
                // If the row is exactly the same, it is this put itself, whose answer was lost.
                Ok(there.filter(|there| there != part))
            }
        }
    }

    async fn update_part(&self, id: PartId, write: &PartWrite, now: DateTime<Utc>) -> Result<Written<Part>, JobError> {
        let written = self.table.update(Key::part(id), &part_write::part_change(write, now)).await?;
        parsed(written, read_part)
    }

    async fn params(&self, id: JobId) -> Result<Option<Arc<RawValue>>, JobError> {
        let corrupt = |e: Cause| JobError::corrupt(format!("the params of job {id}"), e);
        let Some(item) = self.table.get(Key::params(id)).await? else { return Ok(None) };
        let params = Reader(&item).text(DATA).map_err(|e| corrupt(e.into()))?;
        let params = RawValue::from_string(params.to_owned()).map_err(|e| corrupt(e.into()))?;
        Ok(Some(params.into()))
    }

    async fn outcome(&self, id: ChunkId) -> Result<Option<Outcome>, JobError> {
        self.table.get(Key::outcome(id)).await?.as_ref().map(read_outcome).transpose()
    }

    async fn outcomes(&self, id: PartId, from: u16) -> Result<Vec<Outcome>, JobError> {
        let items = self.page_of(id, &key::outcome_sort(from), &key::outcome_sort(999)).await?;
        items.iter().map(read_outcome).collect()
    }

    async fn put_outcome(&self, outcome: &Outcome) -> Result<bool, JobError> {
        let Some(before) = outcome.version.checked_sub(1) else { return Ok(false) };
        let corrupt = |e| JobError::corrupt(format!("the outcome of {:?}", outcome.id), e);
        let item = outcome_row::outcome_item(outcome, self.clock.now()).map_err(corrupt)?;
        match self.table.put_if(item.clone(), &follows(before)).await? {
            Put::Done => Ok(true),
            // A row with the same content is this put itself, whose answer was lost.
            Put::Refused(there) => Ok(there.is_some_and(|there| outcome_row::same_outcome(&there, &item))),
        }
    }

    async fn put_extra(&self, row: &ExtraRow) -> Result<(), JobError> {
        let corrupt = |e| JobError::corrupt(format!("an extra row of {:?}", row.id), e);
        self.table.put(extra_row::extra_item(row, self.clock.now()).map_err(corrupt)?).await
    }

    async fn extra(&self, id: ChunkId, name: Uuid) -> Result<Option<ExtraRow>, JobError> {
        let item = self.table.get(Key::extra(id, name)).await?;
        let read = |item: &Item| extra_row::extra(item).map_err(|e| JobError::corrupt(named("the extra row", item), e));
        item.as_ref().map(read).transpose()
    }

    async fn delete_extra(&self, id: ChunkId, name: Uuid) -> Result<(), JobError> {
        self.table.delete(Key::extra(id, name)).await
    }

    async fn corrections(&self, id: PartId, from: u16) -> Result<Vec<Corrections>, JobError> {
        let items = self.page_of(id, &key::corrections_sort(from), &key::corrections_sort(999)).await?;
        let read = |item: &Item| corrections_row::corrections(item).map_err(|e| JobError::corrupt(named("the corrections row", item), e));
        items.iter().map(read).collect()
    }

    async fn put_corrections(&self, corrections: &Corrections) -> Result<bool, JobError> {
        let Some(before) = corrections.version.checked_sub(1) else { return Ok(false) };
        let corrupt = |e| JobError::corrupt(format!("the corrections of {:?}", corrections.id), e);
        let item = corrections_row::corrections_item(corrections, self.clock.now()).map_err(corrupt)?;
        match self.table.put_if(item.clone(), &follows(before)).await? {
            Put::Done => Ok(true),
            // A row with the same content is this put itself, whose answer was lost.
            Put::Refused(there) => Ok(there.is_some_and(|there| corrections_row::same_corrections(&there, &item))),
        }
    }

    async fn park(&self, parked: &Parked) -> Result<(), JobError> {
        self.table.put(small_rows::parked_item(parked, self.clock.now())).await
    }

    async fn parked(&self, id: PartId) -> Result<Vec<Parked>, JobError> {
        // `$` comes after `#`, so the range is everything that begins with the prefix.
        let items = self.page_of(id, key::PARKED_PREFIX, "PARK$").await?;
        items.iter().map(|item| small_rows::parked(item).map_err(|e| JobError::corrupt("a parked row", e))).collect()
    }

    async fn unpark(&self, id: ChunkId, nonce: Uuid) -> Result<(), JobError> {
        self.table.delete(Key::parked(id, nonce)).await
    }

    async fn care(&self, id: ChunkId) -> Result<Option<CareMark>, JobError> {
        let item = self.table.get(Key::care(id)).await?;
        item.as_ref().map(|item| small_rows::care(item).map_err(|e| JobError::corrupt("a care row", e))).transpose()
    }

    async fn put_care(&self, id: ChunkId, care: Option<&CareMark>) -> Result<(), JobError> {
        match care {
            Some(care) => self.table.put(small_rows::care_item(id, care, self.clock.now())).await,
            None => self.table.delete(Key::care(id)).await,
        }
    }

    async fn jobs_of(&self, user_id: &UserId, after: Option<&str>, limit: usize) -> Result<FoundJobs, JobError> {
        self.table.jobs_of(user_id, after, limit).await
    }

    async fn candidates(&self, kind: Candidates, before: DateTime<Utc>, after: Option<&str>, limit: usize) -> Result<FoundJobs, JobError> {
        self.table.candidates(kind, before, after, limit).await
    }

    async fn delete_part(&self, id: PartId) -> Result<bool, JobError> {
        let values = HashMap::from([(":partition".to_owned(), text(key::part_partition(id)))]);
        let page = self.table.query(Query { condition: "#pk = :partition", values, keys_only: true, ..Query::default() }).await?;
        self.table.delete_all(page.items).await?;
        Ok(!page.more)
    }

    async fn delete_job(&self, job: &Job) -> Result<(), JobError> {
        self.table.delete(Key::params(job.id)).await?;
        if let Some(key_hash) = &job.key_hash {
            // The key may have started another job since.
            let own = Change::default().when("#job = :job").value(":job", text(job.id.to_string()));
            self.table.delete_if(Key::submission(&job.user_id, key_hash), &own).await?;
        }
        self.table.delete(Key::job(job.id)).await
    }
}

fn take_row(rows: &mut Rows, item: &Item) -> Result<(), JobError> {
    if item.get(SK).and_then(|sort| sort.as_s().ok()).is_some_and(|sort| sort == key::PART_SORT) {
        let part = read_part(item)?;
        rows.parts.insert((part.job, part.number), part);
    } else {
        let job = read_job(item)?;
        rows.jobs.insert(job.id, job);
    }
    Ok(())
}

fn parsed<T>(written: Written<Item>, read: impl FnOnce(&Item) -> Result<T, JobError>) -> Result<Written<T>, JobError> {
    Ok(match written {
        Written::Applied(item) => Written::Applied(read(&item)?),
        Written::Refused(item) => Written::Refused(read(&item)?),
        Written::Gone => Written::Gone,
    })
}

fn read_job(item: &Item) -> Result<Job, JobError> {
    job_row::job(item).map_err(|e| JobError::corrupt(named("the job row", item), e))
}

fn read_part(item: &Item) -> Result<Part, JobError> {
    part_row::part(item).map_err(|e| JobError::corrupt(named("the part row", item), e))
}

fn read_outcome(item: &Item) -> Result<Outcome, JobError> {
    outcome_row::outcome(item).map_err(|e| JobError::corrupt(named("the outcome row", item), e))
}

/// The row that an error is about, named by its keys, which contain no item.
fn named(what: &str, item: &Item) -> String {
    let row = Reader(item);
    format!("{what} {}/{}", row.partition().unwrap_or("?"), row.sort().unwrap_or("?"))
}
