//! What can happen next in a state: the model that stateright explores.

use std::sync::Arc;

use headway_core::job::JobStatus;
use stateright::{Model, Property};

use crate::ask::{Ask, Called, Fate};
use crate::audit;
use crate::bounds::Bounds;
use crate::life::{Act, Life, Sweep};
use crate::local::Local;
use crate::world::{Process, RESCUES, World};

mod happen;

/// The model with these bounds.
#[derive(Debug)]
pub struct Protocol {
    /// Its size.
    pub bounds: Bounds,
    pub(crate) local: Local,
}

/// Something that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A worker receives a message, and takes its first step.
    Deliver(Delivery),
    /// A process takes a step.
    Step(usize, Fault, Option<usize>),
    /// A processor's call of an item ends.
    Item(usize, usize),
    /// A processor's call of several items ends.
    Items(usize, usize),
    /// A user asks for something.
    Call(usize, Fault),
    /// The schedule runs.
    Sweep(usize),
    /// Everything is quiet, and the schedule runs hours later.
    Rescue,
}

/// How a message is received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// Its position in the queue.
    pub(crate) message: usize,
    /// It stays in the queue, to be received once more.
    stays: bool,
    /// It is received from the dead-letter queue.
    dead_letter: bool,
    /// Which of the rows that are read together is read first, if they are read one by one.
    first: Option<usize>,
    /// The worker dies before it has changed anything.
    dies: bool,
}

impl Delivery {
    /// As text.
    pub(crate) fn how(self) -> &'static str {
        match self {
            Self { dies: true, .. } => "received by a worker that dies",
            Self { stays: true, .. } => "received, and once more to be",
            Self { dead_letter: true, .. } => "received as a dead letter",
            _ => "received",
        }
    }
}

/// The fault in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The process dies after it.
    Crash,
    /// It happens, but the caller is told that it did not; of the messages that were sent the queue accepted this many.
    Lost(usize),
}

const FATES: [Fate; 5] = [Fate::Succeeds, Fate::GivesOutput, Fate::Fails, Fate::FailsForNow, Fate::IsSlow];

const MANY_FATES: [Fate; 5] = [Fate::Succeeds, Fate::GivesOutput, Fate::Fails, Fate::FailsForNow, Fate::NoResult];

impl Protocol {
    /// The model of these bounds.
    pub fn new(bounds: Bounds) -> Self {
        let local = Local::new(Arc::new(bounds.shape.clone()), bounds.forgets);
        Self { bounds, local }
    }

    /// The outcome of an item, by the number in its action.
    pub(crate) fn fate(number: usize) -> Fate {
        FATES[number]
    }

    /// In how many different situations processes were run.
    pub fn situations(&self) -> usize {
        self.local.len()
    }

    fn deliveries(&self, world: &World, actions: &mut Vec<Action>) {
        if world.processes.iter().filter(|process| process.node.is_worker()).count() == self.bounds.workers {
            return;
        }
        // A message is processed with two rows; if they are read one by one, either order is possible.
        let orders: &[Option<usize>] = if self.bounds.torn_reads { &[Some(0), Some(1)] } else { &[None] };
        for (message, queued) in world.queue.iter().enumerate() {
            if message > 0 && world.queue[message - 1] == *queued {
                continue;
            }
            if world.left.crashes > 0 && !queued.again && queued.carried.chunk().is_some() {
                actions.push(Action::Deliver(Delivery { message, stays: false, dead_letter: false, first: None, dies: true }));
            }
            for first in orders.iter().copied() {
                let received = Delivery { message, stays: false, dead_letter: false, first, dies: false };
                actions.push(Action::Deliver(received));
                if world.left.duplicates > 0 {
                    actions.push(Action::Deliver(Delivery { stays: true, ..received }));
                }
                if world.left.dead_letters > 0 && queued.carried.chunk().is_some() {
                    actions.push(Action::Deliver(Delivery { dead_letter: true, ..received }));
                }
            }
        }
    }

    fn steps(&self, world: &World, actions: &mut Vec<Action>) {
        for (number, process) in world.processes.iter().enumerate() {
            let Some(ask) = process.node.asks() else { continue };
            let unread = process.unread();
            if self.bounds.torn_reads && unread.len() > 1 {
                actions.extend((0..unread.len()).map(|key| Action::Step(number, Fault::None, Some(key))));
                continue;
            }
            actions.push(Action::Step(number, Fault::None, None));
            actions.extend(self.faults(world, ask).map(|fault| Action::Step(number, fault, None)));
        }
    }

    /// The faults that can happen in this step. A process that dies after only reading might have died before.
    fn faults(&self, world: &World, ask: &Ask) -> impl Iterator<Item = Fault> {
        let crash = (world.left.crashes > 0 && ask.is_write()).then_some(Fault::Crash);
        let least = usize::from(!ask.may_come_to_nothing());
        let accepted = if let Ask::Send(messages) = ask { least..messages.len() + 1 } else { 0..1 };
        let lost = (world.left.lost > 0 && ask.is_write()).then_some(accepted);
        crash.into_iter().chain(lost.into_iter().flatten().map(Fault::Lost))
    }

