//! The list of a large part, and what each of its pages reads.

use std::sync::Arc;

use chrono::DateTime;
use uuid::Uuid;

use super::*;
use crate::corrections::{Corrections, Values};
use crate::ids::ChunkId;
use crate::ledger::memory::MemoryLedger;
use crate::outcome::{FailureKind, ItemResult};
use crate::part::Register;
use crate::queue::memory::MemoryQueue;
use crate::records::{failures, new_values};
use crate::split::Split;
use crate::{JobId, JobStatus, Ledger as _, SystemClock, UserId};

const CHUNKS: u16 = 408;
const ROUND: u32 = 4;

/// `c` clean, `o` recorded in full, `h` recorded in part, `.` not recorded.
fn kind(chunk: u16) -> char {
    // First the kinds in turn, then a long stretch of each, so that chunks that are not full go on for pages.
    const IN_TURN: [char; 9] = ['o', '.', 'h', 'c', '.', 'c', '.', 'h', 'o'];
    if chunk < CHUNKS / 2 { IN_TURN[usize::from(chunk % 9)] } else { ['h', 'o', '.', 'c'][usize::from(chunk - CHUNKS / 2) / 51] }
}

fn items(chunk: u16) -> u16 {
    [250, 240, 250][usize::from(chunk % 3)]
}

fn failed() -> ItemResult {
    let item = RawValue::from_string("0".to_owned());
    ItemResult::Failed(Failure::new(FailureKind::Permanent, "no", "no", 1, None, item.unwrap()))
}

/// The second item of a chunk failed in the current round and was corrected in an earlier one, the third failed and has a
/// new value. Of a chunk that is recorded in part, the last hundred items are pending.
fn outcome(id: ChunkId, first: u64, items: u16) -> Outcome {
    let mut outcome = Outcome::new(id, first, items);
    let recorded = if kind(id.chunk) == 'h' { items - 100 } else { items };
    let result = |index: u64| if (1..=2).contains(&(index - first)) { failed() } else { ItemResult::Processed(None) };
    outcome.merge((first..first + u64::from(recorded)).map(|index| (index, result(index))), ROUND);
    (outcome.version, outcome.round) = (1, ROUND);
    outcome
}

fn corrections(id: ChunkId, first: u64) -> Corrections {
    let mut row = Corrections::new(id);
    let value = |index| Values::from([(index, RawValue::NULL.to_owned())]);
    assert!(row.add(1, &value(first + 1)) && row.add(ROUND, &value(first + 2)));
    row.version = 1;
    row
}

/// A part of about 100,000 items in its fourth round.
async fn large_part() -> (App, Arc<MemoryLedger>, Job) {
    let (ledger, id) = (Arc::new(MemoryLedger::default()), JobId(Uuid::new_v4()));
    let total = (0..CHUNKS).map(|chunk| u32::from(items(chunk))).sum();
    let mut part = Part { round: ROUND, ..Part::new((id, 0), 0, total, CHUNKS, DateTime::UNIX_EPOCH) };
    let (mut first, mut waiting) = (0, 0);
    for number in 0..CHUNKS {
        let (chunk, size) = (ChunkId { job: id, part: 0, chunk: number }, items(number));
        let register = match kind(number) {
            'c' => Some(Register::Clean { items: size }),
            'o' | 'h' => {
                let outcome = outcome(chunk, first, size);
                assert!(ledger.put_outcome(&outcome).await.unwrap() && ledger.put_corrections(&corrections(chunk, first)).await.unwrap());
                waiting += 1;
                Some(outcome.register())
            }
            _ => None,
        };
        part.registers.extend(register.map(|register| (number, register)));
        first += u64::from(size);
    }
    assert_eq!(ledger.put_part(&part).await.unwrap(), None);
    let job = Job::new(id, UserId::new("ann").unwrap(), first, DateTime::UNIX_EPOCH);
    let job = Job { sealed: true, parts: 1, top_part: Some(0), round: ROUND, status: JobStatus::Failed, split: Split::of(250), ..job };
    let job = Job { corrected: [(0, waiting)].into(), ..job };
    (App::new(ledger.clone(), Arc::new(MemoryQueue::default()), Arc::new(SystemClock)), ledger, job)
}

