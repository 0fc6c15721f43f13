//! A worker whose process was told to stop: running items end, nothing else begins, and the rest goes to another process at once.

use std::time::Duration;

use headway_core::{Item, JobStatus, Options, ToleratedFailures};
use tokio::sync::watch;

use crate::world::{World, done_after};

/// A world whose items take a second, one at a time, and each says when it begins.
fn one_at_a_time() -> (World, watch::Receiver<u64>) {
    let (begins, began) = watch::channel(0);
    let begin = move |_: &Item| {
        begins.send_modify(|count| *count += 1);
        done_after(Duration::from_secs(1))
    };
    (World::new(Options { concurrency: 1, ..Options::default() }, begin), began)
}

/// Bug found: a server that was told to stop went on beginning items for the ten seconds of their time slice, and prepared whatever
/// jobs its call had messages of.
#[tokio::test(start_paused = true)]
async fn who_is_told_to_stop_ends_what_runs_and_returns_the_rest() {
    let (mut world, mut began) = one_at_a_time();
    let job = world.start(6, 6, ToleratedFailures::Count(0)).await;
    let other = world.start(2, 2, ToleratedFailures::Count(0)).await;
    let batch = world.receive(1).await;
    let second_begins = async { drop(began.wait_for(|count| *count == 2).await) };
    assert_eq!(world.deliver_to_one_who_stops(batch, second_begins).await, 0, "its message is done: the rest is in a new one");
    assert_eq!(world.called(), [0, 1]);
    let batch = world.receive(2).await;
    assert_eq!(world.deliver(batch).await, 0, "what comes now goes back as it is");
    assert_eq!((world.called(), world.prepared()), (vec![0, 1], 1));
    world.take_app(world.app.clone());
    world.work_off().await;
    for (id, items) in [(job, 6), (other, 2)] {
        let job = world.job(id).await;
        assert_eq!((job.status, job.processed_items), (JobStatus::Completed, items));
    }
    assert_eq!(world.calls().len(), 8, "no item ran twice");
}
