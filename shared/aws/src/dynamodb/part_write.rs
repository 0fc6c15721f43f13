//! [`PartWrite`] as conditions and effects of the table. `PartWrite::admitted` and `PartWrite::apply` are the
//! specification; a test runs both over the same histories.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};

use super::change::Change;
use super::item::{number, time};
use super::part_row::{codes, stall_value, waiting_value};
use headway_core::part::{OUTCOME_CODE_MIN, PartWrite};

/// The conditional write to a part's row.
pub(super) fn part_change(write: &PartWrite, now: DateTime<Utc>) -> Change {
    let change = Change::of_existing().set("#updatedAt = :now").value(":now", time(now));
    match write {
        PartWrite::Clean { chunk, items } => {
            let first = at_chunk(change, *chunk).when("attribute_not_exists(#registers.#chunk)");
            first.set("#registers.#chunk = :items").value(":items", number(items))
        }
        PartWrite::Shadow { chunk, register, waiting_for } => {
            let earlier = "attribute_not_exists(#registers.#chunk) OR #registers.#chunk >= :open AND #registers.#chunk < :code";
            let rising = at_chunk(change, *chunk).when(earlier).value(":open", number(OUTCOME_CODE_MIN));
            let shown = rising.set("#registers.#chunk = :code").value(":code", number(register.code()));
            match waiting_for {
                Some(waiting_for) => shown.set("#waitingFor = :waitingFor").value(":waitingFor", waiting_value(waiting_for)),
                None => shown,
            }
        }
        PartWrite::Stamp { from_round, from, round, registers } => {
            let unchanged = change.when("#round = :from AND #registers = :registers");
            let unchanged = unchanged.value(":from", number(from_round)).value(":registers", codes(from));
            let stamped = unchanged.set("#round = :round").set("#registers = :stamped");
            stamped.value(":round", number(round)).value(":stamped", codes(registers))
        }
        PartWrite::Sent => change.set("#sent = :true").value(":true", AttributeValue::Bool(true)),
        PartWrite::Stall { chunk, from, stall } => {
            let unchanged = match from {
                Some(from) => at_chunk(change, *chunk).when("#registers.#chunk = :from").value(":from", number(from.code())),
                None => at_chunk(change, *chunk).when("attribute_not_exists(#registers.#chunk)"),
            };
            unchanged.set("#stall = :stall").value(":stall", stall_value(stall))
        }
    }
}

fn at_chunk(change: Change, chunk: u16) -> Change {
    change.name("#chunk", chunk.to_string())
}