/// What the list should say of each item, as far as its chunk decides it; `?` if clean chunks have no place of their own.
fn expected() -> Vec<String> {
    let of_chunk = |chunk: u16| {
        let of_item = move |place: u16| match (kind(chunk), place) {
            ('o' | 'h', 1) => "Failed Used",
            ('o' | 'h', 2) => "Failed Waiting",
            ('h', place) if place >= items(chunk) - 100 => "Pending",
            ('o' | 'h', _) => "Processed",
            _ => "?",
        };
        (0..items(chunk)).map(move |place| of_item(place).to_owned())
    };
    (0..CHUNKS).flat_map(of_chunk).collect()
}

fn shown(state: &ItemState) -> String {
    let correction = state.correction.map(|correction| format!(" {correction:?}")).unwrap_or_default();
    format!("{:?}{correction}", state.status)
}

/// Bug found: each page of a large part read the outcome rows and the corrections of the whole part again.
#[tokio::test]
async fn the_reads_of_a_page_are_bounded_by_what_it_lists() {
    let (app, ledger, job) = large_part().await;
    let mut lists = Vec::new();
    for limit in [1_000, 77] {
        let (mut list, mut from) = (Vec::new(), Position::default());
        loop {
            ledger.take_reads();
            let page = item_states(&app, &job, from, limit).await.unwrap();
            let (reads, chunks) = (ledger.take_reads(), limit as u64 / 240 + 2);
            assert!(reads.outcomes <= chunks + 4 && reads.corrections <= 2 && reads.rows == 1, "{} items: {reads:?}", list.len());
            assert!(page.next.is_none() || page.records.len() == limit);
            list.extend(page.records.iter().map(|(index, state)| (*index, shown(state))));
            let Some(next) = page.next else { break };
            from = next;
        }
        lists.push(list);
    }
    assert!(lists[0] == lists[1], "the list does not depend on how it is cut into pages");
    let expected = expected();
    assert_eq!(lists[0].len(), expected.len());
    for (place, ((index, shown), expected)) in lists[0].iter().zip(&expected).enumerate() {
        assert_eq!(*index, place as u64);
        assert!(shown == expected || expected == "?" && ["Processed", "Pending", "Unknown"].contains(&&**shown), "item {index}: {shown}");
    }
    let count = |status: &str| lists[0].iter().filter(|(_, shown)| shown.starts_with(status)).count() as u64;
    let counts = ledger.part((job.id, 0)).await.unwrap().unwrap().counts();
    assert_eq!(count("Failed"), counts.failed);
    assert!((count("Processed")..=count("Processed") + count("Unknown")).contains(&counts.processed));
    assert!(["Pending", "Unknown"].iter().all(|status| count(status) > 0), "each kind occurs");
}

/// The same for the list of failures, which says which of them have a new value.
#[tokio::test]
async fn the_corrections_of_a_page_of_failures_are_bounded_too() {
    let (app, ledger, job) = large_part().await;
    let (mut from, mut waiting, mut listed) = (Position::default(), 0, 0);
    loop {
        let page = failures(&app, &job, from, 20).await.unwrap();
        ledger.take_reads();
        let corrected = new_values(&app, &job, from, &page).await.unwrap();
        assert!(ledger.take_reads().corrections <= 2, "{} failures", listed);
        listed += page.records.len();
        waiting += page.records.iter().filter(|(index, _)| corrected.contains_key(index)).count();
        let Some(next) = page.next else { break };
        from = next;
    }
    assert_eq!((listed, waiting as u32), (waiting * 2, job.corrected[&0]));
}
