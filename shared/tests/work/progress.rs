//! Progress inside a chunk.

use std::collections::BTreeSet;
use std::time::Duration;

use headway_core::outcome::{ItemResult, Outcome};
use headway_core::records::{self, Position};
use headway_core::{ChunkId, JobId, Ledger, Options, Output, ToleratedFailures};

use crate::world::{World, done, done_after, hangs};

/// What one sees who looks every `pause` until all is worked off.
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

/// What broke it: progress that shows only when a chunk is done.
#[tokio::test(start_paused = true)]
async fn fifty_slow_items_show_fifty_steps() {
    let options = Options { concurrency: 1, ..Options::default() };
    let mut world = World::new(options, |_| done_after(Duration::from_secs(1)));
    let id = world.start(50, 50, ToleratedFailures::Count(0)).await;
    let steps = steps(&mut world, id, Duration::from_millis(250)).await;
    assert!(steps.len() >= 48, "{steps:?}");
}

/// What broke it: a checkpoint where none is needed, and with it a second write.
#[tokio::test(start_paused = true)]
async fn a_chunk_that_takes_less_than_a_second_shows_once() {
    let options = Options { concurrency: 1, ..Options::default() };
    let mut world = World::new(options, |_| done_after(Duration::from_millis(80)));
    let id = world.start(10, 10, ToleratedFailures::Count(0)).await;
    assert_eq!(steps(&mut world, id, Duration::from_millis(20)).await, BTreeSet::from([0]), "nothing before it is done");
    assert_eq!(world.job(id).await.processed_items, 10);
}

/// What broke it: items whose results are in the table, run again after a death, or sent round once more before the rest runs.
#[tokio::test(start_paused = true)]
async fn what_is_recorded_does_not_run_again() {
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
        assert!(world.deliver_to_one_who_dies(batch, Duration::from_millis(1_500)).await, "the one that hangs is at work");
        assert_eq!(world.called()[3..], [0], "received {received} times");
    }
}

/// What broke it: items run again whose results a worker recorded that died before it could show them.
#[tokio::test(start_paused = true)]
async fn what_is_recorded_and_not_shown_does_not_run_again() {
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

/// What broke it: an output that a processor does not keep was listed as if there had been none.
#[tokio::test(start_paused = true)]
async fn an_output_that_is_not_kept_is_listed_as_omitted() {
    let mut world = World::new(Options::default(), |_| Box::pin(async { Ok(Output::Omitted) }));
    let id = world.start(1, 1, ToleratedFailures::default()).await;
    world.work_off().await;
    let listed = records::results(&world.app, &world.job(id).await, Position::default(), 10).await.unwrap().records;
    assert!(matches!(listed.as_slice(), [(0, record)] if record.output.is_none()), "{listed:?}");
}
