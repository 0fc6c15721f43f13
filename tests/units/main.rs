//! What is billed, counted at the adapters as AWS counts it: write and read units of the table, requests of the queue.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod meter;
mod world;

use std::time::Duration;

use headway_core::limits::{CHUNKS_PER_PART_MAX, ITEMS_PER_CHUNK_MAX};
use headway_core::outcome::{Failure, FailureKind, ItemResult, OutcomeChange};
use headway_core::part::Counts;
use headway_core::prices::Load;
use headway_core::settle::settle;
use headway_core::settlement::Settlement;
use headway_core::{ChunkId, Job};
use serde_json::value::RawValue;
use tokio::time::Instant;
use world::{World, items, noise};

const CHUNKS: u16 = CHUNKS_PER_PART_MAX as u16;
const ITEMS: u16 = ITEMS_PER_CHUNK_MAX as u16;

/// The results of one chunk, of which `failed` items failed.
fn settlement(id: ChunkId, failed: u16) -> Settlement {
    let item = || RawValue::from_string("1".to_owned()).unwrap();
    let result = |i: u16| match i < failed {
        true => ItemResult::Failed(Failure::new(FailureKind::Permanent, "no", "no", 1, None, item())),
        false => ItemResult::Processed(None),
    };
    let first_index = u64::from(id.chunk) * u64::from(ITEMS);
    let results = (0..ITEMS).map(|i| (first_index + u64::from(i), result(i))).collect();
    Settlement {
        id,
        first_index,
        chunk_items: ITEMS,
        results,
        round_begun: 1,
        merged: false,
        change: OutcomeChange::default(),
        seen: false,
        recorded: Counts::default(),
        row_bytes: 0,
    }
}

/// Bug found: a part row exceeded a kilobyte, an index was written with every settlement, or a chunk needed a second
/// write.
#[tokio::test(start_paused = true)]
async fn settling_costs_one_unit_at_every_fill_level() {
    let world = World::new().await;
    let job = world.open_job(ITEMS).await;
    for part in 0..2 {
        world.put_part(job, part, usize::from(CHUNKS) * usize::from(ITEMS)).await;
    }
    for chunk in 0..CHUNKS {
        world.meter.reset();
        settle(&world.app, &settlement(ChunkId { job, part: 0, chunk }, 0)).await.unwrap().unwrap();
        let bill = world.meter.bill();
        assert_eq!((bill.writes, bill.reads), (1.0, 0.0), "a clean chunk {chunk}: {bill:?}");
    }
    for chunk in 0..CHUNKS {
        world.meter.reset();
        settle(&world.app, &settlement(ChunkId { job, part: 1, chunk }, 1 + chunk)).await.unwrap().unwrap();
        let bill = world.meter.bill();
        // The refused attempt is not billed for chunks with failures, since none is made.
        assert_eq!(bill.of("UpdateItem"), 1.0, "the register of chunk {chunk}: {bill:?}");
        assert!(bill.of("PutItem") <= 2.0, "its outcome row, packed: {bill:?}");
    }
}

/// Bug found: a message was processed before the ledger was read, or a write was tried all the same.
#[tokio::test(start_paused = true)]
async fn a_duplicate_costs_reads_and_no_processing() {
    let world = World::new().await;
    let job = world.open_job(ITEMS).await;
    world.put_part(job, 0, 2_000).await;
    let batch = world.receive().await;
    let chunks = batch.len() as f64;
    assert_eq!(world.work(batch.clone()).await, Vec::<String>::new());
    let processed = world.processed();
    tokio::time::sleep(headway_core::limits::LEASE).await;
    world.meter.reset();
    assert_eq!(world.work(batch).await, Vec::<String>::new());
    let bill = world.meter.bill();
    assert_eq!((bill.writes, world.processed()), (0.0, processed), "{bill:?}");
    assert!(bill.reads <= 2.0 + chunks, "the job's row and the part's, and a look upward a chunk: {bill:?}");
}

/// Bug found: a poll read parts that are rolled up, or the row of every chunk.
#[tokio::test(start_paused = true)]
async fn a_poll_costs_two_read_units() {
    let world = World::new().await;
    let job = world.open_job(ITEMS).await;
    world.put_part(job, 0, usize::from(CHUNKS) * usize::from(ITEMS)).await;
    world.meter.reset();
    world.app.jobs.get(job).await.unwrap().unwrap();
    assert_eq!((world.meter.bill().reads, world.meter.bill().writes), (2.0, 0.0));
    world.seal(job, 1).await;
    world.work_off().await;
    world.meter.reset();
    let ended = world.app.jobs.get(job).await.unwrap().unwrap();
    assert!(ended.is_terminal() && world.meter.bill().reads == 1.0, "{ended:?}");
}

