//! Processors on threads of their own, in real time: calls that never yield.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use headway_core::outcome::FailureKind;
use headway_core::{JobStatus, Options, ToleratedFailures};

use crate::world::{World, done, hangs};

/// A call that never yields computes or blocks until this is set, so that a test leaves no thread behind.
struct Until(Arc<AtomicBool>);

impl Drop for Until {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// An item that blocks its thread until the test is over.
fn blocks(over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Bug found: an item that never yields stopped its lease, its checkpoints, and every other item of its worker. The
/// runtime has one thread, as a worker's has: if the item ran there, this test would never end.
#[tokio::test]
async fn an_item_that_never_yields_fails_as_timed_out_and_the_others_complete() {
    let over = Until(Arc::default());
    let flag = Arc::clone(&over.0);
    // Much longer than a normal item takes on a busy machine.
    let options = Options { item_timeout: Duration::from_secs(3), ..Options::default() };
    let mut world = World::new(options, move |item| match item.index {
        1 => {
            blocks(&flag);
            done()
        }
        2 => {
            let flag = Arc::clone(&flag);
            Box::pin(async move {
                blocks(&flag);
                Ok(headway_core::Output::None)
            })
        }
        3 => hangs(),
        4 => Box::pin(async { std::panic::panic_any("on purpose") }),
        _ => done(),
    })
    .with_threads();
    let id = world.start(40, 40, ToleratedFailures::Count(4)).await;
    world.work_off().await;
    let failures: Vec<_> = world.failures(id).await.into_iter().map(|(index, failure)| (index, failure.kind)).collect();
    let expected = [(1, FailureKind::TimedOut), (2, FailureKind::TimedOut), (3, FailureKind::TimedOut), (4, FailureKind::Crashed)];
    assert_eq!(failures, expected);
    let job = world.job(id).await;
    assert_eq!((job.status, job.processed_items), (JobStatus::Completed, 36));
    assert!(!world.worker.is_spent(), "two of its threads are stuck");
}

/// Bug found: a worker continued with more and more stuck threads, or its last items failed because of them.
#[tokio::test]
async fn a_worker_with_too_many_stuck_threads_returns_the_rest() {
    let over = Until(Arc::default());
    let flag = Arc::clone(&over.0);
    let options = Options { item_timeout: Duration::from_millis(50), concurrency: 2, ..Options::default() };
    let mut world = World::new(options, move |_| {
        blocks(&flag);
        done()
    })
    .with_threads();
    let id = world.start(20, 20, ToleratedFailures::Count(20)).await;
    let batch = world.receive(1).await;
    assert_eq!(world.deliver(batch).await, 0, "the message is done: the rest is in a new one");
    assert!(world.worker.is_spent());
    let job = world.job(id).await;
    assert!((4..=5).contains(&job.failed_items) && job.processed_items == 0, "{job:?}");
    assert_eq!((job.pending_items(), world.messages.len()), (20 - job.failed_items, 1));
    let calls = world.calls().len() as u64;
    let batch = world.receive(1).await;
    world.deliver(batch).await;
    assert_eq!(world.calls().len() as u64, calls, "nothing more begins in it");
}

/// Measures, rather than tests: what a thread of its own costs a call that does nothing.
#[tokio::test]
#[ignore = "measures; cargo test --config tests/simulation/fast.toml --test work -- --ignored --nocapture what_a_thread_costs"]
async fn what_a_thread_costs() {
    const ITEMS: u64 = 25_000;
    for own_thread in [false, true, false, true] {
        let options = Options { own_thread, ..Options::default() };
        let mut world = World::new(options, |_| done()).with_threads();
        world.start(ITEMS, 250, ToleratedFailures::Count(0)).await;
        let began = std::time::Instant::now();
        world.work_off().await;
        println!("own thread: {own_thread}: {:.1} us an item", began.elapsed().as_secs_f64() * 1e6 / ITEMS as f64);
    }
}
