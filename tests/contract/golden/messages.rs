//! Messages as text in the queue.

use std::sync::Arc;
use std::time::Duration;

use headway_core::chunk::{ChunkMessage, Message, WireError};
use headway_core::ledger::memory::MemoryLedger;
use headway_core::queue::memory::MemoryQueue;
use headway_core::work::{Delivery, Invocation, STRAYS, Worker};
use headway_core::{App, JobId, Processors, SystemClock};
use tokio::time::Instant;
use uuid::Uuid;

use crate::sample::raw;

/// All items of a chunk, kept byte for byte.
const WHOLE: &str = r#"{"v":1,"kind":"chunk","job":"7c9e6679-7425-40de-944b-e07fc1f90ae7","part":2,"round":1,"chunk":9,"n":2,"first":40,"items":[{"a": 1.000},"é"],"attempt":0,"hops":0,"nonce":"11111111-2222-4333-8444-555555555555","careful":false}"#;
/// The rest of a chunk: tried before, returned from the dead-letter queue, to be run in careful mode.
const REST: &str = r#"{"v":1,"kind":"chunk","job":"7c9e6679-7425-40de-944b-e07fc1f90ae7","part":0,"round":2,"chunk":79,"n":250,"first":0,"indexes":[3,249],"items":[null,[]],"attempt":4,"hops":2,"nonce":"11111111-2222-4333-8444-555555555555","careful":true}"#;
/// Items with characters that SQS refuses: `["\uFFFF"]`, not escaped.
const ENCODED: &str = r#"{"v":1,"kind":"chunk","job":"7c9e6679-7425-40de-944b-e07fc1f90ae7","part":0,"round":1,"chunk":0,"n":1,"first":0,"items64":"WyLvv78iXQ==","attempt":0,"hops":0,"nonce":"11111111-2222-4333-8444-555555555555","careful":false}"#;
/// Items that have waited for their downstream, and wait for longer than the queue can delay a message.
const WAITING: &str = r#"{"v":1,"kind":"chunk","job":"7c9e6679-7425-40de-944b-e07fc1f90ae7","part":0,"round":1,"chunk":0,"n":1,"first":0,"items":[7],"attempt":0,"hops":0,"returns":3,"waited_ms":90500,"not_before":"2026-11-24T08:00:00.250Z","nonce":"11111111-2222-4333-8444-555555555555","careful":false}"#;
/// Only the members that a chunk must have.
const BARE: &str =
    r#"{"v":1,"kind":"chunk","job":"7c9e6679-7425-40de-944b-e07fc1f90ae7","part":2,"chunk":9,"n":2,"first":40,"items":[1,2]}"#;
/// A part to be brought to its job's round.
const REVIVE: &str = r#"{"v":1,"kind":"revive","job":"7c9e6679-7425-40de-944b-e07fc1f90ae7","part":12,"round":3,"attempt":0,"hops":0,"nonce":"00000000-0000-0000-0000-000000000000","careful":false}"#;
/// A revive message with only the members that it must have.
const BARE_REVIVE: &str = r#"{"v":1,"kind":"revive","job":"7c9e6679-7425-40de-944b-e07fc1f90ae7","part":12,"round":3}"#;
/// A version that nobody writes yet.
const NEWER: &str = r#"{"v":2,"kind":"chunks","jobs":[]}"#;

fn job() -> JobId {
    JobId::parse("7c9e6679-7425-40de-944b-e07fc1f90ae7").unwrap()
}

fn chunk(wire: &str) -> ChunkMessage {
    let Ok(Message::Chunk(chunk)) = Message::from_wire(wire) else { panic!("not read as a chunk: {wire}") };
    assert_eq!(chunk.id.job, job());
    chunk
}

fn items(chunk: &ChunkMessage) -> Vec<(u64, &str)> {
    chunk.items.iter().map(|(index, item)| (*index, item.get())).collect()
}

