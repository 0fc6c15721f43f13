//! The corrections row of a chunk. The new values are compressed JSON, as an outcome's records are.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};

use super::compressed::{compressed, uncompressed};
use super::item::{Item, Reader, RowFault, Writer};
use super::key::{Key, chunk_of_corrections, part_of};
use super::part_row::ttl;
use super::schema::*;
use headway_core::corrections::Corrections;
use headway_core::error::Cause;
use headway_core::ids::ChunkId;

/// The row for a chunk's corrections.
pub(super) fn corrections_item(corrections: &Corrections, now: DateTime<Utc>) -> Result<Item, Cause> {
    let earlier = (!corrections.earlier.is_empty()).then(|| compressed(&corrections.earlier)).transpose()?.map(Blob::new);
    Ok(Writer::new(Key::corrections(corrections.id))
        .number(VERSION, corrections.version)
        .number(ROUND, corrections.round)
        .binary(DATA, compressed(&corrections.values)?)
        .maybe(EARLIER, earlier, AttributeValue::B)
        .number(TTL, ttl(now))
        .into_item())
}

/// The corrections in a row.
pub(super) fn corrections(item: &Item) -> Result<Corrections, Cause> {
    let row = Reader(item);
    let (job, part) = part_of(row.partition()?).ok_or(RowFault::Malformed(PK))?;
    let chunk = chunk_of_corrections(row.sort()?).ok_or(RowFault::Malformed(SK))?;
    Ok(Corrections {
        id: ChunkId { job, part, chunk },
        version: row.number(VERSION)?,
        round: row.number(ROUND)?,
        values: uncompressed(row.binary(DATA)?)?,
        earlier: if row.value(EARLIER).is_some() { uncompressed(row.binary(EARLIER)?)? } else { BTreeSet::new() },
    })
}

/// True if two rows have the same content, whenever they were written.
pub(super) fn same_corrections(one: &Item, other: &Item) -> bool {
    [VERSION, ROUND, DATA, EARLIER].iter().all(|name| one.get(*name) == other.get(*name))
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;
    use uuid::Uuid;

    use super::*;
    use headway_core::ids::JobId;

    #[test]
    fn corrections_are_kept_byte_for_byte() {
        let mut row = Corrections::new(ChunkId { job: JobId(Uuid::new_v4()), part: 3, chunk: 7 });
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        row.add(2, &[(9_999_999, raw(r#"{"iata": "ZRH",  "year": 1.0e2}"#)), (3, raw("null"))].into());
        row.add(3, &[(3, raw("7"))].into());
        row.version = 4;
        let item = corrections_item(&row, DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(format!("{:?}", corrections(&item).unwrap()), format!("{row:?}"));
    }
}
