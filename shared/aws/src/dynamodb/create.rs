//! Creates a job. With a key: the key's row, the job's row and its params in one transaction. Without one: first the
//! params, then the row. A job's id is always new, so a row with this id is this same creation, whose answer was lost.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Put as TransactPut, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::change::{Change, absent};
use super::item::{Item, text};
use super::job_row::job_item;
use super::key::Key;
use super::schema::{CREATED_AT, OWNER_PARTITION};
use super::small_rows::{params_item, submission, submission_item};
use super::table::{Put, Table, conditional};
use crate::calls::{ATTEMPTS_MAX, back_off, unavailable};
use headway_core::error::JobError;
use headway_core::ids::{JobId, UserId};
use headway_core::job::Job;
use headway_core::ledger::SubmissionKey;

const TRANSACT: &str = "the table: TransactWriteItems";

/// The result of a transaction.
enum Transacted {
    Done,
    /// The key already has a row.
    KeyTaken,
    /// Another transaction used the same rows, or the table was busy.
    Again(JobError),
}

impl Table {
    /// See `Ledger::create`.
    pub(super) async fn create(
        &self,
        job: &Job,
        params: &str,
        key: Option<&SubmissionKey>,
        replacing: Option<JobId>,
        now: DateTime<Utc>,
    ) -> Result<Option<SubmissionKey>, JobError> {
        let Some(key) = key else {
            self.put(params_item(job.id, params, now)).await?;
            return self.put_job(job).await.map(|()| None);
        };
        self.put_all(job, params, key, replacing, now).await
    }

    /// See `Ledger::submission`.
    pub(super) async fn submission(&self, user_id: &UserId, key_hash: &str) -> Result<Option<SubmissionKey>, JobError> {
        let row = self.get(Key::submission(user_id, key_hash)).await?;
        let read = |item: Item| submission(&item, user_id, key_hash).map_err(|e| JobError::corrupt("a key row", e));
        row.map(read).transpose()
    }

    async fn put_job(&self, job: &Job) -> Result<(), JobError> {
        let item = job_item(job);
        match self.put_if(item.clone(), &absent()).await? {
            Put::Done => Ok(()),
            Put::Refused(Some(there)) if [OWNER_PARTITION, CREATED_AT].iter().all(|name| there.get(*name) == item.get(*name)) => Ok(()),
            Put::Refused(_) => Err(JobError::corrupt(format!("the row of job {}", job.id), "another job has its id")),
        }
    }

    async fn put_all(
        &self,
        job: &Job,
        params: &str,
        key: &SubmissionKey,
        replacing: Option<JobId>,
        now: DateTime<Utc>,
    ) -> Result<Option<SubmissionKey>, JobError> {
        let puts =
            [self.put_of_key(key, replacing, now)?, self.put_of_new(job_item(job))?, self.put_of_new(params_item(job.id, params, now))?];
        // The same token for every attempt, so that an attempt whose answer was lost is not made twice.
        let token = Uuid::new_v4().to_string();
        let mut attempt = 1;
        loop {
            match self.transact(&puts, &token).await? {
                Transacted::Done => return Ok(None),
                Transacted::KeyTaken => match self.submission(&key.user_id, &key.key_hash).await? {
                    Some(known) if known.job == job.id => return Ok(None),
                    Some(known) if Some(known.job) != replacing => return Ok(Some(known)),
                    // The key's row was deleted or became free in between.
                    _ if attempt < ATTEMPTS_MAX => {}
                    _ => return Err(JobError::unavailable(TRANSACT, "the key row comes and goes")),
                },
                Transacted::Again(_) if attempt < ATTEMPTS_MAX => {}
                Transacted::Again(error) => return Err(error),
            }
            back_off(attempt).await;
            attempt += 1;
        }
    }

    fn put_of_key(&self, key: &SubmissionKey, replacing: Option<JobId>, now: DateTime<Utc>) -> Result<TransactWriteItem, JobError> {
        let free = match replacing {
            None => absent(),
            Some(gone) => {
                let free = Change::default().when("attribute_not_exists(#pk) OR #job = :replacing");
                free.value(":replacing", text(gone.to_string()))
            }
        };
        self.transact_put(submission_item(key, now), &free)
    }

    fn put_of_new(&self, item: Item) -> Result<TransactWriteItem, JobError> {
        self.transact_put(item, &absent())
    }

    fn transact_put(&self, item: Item, change: &Change) -> Result<TransactWriteItem, JobError> {
        let put = TransactPut::builder()
            .table_name(&self.name)
            .set_item(Some(item))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::None);
        let put = conditional!(put, change).build();
        Ok(TransactWriteItem::builder().put(put.map_err(|error| JobError::unavailable(TRANSACT, error))?).build())
    }

    async fn transact(&self, puts: &[TransactWriteItem], token: &str) -> Result<Transacted, JobError> {
        let request = self.client.transact_write_items().set_transact_items(Some(puts.to_vec())).client_request_token(token);
        match request.send().await {
            Ok(_) => Ok(Transacted::Done),
            Err(error) if key_taken(&error) => Ok(Transacted::KeyTaken),
            Err(error) if worth_repeating(&error) => Ok(Transacted::Again(unavailable(TRANSACT, error))),
            Err(error) => Err(unavailable(TRANSACT, error)),
        }
    }
}

/// Why each put of a cancelled transaction failed; `None` for those that did not.
fn reasons<R>(error: &SdkError<TransactWriteItemsError, R>) -> Vec<&str> {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or("None")).collect()
        }
        _ => Vec::new(),
    }
}

fn key_taken<R>(error: &SdkError<TransactWriteItemsError, R>) -> bool {
    reasons(error).first() == Some(&"ConditionalCheckFailed")
}

fn worth_repeating<R>(error: &SdkError<TransactWriteItemsError, R>) -> bool {
    let passing = ["None", "TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError"];
    let reasons = reasons(error);
    let cancelled_for_now = !reasons.is_empty() && reasons.iter().all(|reason| passing.contains(reason));
    cancelled_for_now || error.as_service_error().is_some_and(|e| e.is_transaction_in_progress_exception())
}
