//! Explores a model to the end, and says what was found; and that no history goes round in a circle.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use stateright::{Checker, Expectation, HasDiscoveries, Model, Path};

use crate::bounds::Bounds;
use crate::model::{Action, Protocol};
use crate::world::World;

/// What was found.
#[derive(Debug)]
pub struct Report {
    /// States reached, each as often as it was.
    pub states: usize,
    /// Different ones.
    pub unique: usize,
    /// The longest of the shortest ways.
    pub depth: usize,
    /// Situations of single processes that were run.
    pub situations: usize,
    /// How long it took.
    pub took: Duration,
    /// Whether every state was looked at.
    pub complete: bool,
    /// Invariants that do not hold, each with a way there, to be read.
    pub broken: Vec<(&'static str, String)>,
    /// What was reached.
    pub reached: BTreeSet<&'static str>,
}

/// Explores the model, up to the first invariant that does not hold, with so many threads and at most about so many states.
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

/// A way to a state, a line a step.
fn tell(model: &Protocol, path: Path<World, Action>) -> String {
    let mut text = String::new();
    let steps = path.into_vec();
    for (world, action) in &steps {
        let Some(action) = action else { continue };
        let line = match action {
            Action::Step(number, fault, _) => {
                let node = &world.processes[*number].node;
                format!("{:?}\n      {:?} -> {fault:?}", node.life, node.next)
            }
            Action::Item(number, _) => format!("{:?}\n      {action:?}", world.processes[*number].node.life),
            Action::Deliver(delivery) => format!("{delivery:?} of {:?}", world.queue.get(delivery.place())),
            Action::Call(number, fault) => format!("call {:?} -> {fault:?}", model.bounds.acts[*number]),
            other => format!("{other:?}"),
        };
        let _ = writeln!(text, "  {line}");
    }
    if let Some((world, _)) = steps.last() {
        let _ = writeln!(text, "  then: {:?}\n  {:#?}", world.broken, world.rows);
    }
    text
}

/// Follows every history, depth first: how many different states there are, and how many different rows and queues;
/// `None` if a history comes back to where it was, so that it might never end.
pub fn follow(bounds: &Bounds) -> Option<(usize, usize)> {
    let model = Protocol::new(bounds.clone());
    // Whether the state is on the way that is being followed.
    let mut seen: HashMap<u64, bool> = HashMap::new();
    let mut visible = BTreeSet::new();
    let mut way: Vec<(u64, Vec<World>)> = Vec::new();
    let mut enter = |world: World, seen: &mut HashMap<u64, bool>, way: &mut Vec<(u64, Vec<World>)>| {
        let print = print(&world);
        seen.insert(print, true);
        visible.insert(self::print(&(&world.rows, &world.queue)));
        way.push((print, model.next_states(&world)));
    };
    for world in model.init_states() {
        enter(world, &mut seen, &mut way);
    }
    while let Some((here, ahead)) = way.last_mut() {
        let Some(next) = ahead.pop() else {
            seen.insert(*here, false);
            way.pop();
            continue;
        };
        match seen.get(&print(&next)) {
            Some(true) => return None,
            Some(false) => {}
            None => enter(next, &mut seen, &mut way),
        }
    }
    Some((seen.len(), visible.len()))
}

fn print(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}
