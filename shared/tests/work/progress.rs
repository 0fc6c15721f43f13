//! Progress inside a chunk.

use std::collections::BTreeSet;
use std::time::Duration;

use headway_core::outcome::{ItemResult, Outcome};
use headway_core::records::{self, Position};
use headway_core::{ChunkId, JobId, Ledger, Options, Output, ToleratedFailures};

use crate::world::{World, done, done_after, hangs};

/// The counts seen by a reader that reads the job every `pause` until everything is done.
async fn steps(world: &mut World, id: JobId, pause: Duration) -> BTreeSet<u64> {
    let (app, mut steps) = (world.app.clone(), BTreeSet::new());
    let work = world.work_off();
    tokio::pin!(work);
    loop {
        tokio::select! {
            () = &mut work => return steps,
            () = tokio::time::sleep(pause) => {
                steps.insert(app.jobs.get(id).await.unwrap().unwrap().processed_items);
            }
        }
    }
}

/// Bug found: progress was shown only at the end of a chunk.
#[tokio::test(start_paused = true)]
async fn fifty_slow_items_show_fifty_steps() {
    let options = Options { concurrency: 1, ..Options::default() };
    let mut world = World::new(options, |_| done_after(Duration::from_secs(1)));
    let id = world.start(50, 50, ToleratedFailures::Count(0)).await;
    let steps = steps(&mut world, id, Duration::from_millis(250)).await;
    assert!(steps.len() >= 48, "{steps:?}");
}

/// Bug found: a checkpoint was made without need, and so a second write.
#[tokio::test(start_paused = true)]
async fn a_chunk_that_takes_less_than_a_second_shows_once() {
    let options = Options { concurrency: 1, ..Options::default() };
    let mut world = World::new(options, |_| done_after(Duration::from_millis(80)));
    let id = world.start(10, 10, ToleratedFailures::Count(0)).await;
    assert_eq!(steps(&mut world, id, Duration::from_millis(20)).await, BTreeSet::from([0]), "nothing before its end");
    assert_eq!(world.job(id).await.processed_items, 10);
}

/// Bug found: items with recorded results were run again after a death, or returned once more before the rest ran.
#[tokio::test(start_paused = true)]
async fn recorded_items_do_not_run_again() {
    for received in [1, 2] {
        let mut world = World::new(Options::default(), |item| match item.index {
            0 if item.attempt == 1 => hangs(),
            _ => done_after(Duration::from_millis(100)),
        });
        let id = world.start(3, 3, ToleratedFailures::Count(0)).await;
        let batch = world.receive(1).await;
        assert!(world.deliver_to_one_who_dies(batch, Duration::from_millis(1_500)).await);
        assert_eq!((world.job(id).await.processed_items, world.calls().len()), (2, 3), "shown by a checkpoint");
        world.messages[0].received = received - 1;
        let batch = world.receive(1).await;
        assert!(world.deliver_to_one_who_dies(batch, Duration::from_millis(1_500)).await, "the hanging item is running");
        assert_eq!(world.called()[3..], [0], "received {received} times");
    }
}

/// Bug found: items were run again whose results had been recorded by a worker that died before it could show them.
#[tokio::test(start_paused = true)]
async fn recorded_items_that_are_not_shown_do_not_run_again() {
    let mut world = World::new(Options::default(), |_| done());
    let id = world.start(3, 3, ToleratedFailures::Count(0)).await;
    let mut outcome = Outcome::new(ChunkId { job: id, part: 0, chunk: 0 }, 0, 3);
    outcome.merge([(0, ItemResult::Processed(None)), (2, ItemResult::Processed(None))], 1);
    outcome.version = 1;
    assert!(world.table.put_outcome(&outcome).await.unwrap());
    world.messages[0].received = 1;
    world.work_off().await;
    assert_eq!(world.called(), [1]);
    assert_eq!(world.job(id).await.processed_items, 3);
}

/// Bug found: an output that the processor does not keep was listed as if there had been none.
#[tokio::test(start_paused = true)]
async fn an_output_that_is_not_kept_is_listed_as_omitted() {
    let mut world = World::new(Options::default(), |_| Box::pin(async { Ok(Output::Omitted) }));
    let id = world.start(1, 1, ToleratedFailures::default()).await;
    world.work_off().await;
    let listed = records::results(&world.app, &world.job(id).await, Position::default(), 10).await.unwrap().records;
    assert!(matches!(listed.as_slice(), [(0, record)] if record.output.is_none()), "{listed:?}");
}

/// What broke it: one more copy of a chunk's rest with each death of the only process there is, before its batch was done. A
/// thousand kills left 3,600 messages of 500 chunks.
#[tokio::test(start_paused = true)]
async fn deaths_of_the_only_process_leave_no_copies_of_messages() {
    let options = Options { concurrency: 1, ..Options::default() };
    let mut world = World::new(options, |_| done_after(Duration::from_millis(100))).alone();
    let id = world.start(40, 20, ToleratedFailures::Count(0)).await;
    for life in 0..10 {
        let batch = world.receive(10).await;
        assert!(world.deliver_to_one_who_dies(batch, Duration::from_millis(350)).await, "life {life}");
        assert_eq!(world.messages.len(), 2, "life {life}");
    }
    assert!(world.job(id).await.processed_items >= 10, "from the third receive on each life gets on");
    world.work_off().await;
    assert_eq!((world.job(id).await.processed_items, world.failures(id).await.len()), (40, 0));
}
