//! The job's row. What follows from other attributes is not stored: its id is in its key, its owner in the index, and
//! the subject that started it is stored only if it is not the owner.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, SecondsFormat, Utc};

use super::item::{Item, Reader, RowFault, Writer, number, text, time};
use super::job_lists::{corrected, corrected_text, rounds, rounds_text};
use super::key::{Key, job_of};
use super::schema::*;
use headway_core::ids::{JobId, UserId};
use headway_core::job::{Job, JobStatus, Labels, Notices, RolledUp, ToleratedFailures};
use headway_core::split::Split;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// The row of a job.
pub(super) fn job_item(job: &Job) -> Item {
    let watched = job.is_watched();
    let since = job.expires_at.filter(|_| !watched && !job.deleting).unwrap_or(job.updated_at);
    let row = Writer::new(Key::job(job.id))
        .text(OWNER_PARTITION, owner_partition(&job.user_id))
        .text(OWNER_SORT, index_sort(job.created_at, job.id))
        .text(SWEEP_PARTITION, sweep_partition(job.id, watched))
        .text(SWEEP_SORT, index_sort(since, job.id))
        .text(STATUS, job.status.as_str())
        .number(TOTAL_ITEMS, job.total_items)
        .maybe(TOTAL_BYTES, Some(job.total_bytes).filter(|_| job.sealed), number)
        .maybe(TOTAL_CHUNKS, Some(job.total_chunks).filter(|_| job.sealed), number)
        .maybe(ERROR_MESSAGE, job.error_message.as_deref(), text)
        .time(CREATED_AT, job.created_at)
        .time(UPDATED_AT, job.updated_at)
        .maybe(COMPLETED_AT, job.completed_at, time)
        .maybe(STARTED_AT, job.started_at, time)
        .maybe(EXPIRES_AT, job.expires_at, time)
        .maybe(CREATED_BY, Some(job.created_by.as_str()).filter(|subject| *subject != job.user_id.as_str()), text)
        .text(PROCESSOR, &job.processor)
        .number(ROUND, job.round)
        .flag(PAUSED, job.paused)
        .flag(SEALED, job.sealed)
        .flag(ABANDONED, job.abandoned)
        .flag(DELETING, job.deleting)
        .flag(RECONCILED, job.reconciled)
        .maybe(LATE_RESULTS_AT, job.late_results_at, time)
        .number(PARTS, job.parts)
        .maybe(TOP_PART, job.top_part, number)
        .maybe(PARTS_ROLLED_UP, Some(&job.rolled_up.parts).filter(|parts| !parts.is_empty()), |parts| numbers(parts.iter().copied()))
        .number(PROCESSED_ROLLED_UP, job.rolled_up.processed)
        .number(FAILED_ROLLED_UP, job.rolled_up.failed)
        .number(SPLIT_VERSION, job.split.version)
        .number(SPLIT_ITEMS, job.split.items_per_chunk_max)
        .maybe(EXPECTED_ITEMS, job.expected_items, number)
        .maybe(ID_FIELD, job.id_field.as_deref(), text)
        .maybe(LABELS, Some(&job.labels).filter(|labels| **labels != Labels::default()), |labels| text(labels.to_json()))
        .maybe(NOTICES, Some(&job.notices).filter(|notices| !notices.is_empty()), |notices| text(notices.to_json()))
        .maybe(KEY_HASH, job.key_hash.as_deref(), text)
        .maybe(RATE_SINCE, job.rate_since, time)
        .number(RATE_BASE, job.rate_base)
        .maybe(TOKEN_GENERATION, Some(job.token_generation).filter(|generation| *generation > 0), number)
        .maybe(CORRECTED, Some(&job.corrected).filter(|parts| !parts.is_empty()), |parts| text(corrected_text(parts)))
        .maybe(ROUNDS, Some(&job.rounds).filter(|rounds| !rounds.is_empty()), |rounds| text(rounds_text(rounds)))
        // In milliseconds, so that an end can add it to its own time in an expression.
        .number(RETENTION, i64::from(job.retention_days) * DAY_MS);
    with_tolerated(row, job.tolerated).into_item()
}

