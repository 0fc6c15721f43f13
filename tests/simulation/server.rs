//! A server whose workers are processes of their own and end with it, as with `headway serve --worker`.

use std::cell::Cell;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;

use super::theme::Theme;
use super::world::World;

/// How long a server runs on average, in units of the history's tempo.
const RUNS: Duration = Duration::from_secs(40);
/// The same if the history is about that.
const RUNS_SHORTLY: Duration = Duration::from_secs(7);

/// The server of a history on one machine.
#[derive(Debug, Default)]
pub(crate) struct Server {
    ends: Notify,
    /// When all workers of the servers before this one had to end.
    workers_ended: Cell<Option<DateTime<Utc>>>,
}

impl Server {
    /// What a new worker is told of earlier ones.
    pub(crate) fn workers_ended(&self) -> Option<DateTime<Utc>> {
        self.workers_ended.get()
    }

    /// Runs a worker's life; `None` if its server ends before.
    pub(crate) async fn run<T>(&self, life: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.ends.notified() => None,
            out = life => Some(out),
        }
    }
}

/// Ends servers, and with each all its workers, as long as there are faults.
pub(crate) async fn servers_end(world: World) {
    let runs = if world.faults.theme() == Some(Theme::Restarts) { RUNS_SHORTLY } else { RUNS };
    loop {
        headway_core::time::sleep(world.faults.span(2 * runs * world.plan.tempo)).await;
        if !world.faults.on() {
            return;
        }
        world.faults.saw("fault: a server ended with all its workers");
        let timeout = TimeDelta::from_std(world.plan.function_timeout).unwrap();
        world.server.workers_ended.set(Some(world.calm.clock.now() + timeout));
        world.server.ends.notify_waiters();
    }
}
