//! The part's row: the ledger. Its registers are one map, chunk to code. The map exists from the start, since DynamoDB
//! cannot set a member of a map that does not exist.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};

use super::item::{Item, Reader, RowFault, Writer, number, text, time};
use super::key::{Key, part_of};
use super::schema::*;
use headway_core::limits::TTL_DAYS;
use headway_core::part::{Part, Register};
use headway_core::waiting::{Stall, WaitReason, WaitingFor};

/// The row of a part. It expires long after any job has ended.
pub(super) fn part_item(part: &Part) -> Item {
    Writer::new(Key::part((part.job, part.number)))
        .number(FIRST_INDEX, part.first_index)
        .number(ITEMS, part.items)
        .number(CHUNKS, part.chunks)
        .maybe(BYTES, Some(part.bytes).filter(|bytes| *bytes > 0), number)
        .text(FINGERPRINT, &part.fingerprint)
        .number(ROUND, part.round)
        .value(REGISTERS, codes(&part.registers))
        .flag(SENT, part.sent)
        .time(UPDATED_AT, part.updated_at)
        .maybe(WAITING_FOR, part.waiting_for.as_ref(), waiting_value)
        .maybe(STALL, part.stall.as_deref(), stall_value)
        .number(TTL, ttl(part.updated_at))
        .into_item()
}

/// The part of a row.
pub(super) fn part(item: &Item) -> Result<Part, RowFault> {
    let row = Reader(item);
    let (job, number) = part_of(row.partition()?).ok_or(RowFault::Malformed(PK))?;
    Ok(Part {
        job,
        number,
        first_index: row.number(FIRST_INDEX)?,
        items: row.number(ITEMS)?,
        chunks: row.number(CHUNKS)?,
        bytes: row.number_if_any(BYTES)?.unwrap_or_default(),
        fingerprint: row.text(FINGERPRINT)?.to_owned(),
        round: row.number(ROUND)?,
        registers: registers(row.value(REGISTERS))?,
        sent: row.flag(SENT),
        waiting_for: row.value(WAITING_FOR).map(waiting_for).transpose()?,
        stall: row.value(STALL).map(stall).transpose()?.map(Box::new),
        updated_at: row.time(UPDATED_AT)?,
    })
}

/// Registers as the row stores them.
pub(super) fn codes(registers: &BTreeMap<u16, Register>) -> AttributeValue {
    let entry = |(chunk, register): (&u16, &Register)| (chunk.to_string(), number(register.code()));
    AttributeValue::M(registers.iter().map(entry).collect::<HashMap<_, _>>())
}

/// What items wait for, as the row stores it.
pub(super) fn waiting_value(waiting_for: &WaitingFor) -> AttributeValue {
    AttributeValue::M(waiting_members(waiting_for))
}

/// What keeps a part from going on, as the row stores it.
pub(super) fn stall_value(stall: &Stall) -> AttributeValue {
    let mut members = waiting_members(&stall.waiting_for);
    members.insert("o".to_owned(), number(stall.round));
    members.insert("n".to_owned(), number(stall.handled));
    AttributeValue::M(members)
}

fn waiting_members(waiting_for: &WaitingFor) -> Item {
    let WaitingFor { limit, reason, until, last_error, held_back } = waiting_for;
    let last_error = last_error.as_deref().map(text);
    let held_back = held_back.then_some(AttributeValue::Bool(true));
    let members =
        [("l", Some(text(limit))), ("r", Some(text(reason.as_str()))), ("u", Some(time(*until))), ("e", last_error), ("h", held_back)];
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn stall(value: &AttributeValue) -> Result<Stall, RowFault> {
    let members = Reader(value.as_m().map_err(|_| RowFault::Malformed(STALL))?);
    Ok(Stall { waiting_for: waiting_of(members, STALL)?, round: members.number("o")?, handled: members.number("n")? })
}

fn waiting_for(value: &AttributeValue) -> Result<WaitingFor, RowFault> {
    waiting_of(Reader(value.as_m().map_err(|_| RowFault::Malformed(WAITING_FOR))?), WAITING_FOR)
}

fn waiting_of(members: Reader<'_>, attribute: &'static str) -> Result<WaitingFor, RowFault> {
    Ok(WaitingFor {
        limit: members.text("l")?.to_owned(),
        reason: WaitReason::of(members.text("r")?).ok_or(RowFault::Malformed(attribute))?,
        until: members.time("u")?,
        last_error: members.value("e").and_then(|error| error.as_s().ok()).cloned(),
        held_back: members.value("h").is_some(),
    })
}

/// When a row that was written at this time expires, in seconds since the epoch.
pub(super) fn ttl(from: DateTime<Utc>) -> i64 {
    (from + TimeDelta::days(TTL_DAYS)).timestamp()
}

fn registers(value: Option<&AttributeValue>) -> Result<BTreeMap<u16, Register>, RowFault> {
    let malformed = || RowFault::Malformed(REGISTERS);
    let entries = value.ok_or(RowFault::Missing(REGISTERS))?.as_m().map_err(|_| malformed())?;
    let entry = |(chunk, code): (&String, &AttributeValue)| {
        let code = code.as_n().ok()?.parse().ok()?;
        Some((chunk.parse().ok()?, Register::from_code(code)))
    };
    entries.iter().map(|pair| entry(pair).ok_or_else(malformed)).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::item_bytes::item_bytes;
    use super::*;
    use headway_core::ids::JobId;
    use headway_core::limits::{CHUNKS_PER_PART_MAX, ITEMS_PER_CHUNK_MAX, ITEMS_PER_JOB_MAX};

    /// Versions up to 9,999: that is a checkpoint every second for almost three hours.
    #[test]
    fn a_settlement_costs_one_write_unit_at_every_fill_level() {
        let now = DateTime::from_timestamp_millis(1_795_507_199_999).unwrap();
        let worst = Register::Outcome { version: 9_999, full: false, running: true, retrying: 100, processed: 125, failed: 25 };
        let mut part = Part {
            job: JobId(Uuid::from_u128(u128::MAX)),
            number: 999,
            first_index: ITEMS_PER_JOB_MAX - 1,
            items: (CHUNKS_PER_PART_MAX * ITEMS_PER_CHUNK_MAX) as u32 - 1,
            chunks: CHUNKS_PER_PART_MAX as u16,
            bytes: 4_499_999,
            fingerprint: "0".repeat(32),
            round: 99,
            registers: BTreeMap::new(),
            sent: true,
            waiting_for: None,
            stall: None,
            updated_at: now,
        };
        for chunk in 0..CHUNKS_PER_PART_MAX as u16 {
            part.registers.insert(chunk, worst);
            let bytes = item_bytes(&part_item(&part));
            assert!(bytes <= 1_024, "{bytes} bytes with {} registers", chunk + 1);
        }
        assert_eq!(super::part(&part_item(&part)).unwrap(), part);
    }
}