/// The job of a row.
pub(super) fn job(item: &Item) -> Result<Job, RowFault> {
    let row = Reader(item);
    let user_id = row.text(OWNER_PARTITION)?.strip_prefix(OWNER_PREFIX).and_then(UserId::new);
    let user_id = user_id.ok_or(RowFault::Malformed(OWNER_PARTITION))?;
    let mut job = Job {
        id: job_of(row.partition()?).ok_or(RowFault::Malformed(PK))?,
        created_by: row.text_if_any(CREATED_BY)?.unwrap_or(user_id.as_str()).to_owned(),
        user_id,
        status: JobStatus::parse(row.text(STATUS)?).ok_or(RowFault::Malformed(STATUS))?,
        total_items: row.number(TOTAL_ITEMS)?,
        total_bytes: row.number_if_any(TOTAL_BYTES)?.unwrap_or_default(),
        total_chunks: row.number_if_any(TOTAL_CHUNKS)?.unwrap_or_default(),
        processed_items: 0,
        failed_items: 0,
        retrying_items: 0,
        waiting_for: None,
        error_message: row.text_if_any(ERROR_MESSAGE)?.map(str::to_owned),
        created_at: row.time(CREATED_AT)?,
        updated_at: row.time(UPDATED_AT)?,
        completed_at: row.time_if_any(COMPLETED_AT)?,
        started_at: row.time_if_any(STARTED_AT)?,
        expires_at: row.time_if_any(EXPIRES_AT)?,
        processor: row.text(PROCESSOR)?.to_owned(),
        round: row.number(ROUND)?,
        paused: row.flag(PAUSED),
        sealed: row.flag(SEALED),
        abandoned: row.flag(ABANDONED),
        deleting: row.flag(DELETING),
        reconciled: row.flag(RECONCILED),
        late_results_at: row.time_if_any(LATE_RESULTS_AT)?,
        parts: row.number(PARTS)?,
        top_part: row.number_if_any(TOP_PART)?,
        rolled_up: rolled_up(row)?,
        tolerated: tolerated(row)?,
        split: Split { version: row.number(SPLIT_VERSION)?, items_per_chunk_max: row.number(SPLIT_ITEMS)? },
        expected_items: row.number_if_any(EXPECTED_ITEMS)?,
        id_field: row.text_if_any(ID_FIELD)?.map(str::to_owned),
        labels: labels(row)?,
        notices: notices(row)?,
        key_hash: row.text_if_any(KEY_HASH)?.map(str::to_owned),
        rate_since: row.time_if_any(RATE_SINCE)?,
        rate_base: row.number(RATE_BASE)?,
        retention_days: u16::try_from(row.number::<i64>(RETENTION)? / DAY_MS).map_err(|_| RowFault::Malformed(RETENTION))?,
        token_generation: row.number_if_any(TOKEN_GENERATION)?.unwrap_or_default(),
        corrected: corrected(row.text_if_any(CORRECTED)?)?,
        rounds: rounds(row.text_if_any(ROUNDS)?)?,
    };
    job.uncount();
    Ok(job)
}

const OWNER_PREFIX: &str = "USER#";

/// The partition of the owner index with this owner's jobs.
pub(super) fn owner_partition(user_id: &UserId) -> String {
    format!("{OWNER_PREFIX}{user_id}")
}

/// The shard of the sweep index with this job.
pub(super) fn sweep_partition(id: JobId, live: bool) -> String {
    shard_partition(id.0.as_bytes()[0] % SWEEP_SHARDS, live)
}

/// A shard of the sweep index.
pub(super) fn shard_partition(shard: u8, live: bool) -> String {
    format!("{}#{shard}", if live { "LIVE" } else { "ENDED" })
}

/// A place in an index: ordered by time, and unique for each job.
pub(super) fn index_sort(at: DateTime<Utc>, id: JobId) -> String {
    format!("{}#{id}", index_time(at))
}

/// A time as indexes order it.
pub(super) fn index_time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The job at a place in an index.
pub(super) fn job_of_index_sort(sort: &str) -> Option<JobId> {
    JobId::parse(sort.split_once('#')?.1)
}

pub(super) fn numbers(of: impl IntoIterator<Item = u32>) -> AttributeValue {
    AttributeValue::Ns(of.into_iter().map(|number| number.to_string()).collect())
}

fn rolled_up(row: Reader<'_>) -> Result<RolledUp, RowFault> {
    let malformed = || RowFault::Malformed(PARTS_ROLLED_UP);
    let parts = match row.value(PARTS_ROLLED_UP) {
        None => BTreeSet::new(),
        Some(AttributeValue::Ns(numbers)) => numbers.iter().map(|n| n.parse().map_err(|_| malformed())).collect::<Result<_, _>>()?,
        Some(_) => return Err(malformed()),
    };
    let count = |name| row.number_if_any(name).map(Option::unwrap_or_default);
    Ok(RolledUp { parts, processed: count(PROCESSED_ROLLED_UP)?, failed: count(FAILED_ROLLED_UP)? })
}

fn labels(row: Reader<'_>) -> Result<Labels, RowFault> {
    let json = row.text_if_any(LABELS)?;
    json.map_or(Ok(Labels::default()), |json| Labels::from_json(json).map_err(|_| RowFault::Malformed(LABELS)))
}

fn notices(row: Reader<'_>) -> Result<Notices, RowFault> {
    let json = row.text_if_any(NOTICES)?;
    json.map_or(Ok(Notices::default()), |json| Notices::from_json(json).map_err(|_| RowFault::Malformed(NOTICES)))
}

