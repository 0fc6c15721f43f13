//! The outcome row of a chunk. Versions and sizes are attributes. The records are compressed JSON, since failures of a
//! chunk resemble each other and every kilobyte is a write unit.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::compressed::{compressed, uncompressed};
use super::item::{Item, Reader, RowFault, Writer};
use super::key::{Key, chunk_of_outcome, part_of};
use super::part_row::ttl;
use super::schema::*;
use headway_core::error::Cause;
use headway_core::ids::ChunkId;
use headway_core::outcome::elsewhere::Elsewhere;
use headway_core::outcome::{Again, Failure, Outcome, OutputRecord};
use headway_core::waiting::WaitingFor;

/// The records to be written. Succeeded items are stored as runs: first index and length.
#[derive(Serialize)]
struct StoredRecords<'a> {
    processed: Vec<(u64, u64)>,
    failures: &'a BTreeMap<u64, Failure>,
    outputs: &'a BTreeMap<u64, OutputRecord>,
    again: &'a BTreeMap<u64, Again>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    elsewhere: &'a BTreeMap<u64, Elsewhere>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    runs: &'a BTreeMap<Uuid, DateTime<Utc>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    retrying: Vec<(u64, u64)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_for: Option<&'a WaitingFor>,
}

/// The records as read.
#[derive(Deserialize)]
struct Records {
    processed: Vec<(u64, u64)>,
    failures: BTreeMap<u64, Failure>,
    outputs: BTreeMap<u64, OutputRecord>,
    again: BTreeMap<u64, Again>,
    #[serde(default)]
    elsewhere: BTreeMap<u64, Elsewhere>,
    #[serde(default)]
    runs: BTreeMap<Uuid, DateTime<Utc>>,
    #[serde(default)]
    retrying: Vec<(u64, u64)>,
    #[serde(default)]
    waiting_for: Option<WaitingFor>,
}

/// The row for an outcome.
pub(super) fn outcome_item(outcome: &Outcome, now: DateTime<Utc>) -> Result<Item, Cause> {
    let records = StoredRecords {
        processed: runs(outcome.processed.iter().copied()),
        failures: &outcome.failures,
        outputs: &outcome.outputs,
        again: &outcome.again,
        elsewhere: &outcome.elsewhere,
        runs: &outcome.runs,
        retrying: runs(outcome.retrying.iter().copied()),
        waiting_for: outcome.waiting_for.as_ref(),
    };
    Ok(Writer::new(Key::outcome(outcome.id))
        .number(VERSION, outcome.version)
        .number(ROUND, outcome.round)
        .number(FIRST_INDEX, outcome.first_index)
        .number(ITEMS, outcome.items)
        .binary(DATA, compressed(&records)?)
        .number(TTL, ttl(now))
        .into_item())
}

/// The outcome in a row.
pub(super) fn outcome(item: &Item) -> Result<Outcome, Cause> {
    let row = Reader(item);
    let (job, part) = part_of(row.partition()?).ok_or(RowFault::Malformed(PK))?;
    let chunk = chunk_of_outcome(row.sort()?).ok_or(RowFault::Malformed(SK))?;
    let records: Records = uncompressed(row.binary(DATA)?)?;
    Ok(Outcome {
        id: ChunkId { job, part, chunk },
        version: row.number(VERSION)?,
        round: row.number(ROUND)?,
        first_index: row.number(FIRST_INDEX)?,
        items: row.number(ITEMS)?,
        processed: indexes(records.processed).collect(),
        failures: records.failures,
        outputs: records.outputs,
        again: records.again,
        elsewhere: records.elsewhere,
        runs: records.runs,
        retrying: indexes(records.retrying).collect::<BTreeSet<u64>>(),
        waiting_for: records.waiting_for,
    })
}

/// True if two rows have the same content, whenever they were written.
pub(super) fn same_outcome(one: &Item, other: &Item) -> bool {
    [VERSION, ROUND, FIRST_INDEX, ITEMS, DATA].iter().all(|name| one.get(*name) == other.get(*name))
}

/// Rising indexes as runs of consecutive ones: first index and length.
fn runs(indexes: impl Iterator<Item = u64>) -> Vec<(u64, u64)> {
    let indexes: Vec<u64> = indexes.collect();
    indexes.chunk_by(|one, next| one + 1 == *next).filter_map(|run| Some((*run.first()?, run.len() as u64))).collect()
}

fn indexes(runs: Vec<(u64, u64)>) -> impl Iterator<Item = u64> {
    runs.into_iter().flat_map(|(first, length)| first..first + length)
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;
    use uuid::Uuid;

    use super::super::item_bytes::item_bytes;
    use super::*;
    use headway_core::ids::JobId;
    use headway_core::outcome::extra::RowSizes;
    use headway_core::outcome::{FailureKind, ItemResult, OutcomeChange};
    use headway_core::waiting::WaitReason;

    #[test]
    fn runs_are_what_they_were_made_of() {
        assert_eq!(runs([].into_iter()), []);
        assert_eq!(runs([3].into_iter()), [(3, 1)]);
        assert_eq!(runs([0, 1, 2, 5, 6, 9].into_iter()), [(0, 3), (5, 2), (9, 1)]);
    }

    #[test]
    fn an_outcome_is_kept_byte_for_byte_and_small() {
        let id = ChunkId { job: JobId(Uuid::new_v4()), part: 3, chunk: 7 };
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        let failure = |i: u64| {
            let item = raw(&format!(r#"{{"iata": "Z{i}",  "year": 1.0e2}}"#));
            ItemResult::Failed(Failure::new(FailureKind::Permanent, "/year required", "/year: missing", 1, Some(format!("Z{i}")), item))
        };
        let output = || Some(OutputRecord { id: None, output: Some(raw(r#"{"é":  1.000}"#)) });
        let mut outcome = Outcome::new(id, 1_000, 250);
        outcome.merge((1_000..1_100).map(|i| (i, failure(i))), 1);
        outcome.clear(2, None);
        outcome.merge((1_050..1_240).map(|i| (i, if i % 9 == 0 { failure(i) } else { ItemResult::Processed(output()) })), 2);
        outcome.change(&OutcomeChange {
            enters: Some((Uuid::new_v4(), DateTime::UNIX_EPOCH)),
            retrying: [1_241, 1_242, 1_249].into(),
            waiting_for: Some(WaitingFor::new("crm", WaitReason::Throttled, DateTime::UNIX_EPOCH, Some("429"))),
            ..OutcomeChange::default()
        });
        outcome.version = 3;
        let item = outcome_item(&outcome, DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(format!("{:?}", super::outcome(&item).unwrap()), format!("{outcome:?}"));
        assert!(item_bytes(&item) < 3_072, "{}", item_bytes(&item));
        assert!(!outcome.move_out(RowSizes::SMALLEST).unwrap().is_empty());
        let item = outcome_item(&outcome, DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(format!("{:?}", super::outcome(&item).unwrap()), format!("{outcome:?}"), "its records are elsewhere");
    }
}
