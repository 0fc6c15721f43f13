//! The numbers of the worker processes, and which of them run.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use headway_core::work::RunningWorkers;
use serde_json::{Value, json};
use uuid::Uuid;

/// The processes of a server.
#[derive(Debug)]
pub(crate) struct Roster(Mutex<RunningWorkers>);

impl Default for Roster {
    fn default() -> Self {
        let server = Uuid::new_v4().to_string();
        Self(Mutex::new(RunningWorkers { server, next: 1, running: BTreeSet::new() }))
    }
}

impl Roster {
    /// The place of a process that is about to start.
    pub(crate) fn enter(&self) -> Place<'_> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = known.next;
        known.next += 1;
        known.running.insert(number);
        Place { roster: self, number, name: RunningWorkers::name_of(&known.server, number) }
    }

    /// What a worker is told of the others, as Lambda's client context.
    pub(crate) fn context(&self) -> Value {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).to_string();
        json!({"custom": {RunningWorkers::SAID_AS: known}})
    }
}

/// The place of a process. It counts as running until this is dropped, so that has to be after its end.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    roster: &'a Roster,
    number: u64,
    /// The name of the process.
    pub(crate) name: String,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.roster.0.lock().unwrap_or_else(PoisonError::into_inner).running.remove(&self.number);
    }
}
