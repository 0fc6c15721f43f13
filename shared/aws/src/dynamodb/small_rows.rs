//! Rows without rules of their own: an `Idempotency-Key`, a parked message, a mark, and what is kept besides jobs.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::item::{Item, Reader, RowFault, Writer, number, text};
use super::key::{Key, part_of, parts_of_parked};
use super::part_row::ttl;
use super::schema::*;
use headway_core::cupboard::{KeptKey, KeptRow};
use headway_core::ids::{ChunkId, JobId, UserId};
use headway_core::ledger::{CareMark, Parked, SubmissionKey};

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
    Writer::new(Key::care(id))
        .number(ROUND, care.round)
        .maybe(WORKER, care.worker.as_ref(), text)
        .time(DEADLINE, care.deadline)
        .number(STRIKES, care.strikes)
        .number(TTL, ttl(now))
        .maybe(ITEM, care.item, number)
        .maybe(STRUCK, Some(&care.struck).filter(|struck| !struck.is_empty()), |struck| text(struck_text(struck)))
        .into_item()
}

/// As `index:strikes`, separated by spaces.
fn struck_text(struck: &BTreeMap<u64, u32>) -> String {
    struck.iter().map(|(index, strikes)| format!("{index}:{strikes}")).collect::<Vec<_>>().join(" ")
}

fn struck_of(text: &str) -> Option<BTreeMap<u64, u32>> {
    let one = |pair: &str| pair.split_once(':').and_then(|(index, strikes)| Some((index.parse().ok()?, strikes.parse().ok()?)));
    text.split_ascii_whitespace().map(one).collect()
}

pub(super) fn care(item: &Item) -> Result<CareMark, RowFault> {
    let row = Reader(item);
    let struck = row.text_if_any(STRUCK)?.map_or(Some(BTreeMap::new()), struck_of).ok_or(RowFault::Malformed(STRUCK))?;
    Ok(CareMark {
        item: row.number_if_any(ITEM)?,
        round: row.number(ROUND)?,
        worker: row.text_if_any(WORKER)?.map(str::to_owned),
        deadline: row.time(DEADLINE)?,
        strikes: row.number(STRIKES)?,
        struck,
    })
}

pub(super) fn kept_item(key: &KeptKey, row: &KeptRow, now: DateTime<Utc>) -> Item {
    Writer::new(Key::kept(key))
        .maybe(VERSION, Some(row.version).filter(|version| *version > 0), number)
        .text(DATA, &row.text)
        .maybe(TTL, key.expires.then(|| ttl(now)), number)
        .into_item()
}

pub(super) fn kept(item: &Item) -> Result<KeptRow, RowFault> {
    let row = Reader(item);
    Ok(KeptRow { version: row.number_if_any(VERSION)?.unwrap_or_default(), text: row.text(DATA)?.to_owned() })
}
