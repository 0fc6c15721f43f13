//! Follows every history depth first, to find out whether one returns to an earlier state and so might never end; the
//! checker does not do that. It also finds all rows and queues that are reached.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use stateright::Model as _;

use crate::bounds::Bounds;
use crate::model::Protocol;
use crate::tell::tell_steps;
use crate::world::World;

/// All histories, if every one ends.
#[derive(Debug)]
pub struct Histories {
    /// Different states.
    pub states: usize,
    /// The different rows and queues, as hashes: what others can see of a state.
    pub visible: BTreeSet<u64>,
    /// Situations of processes that count as equal and continue in the same way; or two that do not.
    pub equals: Result<usize, String>,
}

struct Follower {
    model: Protocol,
    /// The states that were reached, and whether each is on the current path.
    met: HashMap<u64, bool>,
    visible: BTreeSet<u64>,
    /// The current path, with the steps still to follow from each of its states.
    way: Vec<(World, Vec<World>)>,
}

/// Follows every history of the model.
///
/// # Errors
///
/// A history that is a circle, as text.
pub fn follow(bounds: &Bounds) -> Result<Histories, String> {
    let model = Protocol::new(bounds.clone());
    let beginnings = model.init_states();
    let mut follower = Follower { model, met: HashMap::new(), visible: BTreeSet::new(), way: Vec::new() };
    for world in &beginnings {
        follower.enter(world);
    }
    while let Some((here, ahead)) = follower.way.last_mut() {
        let Some(next) = ahead.pop() else {
            follower.met.insert(print(here), false);
            follower.way.pop();
            continue;
        };
        match follower.met.get(&print(&next)) {
            Some(true) => return Err(follower.circle(next)),
            Some(false) => {}
            None => follower.enter(&next),
        }
    }
    let equals = follower.model.local.equals_go_on_alike();
    Ok(Histories { states: follower.met.len(), visible: follower.visible, equals })
}

impl Follower {
    fn enter(&mut self, world: &World) {
        let here = print(world);
        self.met.insert(here, true);
        self.visible.insert(print(&(&world.rows, &world.queue)));
        self.way.push((world.clone(), self.model.next_states(world)));
    }

    /// The path from `again` to itself.
    fn circle(&self, again: World) -> String {
        let mut states: Vec<World> = self.way.iter().map(|(world, _)| world.clone()).skip_while(|world| *world != again).collect();
        states.push(again);
        let action =
            |pair: &[World]| self.model.next_steps(&pair[0]).into_iter().find(|(_, next)| *next == pair[1]).map(|(action, _)| action);
        let steps = states.windows(2).map(|pair| (pair[0].clone(), action(pair))).chain([(states[0].clone(), None)]);
        tell_steps(&self.model, steps.collect())
    }
}

fn print(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}
