//! Follows every history, depth first, which the checker does not: whether one comes back to where it was, and so might
//! never end. And with it, which rows and queues there are at all.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use stateright::Model as _;

use crate::bounds::Bounds;
use crate::model::Protocol;
use crate::tell::tell_steps;
use crate::world::World;

/// All histories, if every one of them ends.
#[derive(Debug)]
pub struct Histories {
    /// Different states.
    pub states: usize,
    /// Different rows and queues, hashed: what others can see of a state.
    pub visible: BTreeSet<u64>,
    /// Situations of processes that are taken for equal and go on alike; or two that do not.
    pub equals: Result<usize, String>,
}

struct Follower {
    model: Protocol,
    /// The states that were met, and whether each is on the way that is being followed.
    met: HashMap<u64, bool>,
    visible: BTreeSet<u64>,
    /// The way, with what lies ahead of each of its states.
    way: Vec<(World, Vec<World>)>,
}

/// Follows every history of the model.
///
/// # Errors
/// One that goes round in a circle, to be read.
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

    /// The way from `again` to itself.
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
