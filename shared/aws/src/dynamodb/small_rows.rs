//! Rows without rules of their own: an `Idempotency-Key`, a parked message, a mark, a stray, a worker's processors.

use chrono::{DateTime, Utc};

use super::item::{Item, Reader, RowFault, Writer};
use super::key::{Key, part_of, parts_of_parked};
use super::part_row::ttl;
use super::schema::*;
use headway_core::ProcessorInfo;
use headway_core::cupboard::Stray;
use headway_core::error::JobError;
use headway_core::ids::{ChunkId, JobId, UserId};
use headway_core::ledger::{CareMark, Parked, SubmissionKey};

/// How much of a stray's text is kept, in bytes: a row may have 400 KB, a message 1 MiB.
const STRAY_BYTES_MAX: usize = 380_000;
/// How large all processors of a worker may be as JSON, in bytes: a row may have 400 KB.
const PROCESSORS_BYTES_MAX: usize = 380_000;

pub(super) fn submission_item(key: &SubmissionKey, now: DateTime<Utc>) -> Item {
    Writer::new(Key::submission(&key.user_id, &key.key_hash))
        .text(JOB, key.job.to_string())
        .text(FINGERPRINT, &key.fingerprint)
        .number(TTL, ttl(now))
        .into_item()
}

/// `user_id` and `key_hash` are those from which its key was made.
pub(super) fn submission(item: &Item, user_id: &UserId, key_hash: &str) -> Result<SubmissionKey, RowFault> {
    let row = Reader(item);
    Ok(SubmissionKey {
        user_id: user_id.clone(),
        key_hash: key_hash.to_owned(),
        job: JobId::parse(row.text(JOB)?).ok_or(RowFault::Malformed(JOB))?,
        fingerprint: row.text(FINGERPRINT)?.to_owned(),
    })
}

pub(super) fn params_item(job: JobId, params: &str, now: DateTime<Utc>) -> Item {
    Writer::new(Key::params(job)).text(DATA, params).number(TTL, ttl(now)).into_item()
}

pub(super) fn parked_item(parked: &Parked, now: DateTime<Utc>) -> Item {
    Writer::new(Key::parked(parked.id, parked.nonce)).text(DATA, &parked.body).number(TTL, ttl(now)).into_item()
}

pub(super) fn parked(item: &Item) -> Result<Parked, RowFault> {
    let row = Reader(item);
    let (job, part) = part_of(row.partition()?).ok_or(RowFault::Malformed(PK))?;
    let (chunk, nonce) = parts_of_parked(row.sort()?).ok_or(RowFault::Malformed(SK))?;
    Ok(Parked { id: ChunkId { job, part, chunk }, nonce, body: row.text(DATA)?.to_owned() })
}

pub(super) fn care_item(id: ChunkId, care: &CareMark, now: DateTime<Utc>) -> Item {
    let row = Writer::new(Key::care(id)).time(DEADLINE, care.deadline).number(STRIKES, care.strikes).number(TTL, ttl(now));
    match care.item {
        Some(item) => row.number(ITEM, item).into_item(),
        None => row.into_item(),
    }
}

pub(super) fn care(item: &Item) -> Result<CareMark, RowFault> {
    let row = Reader(item);
    Ok(CareMark { item: row.number_if_any(ITEM)?, deadline: row.time(DEADLINE)?, strikes: row.number(STRIKES)? })
}

pub(super) fn stray_item(stray: &Stray, now: DateTime<Utc>) -> Item {
    let end = stray.body.floor_char_boundary(STRAY_BYTES_MAX);
    Writer::new(Key::stray(now, &stray.message_id))
        .text(DATA, &stray.body[..end])
        .text(REASON, &stray.reason)
        .number(TTL, ttl(now))
        .into_item()
}

/// As JSON: whether a processor asks for its chunk size is not among what callers see, and is kept beside it.
pub(super) fn processors_item(processors: &[ProcessorInfo]) -> Result<Item, JobError> {
    let kept: Vec<_> = processors.iter().map(|info| (info, info.chunk_size_asked)).collect();
    let data = serde_json::to_string(&kept).map_err(|e| JobError::corrupt("a worker's processors", e))?;
    if data.len() > PROCESSORS_BYTES_MAX {
        let problem = format!("they take {} bytes, at most {PROCESSORS_BYTES_MAX} can be kept: shorten their paramsSchema", data.len());
        return Err(JobError::corrupt("a worker's processors", problem));
    }
    Ok(Writer::new(Key::processors()).text(DATA, data).into_item())
}

pub(super) fn processors(item: &Item) -> Result<Vec<ProcessorInfo>, RowFault> {
    let kept: Vec<(ProcessorInfo, bool)> = serde_json::from_str(Reader(item).text(DATA)?).map_err(|_| RowFault::Malformed(DATA))?;
    Ok(kept.into_iter().map(|(info, chunk_size_asked)| ProcessorInfo { chunk_size_asked, ..info }).collect())
}