#[test]
fn every_kind_of_message_is_read() {
    let nonce = Uuid::from_u128(0x1111_1111_2222_4333_8444_5555_5555_5555);
    let whole = chunk(WHOLE);
    assert_eq!((whole.id.part, whole.id.chunk, whole.chunk_items, whole.first_index, whole.nonce), (2, 9, 2, 40, nonce));
    assert_eq!(items(&whole), [(40, r#"{"a": 1.000}"#), (41, "\"é\"")]);
    let rest = chunk(REST);
    assert_eq!((rest.id.part, rest.id.chunk, rest.chunk_items, rest.hops, rest.careful), (0, 79, 250, 2, true));
    assert_eq!((rest.round, rest.attempt), (2, 4));
    assert_eq!(items(&rest), [(3, "null"), (249, "[]")]);
    assert_eq!(items(&chunk(ENCODED)), [(0, raw("\"\u{FFFF}\"").get())]);
    let waiting = chunk(WAITING);
    let begins = waiting.not_before.map(|begins| begins.timestamp_millis());
    assert_eq!((waiting.returns, waiting.waited, begins), (3, Duration::from_millis(90_500), Some(1_795_507_200_250)));
    for wire in [REVIVE, BARE_REVIVE] {
        let revive = Message::from_wire(wire).unwrap();
        assert!(matches!(revive, Message::Revive { job: of, part: 12, round: 3 } if of == job()), "{wire}");
    }
}

#[test]
fn optional_members_may_be_absent() {
    let bare = chunk(BARE);
    assert_eq!((bare.round, bare.attempt, bare.hops, bare.careful, bare.nonce), (0, 0, 0, false, Uuid::nil()));
    assert_eq!(items(&bare), [(40, "1"), (41, "2")]);
}

/// Code that adds a member need not change the version: older workers ignore it.
#[test]
fn members_of_later_code_are_ignored() {
    for wire in [WHOLE, REST, ENCODED, BARE, REVIVE] {
        let later = wire.replacen("{\"v\":1,", "{\"v\":1,\"later\":{\"x\":[1]},", 1);
        assert_eq!(format!("{:?}", Message::from_wire(&later).unwrap()), format!("{:?}", Message::from_wire(wire).unwrap()));
    }
}

/// During an update older workers read messages from newer code. If this fails, the format has changed: give it another
/// version, unless the older code can read it too.
#[test]
fn todays_code_writes_what_version_1_wrote() {
    for wire in [WHOLE, REST, ENCODED, REVIVE] {
        assert_eq!(Message::from_wire(wire).unwrap().into_wire().unwrap(), wire);
    }
}

#[tokio::test]
async fn a_message_of_another_version_is_left_for_newer_code_then_kept_and_reported() {
    assert!(matches!(Message::from_wire(NEWER), Err(WireError::Version(2))));
    let ledger = Arc::new(MemoryLedger::default());
    let queue = Arc::new(MemoryQueue::default());
    let worker = Worker::new(App::new(ledger.clone(), queue.clone(), Arc::new(SystemClock)), Processors::new());
    let began = Instant::now();
    let invocation = Invocation { began, deadline: began + Duration::from_secs(60) };
    let delivery = |dead_letter| Delivery { message_id: "m-1".to_owned(), body: NEWER.to_owned(), receive_count: 1, dead_letter };

    assert_eq!(worker.work(vec![delivery(false)], invocation).await.undone, ["m-1"]);
    assert!(ledger.kept_of(STRAYS).is_empty(), "a newer worker may still take it");

    assert!(worker.work(vec![delivery(true)], invocation).await.undone.is_empty());
    let [(key, row)] = &ledger.kept_of(STRAYS)[..] else { panic!("{:?}", ledger.kept_of(STRAYS)) };
    assert_eq!(key.what, "m-1");
    assert_eq!(row.text, format!("the message is of version 2, this worker knows 1\n\n{NEWER}"));
    assert!(queue.take().is_empty());
}