/// The price of `headway estimate`, and so the goal for a million items, is based on these units.
#[tokio::test(start_paused = true)]
async fn a_job_uses_what_the_estimate_calculates() {
    let world = World::new().await;
    let (parts, items_per_part) = (3_u32, usize::from(CHUNKS) * usize::from(ITEMS));
    let bytes: usize = items(0, items_per_part).iter().map(|item| item.get().len()).sum::<usize>() * parts as usize;
    let load = Load {
        items: u64::from(parts) * items_per_part as u64,
        bytes: bytes as u64,
        packed_bytes: bytes as u64,
        chunks: u64::from(parts) * u64::from(CHUNKS),
        parts: u64::from(parts),
        ms_per_item: 1.0,
        output_bytes: 0,
    };
    let reckoned = load.units();
    let job = world.open_job(ITEMS).await;
    for part in 0..parts {
        world.put_part(job, part, items_per_part).await;
    }
    world.seal(job, parts).await;
    world.work_off().await;
    let bill = world.meter.bill();
    let job = world.app.jobs.get(job).await.unwrap().unwrap();
    assert_eq!((job.is_terminal(), job.processed_items), (true, u64::from(parts) * items_per_part as u64));
    println!("reckoned {reckoned:?}\ncounted  {bill:?}");
    // The last receive found nothing: the mapping makes it with or without a job.
    let queue_requests = bill.queue_requests - 1.0;
    for (what, reckoned, counted) in [("writes", reckoned.writes, bill.writes), ("queue", reckoned.queue_requests, queue_requests)] {
        assert!(counted <= reckoned, "{what}: {counted} counted, {reckoned} reckoned");
        assert!(counted >= reckoned * 0.9, "{what}: the estimate is too high: {counted} counted, {reckoned} reckoned");
    }
    // A job's row is read once a second at most: batches this fast share a read, slower ones do not.
    assert!(bill.reads <= reckoned.reads && bill.reads >= reckoned.reads * 0.4, "{} counted, {} reckoned", bill.reads, reckoned.reads);
}

/// Bug found: a job with large items or outputs was reckoned as if three messages of the largest items took one request, and
/// as if their outputs were in one row.
#[tokio::test(start_paused = true)]
async fn large_items_use_what_the_estimate_calculates() {
    // A chunk has as many items of 20,000 bytes as fit; the larger ones are alone.
    for (items, bytes, chunks) in [(60_usize, 20_000_usize, 30), (40, 70_000, 40), (24, 262_144, 24)] {
        let world = World::new().await;
        let all = (items * bytes) as u64;
        // Six random bits a byte.
        let packed_bytes = all * 6 / 8;
        let load = Load { items: items as u64, bytes: all, packed_bytes, chunks, parts: 1, ms_per_item: 1.0, output_bytes: packed_bytes };
        let reckoned = load.units();
        let job = world.submit_to_echo(noise(items, bytes)).await;
        world.work_off().await;
        let bill = world.meter.bill();
        let job = world.app.jobs.get(job.id).await.unwrap().unwrap();
        assert_eq!((job.is_terminal(), job.processed_items), (true, items as u64));
        assert!(bill.reads <= reckoned.reads, "{bytes} bytes: {} reads counted, {} reckoned", bill.reads, reckoned.reads);
        let told = Load::of_job(&Job { processor: "json-schema".to_owned(), ..job });
        assert_eq!((told.bytes, told.chunks), (load.bytes, load.chunks), "the job's row tells the same");
        for (what, reckoned, counted) in [("writes", reckoned.writes, bill.writes), ("queue", reckoned.queue_requests, bill.queue_requests)]
        {
            let (least, most) = (counted * 0.9, counted * 1.15);
            assert!((least..=most).contains(&reckoned), "{what} of items of {bytes} bytes: {counted} counted, {reckoned} reckoned");
        }
    }
}

/// How long a call takes where calls are counted that wait for each other.
const CALL: Duration = Duration::from_millis(1);

/// Bug found: a row was read twice, a write's answer was not used, or calls were made one after another that could be
/// made at the same time.
#[tokio::test(start_paused = true)]
async fn a_submission_under_a_key_waits_for_eight_calls_at_most() {
    let world = World::new().await;
    // The owner has another job, which is checked.
    world.open_job(1).await;
    world.meter.each_call_takes(CALL);
    for (parts, calls_max) in [(1_usize, 9), (4, 18)] {
        let items_count = usize::from(CHUNKS) * 10 * parts;
        world.meter.reset();
        let began = Instant::now();
        let job = world.submit(&format!("{parts} parts"), items(0, items_count), 10).await;
        let (waited, calls) = (began.elapsed().as_millis() / CALL.as_millis(), world.meter.bill().calls);
        // One part has 80 messages, and so more than one batch; four batches are sent at the same time.
        let sends = calls.iter().filter(|call| *call == "SendMessageBatch").count();
        let (sends_more, waits_more) = (sends - parts, usize::from(CHUNKS).div_ceil(40) - 1);
        assert!(calls.len() - sends_more <= calls_max, "{parts} parts: {calls:?}");
        assert!(waited <= 8 + waits_more as u128, "{parts} parts: {waited} calls wait for each other: {calls:?}");
        assert_eq!((job.sealed, job.parts as usize, job.total_items as usize), (true, parts, items_count));
    }
}

/// Bug found: a submission that was sent again wrote something, or read what it had read before.
#[tokio::test(start_paused = true)]
async fn a_submission_that_is_sent_again_only_reads() {
    let world = World::new().await;
    let first = world.submit("key", items(0, 3), 1).await;
    world.meter.reset();
    let again = world.submit("key", items(0, 3), 1).await;
    let bill = world.meter.bill();
    assert_eq!((again.id, again.sealed, bill.writes), (first.id, true, 0.0), "{bill:?}");
    assert!(bill.calls.len() <= 4, "the key, the owner's row, the job's row and its part: {bill:?}");
}
