//! Progress inside a chunk.

use std::collections::BTreeSet;
use std::time::Duration;

use headway::{Options, ToleratedFailures};

use crate::world::{World, done_after};

/// What broke it: progress that shows only when a chunk is done.
#[tokio::test(start_paused = true)]
async fn fifty_slow_items_show_fifty_steps() {
    let options = Options { concurrency: 1, ..Options::default() };
    let mut world = World::new(options, |_| done_after(Duration::from_secs(1)));
    let id = world.start(50, 50, ToleratedFailures::Count(0)).await;
    let (app, mut steps) = (world.app.clone(), BTreeSet::new());
    let work = world.work_off();
    tokio::pin!(work);
    loop {
        tokio::select! {
            () = &mut work => break,
            () = tokio::time::sleep(Duration::from_millis(250)) => {
                steps.insert(app.jobs.get(id).await.unwrap().unwrap().processed_items);
            }
        }
    }
    assert!(steps.len() >= 48, "{steps:?}");
}
