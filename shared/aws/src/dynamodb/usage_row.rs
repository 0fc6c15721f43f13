//! An owner's row: its starts are packed into 32 bytes each, so that up to 28 fit into a write unit.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::item::{Item, Reader, RowFault, Writer, time};
use super::key::Key;
use super::part_row::ttl;
use super::schema::{DATA, LOOKED_AT, TTL, VERSION};
use headway_core::ids::{JobId, UserId};
use headway_core::quota::{Start, Usage};

/// A job's id, a time in milliseconds, a round and a number of items; big-endian.
const START_BYTES: usize = 16 + 8 + 4 + 4;
/// The value for the number of items if the round has ended.
const OVER: u32 = u32::MAX;

/// The row of an owner.
pub(super) fn usage_item(usage: &Usage, now: DateTime<Utc>) -> Item {
    Writer::new(Key::usage(&usage.user_id))
        .number(VERSION, usage.version)
        .maybe(LOOKED_AT, usage.looked_at, time)
        .binary(DATA, usage.starts.iter().flat_map(packed).collect())
        .number(TTL, ttl(now))
        .into_item()
}

/// `user_id` is the one from which its key was made.
pub(super) fn usage(item: &Item, user_id: &UserId) -> Result<Usage, RowFault> {
    let row = Reader(item);
    let (starts, rest) = row.binary(DATA)?.as_chunks::<START_BYTES>();
    let malformed = RowFault::Malformed(DATA);
    if !rest.is_empty() {
        return Err(malformed);
    }
    Ok(Usage {
        user_id: user_id.clone(),
        version: row.number(VERSION)?,
        looked_at: row.time_if_any(LOOKED_AT)?,
        starts: starts.iter().map(unpacked).collect::<Option<_>>().ok_or(malformed)?,
    })
}

/// True if two rows have the same content, whenever they were written.
pub(super) fn same_usage(one: &Item, other: &Item) -> bool {
    [VERSION, LOOKED_AT, DATA].iter().all(|name| one.get(*name) == other.get(*name))
}

fn packed(start: &Start) -> Vec<u8> {
    let (at, items) = (start.at.timestamp_millis(), start.items.unwrap_or(OVER));
    [start.job.0.as_bytes(), at.to_be_bytes().as_slice(), &start.round.to_be_bytes(), &items.to_be_bytes()].concat()
}

fn unpacked(bytes: &[u8; START_BYTES]) -> Option<Start> {
    let (job, rest) = bytes.split_first_chunk()?;
    let (at, rest) = rest.split_first_chunk()?;
    let (round, rest) = rest.split_first_chunk()?;
    let items = u32::from_be_bytes(rest.try_into().ok()?);
    Some(Start {
        job: JobId(Uuid::from_bytes(*job)),
        round: u32::from_be_bytes(*round),
        at: DateTime::from_timestamp_millis(i64::from_be_bytes(*at))?,
        items: Some(items).filter(|items| *items != OVER),
    })
}

#[cfg(test)]
mod tests {
    use super::super::item_bytes::item_bytes;
    use super::*;

    fn start(i: u32) -> Start {
        let at = DateTime::from_timestamp_millis(1_790_000_000_123 + i64::from(i)).unwrap();
        Start { job: JobId(Uuid::new_v4()), round: i + 1, at, items: (!i.is_multiple_of(3)).then_some(10_000_000) }
    }

    #[test]
    fn a_row_is_read_back_and_28_starts_cost_one_write_unit() {
        let user_id = UserId::new("auth0|64f0c1b2a3d4e5f60718293a").unwrap();
        for looked_at in [None, Some(start(0).at)] {
            let made = Usage { user_id: user_id.clone(), version: 9, looked_at, starts: (0..28).map(start).collect() };
            let item = usage_item(&made, DateTime::UNIX_EPOCH);
            assert_eq!(usage(&item, &user_id), Ok(made));
            assert!(item_bytes(&item) <= 1_024, "{}", item_bytes(&item));
        }
    }

    #[test]
    fn an_invalid_row_is_refused() {
        let user_id = UserId::new("u").unwrap();
        let made = Usage { version: 1, starts: vec![start(1)], ..Usage::new(user_id.clone()) };
        let cut = Writer::new(Key::usage(&user_id)).number(VERSION, 1).binary(DATA, packed(&start(1))[..31].to_vec()).into_item();
        assert_eq!(usage(&cut, &user_id), Err(RowFault::Malformed(DATA)));
        let mut item = usage_item(&made, DateTime::UNIX_EPOCH);
        item.remove(VERSION);
        assert_eq!(usage(&item, &user_id), Err(RowFault::Missing(VERSION)));
    }
}