    fn calls(&self, world: &World, actions: &mut Vec<Action>) {
        if world.processes.iter().filter(|process| process.is_call()).count() == self.bounds.callers {
            return;
        }
        for (number, act) in self.bounds.acts.iter().enumerate() {
            let is_left = |number: usize| world.left.acts & (1 << number) != 0;
            let first = !(0..number).any(|before| self.bounds.acts[before] == *act && is_left(before));
            if is_left(number) && first && self.makes_sense(world, *act) {
                actions.push(Action::Call(number, Fault::None));
                let struck =
                    [(world.left.crashes, Fault::Crash), (world.left.lost, Fault::Lost(0))].into_iter().filter(|(left, _)| *left > 0);
                actions.extend(struck.filter(|_| act.begins_with_its_write()).map(|(_, fault)| Action::Call(number, fault)));
            }
        }
    }

    /// True if the act could be more than refused. Its effect depends on the row to which it writes, not on when it
    /// began.
    fn makes_sense(&self, world: &World, act: Act) -> bool {
        let job = world.rows.job.as_ref().map(|job| job.real(&self.bounds.shape));
        let Some(job) = job else { return act == Act::Submit };
        match act {
            Act::Cancel | Act::Pause => job.is_live(),
            Act::Resume => job.is_live() && job.paused,
            Act::Retry(None) => job.is_terminal(),
            Act::Retry(Some(round)) => (job.is_terminal() && job.round == u32::from(round)) || job.round == u32::from(round) + 1,
            Act::Correct(_) => matches!(job.status, JobStatus::Completed | JobStatus::Failed),
            Act::Delete => job.is_terminal(),
            Act::Submit | Act::PutPart(_) | Act::Seal(_) | Act::Look | Act::List => true,
        }
    }

    fn sweeps(&self, world: &World, actions: &mut Vec<Action>) {
        let sweeping = world.processes.iter().any(|process| matches!(process.node.life, Life::Sweep { .. }));
        for (number, sweep) in self.bounds.sweeps.iter().enumerate() {
            // After hours, everything that was running has ended: a function's time is minutes.
            let in_time = *sweep == Sweep::Soon || world.processes.is_empty() || self.bounds.stalls;
            // The queue keeps no message for a month: a message that is in it after that belongs to a job that has
            // ended.
            let kept = *sweep != Sweep::Month || world.queue.is_empty() || audit::has(world, JobStatus::is_terminal);
            if world.left.sweeps & (1 << number) != 0 && in_time && kept && !sweeping && world.rows.job.is_some() {
                actions.push(Action::Sweep(number));
            }
        }
        if world.left.rescues > 0 && audit::waits_for_the_sweep(&self.bounds, world) {
            actions.push(Action::Rescue);
        }
    }

    /// How a call of this many items can end. An action has its place in the list.
    fn calls_of_items(&self, world: &World, items: usize) -> Vec<Called> {
        let left = &world.left;
        let budget = |fate: Fate| match fate {
            Fate::Succeeds => u8::MAX,
            Fate::GivesOutput => left.outputs,
            Fate::Fails => left.fails,
            Fate::FailsForNow => left.fails_for_now,
            Fate::NoResult => left.no_results,
            Fate::IsSlow => 0,
        };
        let affordable =
            |fates: &Vec<Fate>| MANY_FATES.iter().all(|fate| fates.iter().filter(|it| *it == fate).count() <= budget(*fate).into());
        let longer = |fates: Vec<Fate>| MANY_FATES.into_iter().map(move |fate| fates.iter().copied().chain([fate]).collect());
        let all = (0..items).fold(vec![Vec::new()], |all, _| all.into_iter().flat_map(longer).filter(affordable).collect());
        let spoilt = [Called::Panics, Called::TooFew].into_iter().filter(|_| left.spoilt > 0);
        all.into_iter().map(Called::Each).chain(spoilt).collect()
    }

    /// The ends of a process's call of items, in the order of its actions.
    pub(crate) fn called(&self, world: &World, process: usize) -> Vec<Called> {
        match world.processes[process].node.asks() {
            Some(Ask::Items(items)) => self.calls_of_items(world, items.len()),
            _ => Vec::new(),
        }
    }

    fn fates(&self, world: &World, process: usize) -> impl Iterator<Item = Action> {
        let left = &world.left;
        let possible = [1, left.outputs, left.fails, left.fails_for_now, left.slow];
        possible.into_iter().enumerate().filter(|(_, left)| *left > 0).map(move |(fate, _)| Action::Item(process, fate))
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::first(&self.bounds)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        if world.broken.is_some() {
            return;
        }
        // Nobody sees an item being processed, so nothing is lost if that comes first.
        if let Some(number) = world.processes.iter().position(Process::is_at_an_item) {
            let several = self.called(world, number).len();
            if several > 0 {
                actions.extend((0..several).map(|called| Action::Items(number, called)));
            } else {
                actions.extend(self.fates(world, number));
            }
            return;
        }
        self.steps(world, actions);
        if world.processes.iter().any(|process| matches!(process.node.life, Life::Sweep { alone: true, .. })) {
            return;
        }
        self.deliveries(world, actions);
        self.calls(world, actions);
        self.sweeps(world, actions);
    }

    fn next_state(&self, last: &World, action: Action) -> Option<World> {
        let mut world = last.clone();
        let stepping = match &action {
            Action::Step(number, ..) => Some(last.processes[*number].node.clone()),
            _ => None,
        };
        self.happen(&mut world, action)?;
        world.order();
        if !world.rows.are_as(&last.rows) {
            world.left.rescues = RESCUES;
        }
        if world.broken.is_none() {
            world.broken = audit::step(&self.bounds, last, &world, stepping.as_deref());
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        audit::properties()
    }
}
