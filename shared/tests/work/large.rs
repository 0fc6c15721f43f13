//! Large records: every item and output within the limits is kept, whatever its neighbours are.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use headway_core::item_states::{ItemStatus, item_states};
use headway_core::limits::{ITEM_BYTES_MAX, OUTPUT_BYTES_MAX, PAGE_BYTES_MAX};
use headway_core::outcome::OutputRecord;
use headway_core::outcome::extra::RowSizes;
use headway_core::records::{self, Position};
use headway_core::retry::retry;
use headway_core::submit::start_job;
use headway_core::{App, ItemError, JobId, JobStatus, Ledger as _, Options, Output, ToleratedFailures};
use headway_testkit::json::raw;

use crate::world::{World, done, fails};

const TOLERANT: ToleratedFailures = ToleratedFailures::Count(1_000);

/// All results, page by page. No page is larger than it may be, except by its last record.
async fn results(world: &World, id: JobId) -> Vec<(u64, OutputRecord)> {
    let (job, mut all, mut next) = (world.job(id).await, Vec::new(), Some(Position::default()));
    while let Some(from) = next {
        let page = records::results(&world.app, &job, from, 1_000).await.unwrap();
        let bytes: usize = page.records.iter().map(|(_, record)| record.output.as_ref().unwrap().get().len()).sum();
        assert!(bytes <= PAGE_BYTES_MAX);
        all.extend(page.records);
        next = page.next;
    }
    all
}

/// An output of the largest size that tells which item it is of.
fn largest(index: u64) -> Result<Output, ItemError> {
    Output::json(&format!("{index:06}{}", "x".repeat(OUTPUT_BYTES_MAX - 8)))
}

/// With a table whose outcome rows have no room, so that every record is in an extra row of its own.
fn with_small_rows(mut world: World) -> World {
    let app = App { row_sizes: RowSizes::SMALLEST, ..world.app.clone() };
    world.take_app(app);
    world
}

/// Bug found: outputs were left out because of their neighbours.
#[tokio::test(start_paused = true)]
async fn every_output_of_a_chunk_is_kept_byte_for_byte() {
    const ITEMS: u64 = 60;
    let options = Options { concurrency: 7, ..Options::default() };
    let mut world = World::new(options, |item| {
        let output = largest(item.index);
        Box::pin(async { output })
    });
    let id = world.start(ITEMS, ITEMS as u16, TOLERANT).await;
    world.work_off().await;
    assert_eq!(world.job(id).await.status, JobStatus::Completed);
    let all = results(&world, id).await;
    assert_eq!(all.iter().map(|(index, _)| *index).collect::<Vec<_>>(), (0..ITEMS).collect::<Vec<_>>());
    for (index, record) in &all {
        let output = record.output.as_ref().unwrap().get();
        assert!(output.len() == OUTPUT_BYTES_MAX && output[1..7] == format!("{index:06}"), "item {index}");
    }
    assert_eq!(world.calls().len() as u64, ITEMS, "nothing ran twice");
}

/// Bug found: results piled up in memory until the chunk ended.
#[tokio::test(start_paused = true)]
async fn results_are_recorded_as_soon_as_there_are_many_bytes_of_them() {
    let options = Options { concurrency: 1, ..Options::default() };
    let mut world = World::new(options, |item| {
        let output = largest(item.index);
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            output
        })
    });
    let id = world.start(60, 60, TOLERANT).await;
    let batch = world.receive(1).await;
    assert!(world.deliver_to_one_who_dies(batch, Duration::from_millis(305)).await, "before a second has passed");
    let recorded = world.job(id).await.processed_items;
    assert!((25..=30).contains(&recorded), "{recorded} of 30 results are recorded");
    world.work_off().await;
    assert_eq!((world.job(id).await.processed_items, results(&world, id).await.len()), (60, 60));
}

/// Bug found: what failed, or had to run again, was cut or lost if it was large; or its rows were left behind.
#[tokio::test(start_paused = true)]
async fn large_failures_run_again_and_leave_nothing_behind() {
    let is_over = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&is_over);
    let message = "\u{1F980}".repeat(1_000);
    let said = message.clone();
    let mut world = World::new(Options::default(), move |item| match over.load(Ordering::Relaxed) && item.index != 1 {
        true => done(),
        false => fails(ItemError::permanent("no", said.clone())),
    });
    let large = |index: usize| raw(format!("\"{index}{}\"", "y".repeat(ITEM_BYTES_MAX - 3)));
    let items = (0..5).map(large).chain([raw("1")]).collect();
    let submission = world.submission(Some(items), 250, TOLERANT);
    let id = start_job(&world.app, submission).await.unwrap().id;
    world.take_sent();
    world.work_off().await;
    let failures = world.failures(id).await;
    assert_eq!(failures.len(), 6);
    for (index, failure) in &failures[..5] {
        assert!(failure.item.get() == large(*index as usize).get() && failure.message == message, "item {index}");
    }
    is_over.store(true, Ordering::Relaxed);
    retry(&world.app, &world.owned(id).await, Some(1)).await.unwrap();
    world.take_sent();
    let revival = world.receive(1).await;
    world.deliver(revival).await;
    let listed = item_states(&world.app, &world.job(id).await, Position::default(), 100).await.unwrap().records;
    assert!(
        listed.len() == 6 && listed.iter().all(|(_, item)| item.status == ItemStatus::Pending),
        "what runs again has not failed: {listed:?}"
    );
    world.work_off().await;
    let job = world.job(id).await;
    assert_eq!((job.processed_items, job.failed_items), (5, 1), "{job:?}");
    assert_eq!(world.table.extra_rows((id, 0)).len(), 1, "of the item that failed again");
    while !world.table.delete_part((id, 0)).await.unwrap() {}
    assert!(world.table.extra_rows((id, 0)).is_empty());
}

/// Bug found: a row that nobody names stayed, or one was deleted that is still named.
#[tokio::test(start_paused = true)]
async fn after_each_round_there_are_exactly_the_rows_that_are_named() {
    let round = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let now = Arc::clone(&round);
    // In each round fewer items fail.
    let mut world = with_small_rows(World::new(Options::default(), move |item| match item.index.cmp(&now.load(Ordering::Relaxed)) {
        std::cmp::Ordering::Less => done(),
        _ => fails(ItemError::permanent("no", "not yet")),
    }));
    let id = world.start(6, 3, TOLERANT).await;
    for ended in 0..=6 {
        world.work_off().await;
        let outcomes = world.table.outcomes((id, 0), 0).await.unwrap();
        let named: usize = outcomes.iter().map(|outcome| outcome.extra_rows().len()).sum();
        let failures = world.failures(id).await;
        assert_eq!((named, world.table.extra_rows((id, 0)).len(), failures.len()), (6 - ended, 6 - ended, 6 - ended));
        if ended < 6 {
            round.store(ended as u64 + 1, Ordering::Relaxed);
            retry(&world.app, &world.owned(id).await, None).await.unwrap();
            world.take_sent();
        }
    }
}
