//! An extra row of an outcome: records that would make the outcome row too large.

use chrono::{DateTime, Utc};

use super::compressed::{compressed, uncompressed};
use super::item::{Item, Reader, RowFault, Writer};
use super::key::{Key, part_of, parts_of_extra};
use super::part_row::ttl;
use super::schema::*;
use headway_core::error::Cause;
use headway_core::ids::ChunkId;
use headway_core::outcome::extra::ExtraRow;

/// The row.
pub(super) fn extra_item(row: &ExtraRow, now: DateTime<Utc>) -> Result<Item, Cause> {
    Ok(Writer::new(Key::extra(row.id, row.name)).binary(DATA, compressed(&row.records)?).number(TTL, ttl(now)).into_item())
}

/// The extra row in a row.
pub(super) fn extra(item: &Item) -> Result<ExtraRow, Cause> {
    let row = Reader(item);
    let (job, part) = part_of(row.partition()?).ok_or(RowFault::Malformed(PK))?;
    let (chunk, name) = parts_of_extra(row.sort()?).ok_or(RowFault::Malformed(SK))?;
    Ok(ExtraRow { id: ChunkId { job, part, chunk }, name, records: uncompressed(row.binary(DATA)?)? })
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;
    use uuid::Uuid;

    use super::super::item_bytes::item_bytes;
    use super::*;
    use headway_core::ids::JobId;
    use headway_core::limits::{EXTRA_ROW_BYTES_MAX, OUTPUT_BYTES_MAX, TABLE_ROW_BYTES_MAX};
    use headway_core::outcome::extra::RowSizes;
    use headway_core::outcome::{Failure, FailureKind, ItemResult, Outcome, OutputRecord};

    const ID: ChunkId = ChunkId { job: JobId(Uuid::from_u128(7)), part: 3, chunk: 7 };

    const OUT: RowSizes = RowSizes { outcome_bytes_max: 0, extra_bytes_max: EXTRA_ROW_BYTES_MAX };

    /// Text that cannot be compressed below its six bits a character.
    fn noise(bytes: usize) -> Box<RawValue> {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b'0' + (state >> 33) as u8 % 75).to_string().replace('\\', "_")
        };
        RawValue::from_string(format!("\"{}\"", (2..bytes).map(|_| next()).collect::<String>())).unwrap()
    }

    #[test]
    fn an_extra_row_is_kept_byte_for_byte() {
        let mut outcome = Outcome { version: 1, ..Outcome::new(ID, 0, 3) };
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        let failure = Failure::new(FailureKind::Permanent, "c", "é", 2, Some("id".to_owned()), raw("{ \"a\":1.0 }"));
        outcome.merge([(0, ItemResult::Failed(failure.clone()))], 1);
        outcome.clear(2, None);
        let output = OutputRecord { id: None, output: Some(raw("[1,  \"\\u0000\"]")) };
        outcome.merge([(1, ItemResult::Processed(Some(output))), (2, ItemResult::Failed(failure))], 2);
        let rows = outcome.move_out(OUT).unwrap();
        let item = extra_item(&rows[0], DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(format!("{:?}", extra(&item).unwrap()), format!("{:?}", rows[0]));
    }

    #[test]
    fn the_fullest_row_fits_even_if_it_cannot_be_compressed() {
        let mut outcome = Outcome { version: 1, ..Outcome::new(ID, 9_999_000, 2) };
        let output = |bytes| ItemResult::Processed(Some(OutputRecord { id: Some("\\".repeat(128)), output: Some(noise(bytes)) }));
        let rest = EXTRA_ROW_BYTES_MAX - OUTPUT_BYTES_MAX - 2 * (40 + 256);
        outcome.merge([(9_999_000, output(OUTPUT_BYTES_MAX)), (9_999_001, output(rest))], 1);
        let rows = outcome.move_out(OUT).unwrap();
        let bytes = item_bytes(&extra_item(&rows[0], DateTime::UNIX_EPOCH).unwrap());
        assert!(rows.len() == 1 && bytes <= TABLE_ROW_BYTES_MAX, "{} rows, {bytes} bytes", rows.len());
    }
}
