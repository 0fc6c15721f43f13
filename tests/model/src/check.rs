//! Explores a model completely, and reports the result.

use std::collections::BTreeSet;
use std::fmt;
use std::time::{Duration, Instant};

use stateright::{Checker, Expectation, HasDiscoveries, Model};

use crate::bounds::Bounds;
use crate::model::Protocol;
use crate::tell::tell;

/// The result.
#[derive(Debug)]
pub struct Report {
    /// The number of states reached, each counted as often as it was reached.
    pub states: usize,
    /// The number of different states.
    pub unique: usize,
    /// The length of the longest shortest path.
    pub depth: usize,
    /// The number of situations of single processes that were run.
    pub situations: usize,
    /// How long it took.
    pub took: Duration,
    /// True if every state was explored.
    pub complete: bool,
    /// The violated invariants, each with the path to it as text.
    pub broken: Vec<(&'static str, String)>,
    /// What was reached.
    pub reached: BTreeSet<&'static str>,
}

/// Explores the model up to the first violated invariant, with this many threads and at most about this many states.
pub fn check(bounds: &Bounds, threads: usize, states_max: usize) -> Report {
    let began = Instant::now();
    let checker = Protocol::new(bounds.clone())
        .checker()
        .threads(threads)
        .finish_when(HasDiscoveries::AnyFailures)
        .target_state_count(states_max)
        .spawn_bfs()
        .join();
    let (mut broken, mut reached) = (Vec::new(), BTreeSet::new());
    for (name, path) in checker.discoveries() {
        match checker.model().property(name).expectation {
            Expectation::Sometimes => drop(reached.insert(name)),
            _ => broken.push((name, tell(checker.model(), path))),
        }
    }
    Report {
        states: checker.state_count(),
        unique: checker.unique_state_count(),
        depth: checker.max_depth(),
        situations: checker.model().situations(),
        took: began.elapsed(),
        complete: broken.is_empty() && checker.state_count() < states_max,
        broken,
        reached,
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { states, unique, depth, situations, took, complete, .. } = self;
        let seconds = took.as_secs_f64();
        let complete = if *complete { "complete" } else { "NOT COMPLETE" };
        write!(
            f,
            "{states:>8} states, {unique:>7} of them different, depth {depth:>3}, {situations:>5} situations, {seconds:>5.1} s, {complete}"
        )
    }
}