/// A percentage is stored as text, as it is written everywhere.
fn with_tolerated(row: Writer, tolerated: ToleratedFailures) -> Writer {
    match tolerated {
        ToleratedFailures::Count(count) => row.number(TOLERATED_COUNT, count),
        ToleratedFailures::Percentage { percentage, minimum_sample } => {
            row.text(TOLERATED_PERCENTAGE, percentage.to_string()).maybe(TOLERATED_SAMPLE, minimum_sample, number)
        }
    }
}

fn tolerated(row: Reader<'_>) -> Result<ToleratedFailures, RowFault> {
    match row.text_if_any(TOLERATED_PERCENTAGE)? {
        None => row.number(TOLERATED_COUNT).map(ToleratedFailures::Count),
        Some(share) => Ok(ToleratedFailures::Percentage {
            percentage: share.parse().map_err(|_| RowFault::Malformed(TOLERATED_PERCENTAGE))?,
            minimum_sample: row.number_if_any(TOLERATED_SAMPLE)?,
        }),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::item_bytes::item_bytes;
    use super::*;
    use headway_core::job::RoundCounts;

    #[test]
    fn a_job_row_with_200_parts_done_costs_one_write_unit() {
        let owner = UserId::new("auth0|64f0c1b2a3d4e5f60718293a").unwrap();
        let now = DateTime::from_timestamp_millis(1_795_507_199_999).unwrap();
        let mut job = Job::new(JobId(Uuid::from_u128(u128::MAX)), owner, 9_999_999, now);
        job.rolled_up = RolledUp { parts: (0..200).collect(), processed: 9_999_999, failed: 9_999 };
        (job.parts, job.top_part, job.sealed) = (200, Some(199), true);
        (job.total_bytes, job.total_chunks) = (899_999_999, 15_999);
        (job.started_at, job.rate_since) = (Some(now), Some(now));
        job.processor = "json-schema".to_owned();
        job.key_hash = Some("0".repeat(64));
        let bytes = item_bytes(&job_item(&job));
        assert!(bytes <= 1_024, "{bytes}");
    }

    #[test]
    fn every_field_of_a_job_is_kept() {
        let now = |ms: i64| DateTime::from_timestamp_millis(1_795_507_199_000 + ms);
        let mut job = Job::new(JobId(Uuid::new_v4()), UserId::new("ü # \u{1F980}").unwrap(), 7, now(1).unwrap());
        job.status = JobStatus::Failed;
        job.error_message = Some("why".to_owned());
        job.updated_at = now(2).unwrap();
        (job.completed_at, job.started_at, job.expires_at, job.rate_since) = (now(3), now(4), now(5), now(6));
        (job.created_by, job.processor, job.round) = ("sub".to_owned(), "http".to_owned(), 3);
        (job.paused, job.sealed, job.abandoned, job.deleting, job.reconciled) = (true, true, true, true, true);
        (job.parts, job.top_part, job.rate_base, job.retention_days) = (4, Some(3), 9, 365);
        (job.total_bytes, job.total_chunks) = (70, 4);
        job.rolled_up = RolledUp { parts: BTreeSet::from([0, 3]), processed: 5, failed: 2 };
        job.tolerated = ToleratedFailures::Percentage { percentage: "18.400000001".parse().unwrap(), minimum_sample: Some(8) };
        job.split = Split { version: 2, items_per_chunk_max: 17 };
        (job.id_field, job.key_hash) = (Some("iata".to_owned()), Some("ab".to_owned()));
        let [callback, title, metadata] = ["crm", "Airports, \u{1F980}", r#"{"a":1}"#].map(|text| Some(text.to_owned()));
        job.labels = Labels { callback, title, metadata, events: true };
        job.notices = job.notices.with(notice());
        (job.token_generation, job.late_results_at) = (3, now(7));
        job.corrected = [(0, 12), (3, 1)].into();
        job.rounds = vec![RoundCounts { round: 1, processed: 5, failed: 4, corrected: 3 }];
        job.uncount();
        assert_eq!(super::job(&job_item(&job)).unwrap(), job);
    }

    fn notice() -> headway_core::job::RoundNotice {
        let next_at = DateTime::from_timestamp_millis(1_795_507_199_007).unwrap();
        headway_core::job::RoundNotice {
            round: 1,
            state: headway_core::job::NoticeState::Waiting,
            tries: 2,
            kind: headway_core::job::NoticeKind::JobStarted,
            started_at: Some(next_at),
            next_at,
            end: None,
        }
    }

    #[test]
    fn an_invalid_job_row_is_refused() {
        let mut item = job_item(&Job::new(JobId(Uuid::new_v4()), UserId::new("u").unwrap(), 1, DateTime::UNIX_EPOCH));
        item.insert(STATUS.to_owned(), text("Exploded"));
        assert_eq!(super::job(&item), Err(RowFault::Malformed(STATUS)));
        item.remove(STATUS);
        assert_eq!(super::job(&item), Err(RowFault::Missing(STATUS)));
    }
}
