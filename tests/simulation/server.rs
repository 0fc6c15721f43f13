//! A server whose workers are processes of their own and end with it, as with `headway serve --worker`.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use headway_core::work::RunningWorkers;
use tokio::sync::Notify;

use super::process::Process;
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
    /// The newest worker process, and those that run.
    newest: Cell<u64>,
    running: RefCell<BTreeSet<u64>>,
}

/// The name of the server of a history.
const NAME: &str = "server";

impl Server {
    /// What a new worker is told of earlier ones.
    pub(crate) fn workers_ended(&self) -> Option<DateTime<Utc>> {
        self.workers_ended.get()
    }

    /// A worker process starts. Returns its name.
    pub(crate) fn starts(&self, worker: &Process) -> String {
        self.newest.set(self.newest.get().max(worker.id));
        self.running.borrow_mut().insert(worker.id);
        RunningWorkers::name_of(NAME, worker.id)
    }

    /// A worker process has ended.
    pub(crate) fn ended(&self, worker: &Process) {
        self.running.borrow_mut().remove(&worker.id);
    }

    /// What the workers are told of each other.
    pub(crate) fn running_workers(&self) -> RunningWorkers {
        RunningWorkers { server: NAME.to_owned(), next: self.newest.get() + 1, running: self.running.borrow().clone() }
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
