//! The effect of an action on a world.

use crate::ask::{Answer, Ask, Called, Fate, Given, Key};
use crate::life::{Act, Life, Next, Sweep};
use crate::message::Carried;
use crate::model::{Action, Delivery, Fault, Protocol};
use crate::perform::Step;
use crate::planted::Planted;
use crate::world::{MINE, Process, Queued, Read, World};

impl Protocol {
    /// `None` if it makes no difference.
    pub(super) fn happen(&self, world: &mut World, action: Action) -> Option<()> {
        match action {
            Action::Deliver(delivery) => self.deliver(world, delivery),
            Action::Step(number, fault, key) => {
                let process = world.processes.remove(number);
                self.step(world, process, fault, key)
            }
            Action::Item(number, fate) => {
                self.item(world, number, Self::fate(fate));
                Some(())
            }
            Action::Items(number, called) => {
                let called = self.called(world, number).swap_remove(called);
                self.items(world, number, called);
                Some(())
            }
            Action::Call(number, fault) => {
                world.left.acts &= !(1 << number);
                self.begin(world, Life::Call(self.bounds.acts[number]), fault)
            }
            Action::Sweep(number) => {
                world.left.sweeps &= !(1 << number);
                self.sweep(world, self.bounds.sweeps[number], false)
            }
            Action::Rescue => {
                world.left.rescues -= 1;
                let open = world.rows.job.as_ref().is_some_and(|job| !job.sealed && !job.status.is_terminal());
                self.sweep(world, if open { Sweep::Day } else { Sweep::Hours }, true)
            }
        }
    }

    fn deliver(&self, world: &mut World, delivery: Delivery) -> Option<()> {
        let queued = world.queue[delivery.message].clone();
        if delivery.dies {
            world.left.crashes -= 1;
            match self.bounds.planted {
                Some(Planted::AcknowledgeFirst) => drop(world.queue.remove(delivery.message)),
                _ => world.queue[delivery.message].again = true,
            }
            return Some(());
        }
        if delivery.stays {
            world.left.duplicates -= 1;
            world.queue[delivery.message].again = true;
        } else {
            world.queue.remove(delivery.message);
        }
        world.left.dead_letters -= u8::from(delivery.dead_letter);
        let life = Life::Work {
            message: queued.carried.named(MINE),
            again: queued.again || delivery.dead_letter,
            dead_letter: delivery.dead_letter,
        };
        let mut process = Process::new(self.local.born(life));
        process.names.extend(queued.carried.chunk().map(|chunk| (MINE, chunk.nonce)));
        self.step(world, process, Fault::None, delivery.first)
    }

    /// A process begins. It could begin later and make its first read then; and its first write, if no read before it
    /// matters.
    fn begin(&self, world: &mut World, life: Life, fault: Fault) -> Option<()> {
        let at_once = matches!(&life, Life::Call(act) if act.begins_with_its_write());
        let looks = matches!(&life, Life::Call(act) if act.looks());
        let process = Process::new(self.local.born(life));
        let reads = process.node.asks().is_some_and(|ask| !ask.is_write());
        if !reads || looks {
            world.processes.push(process);
            return Some(());
        }
        let before = world.processes.len();
        self.step(world, process, Fault::None, None)?;
        match world.processes.len() > before && at_once {
            true => world.processes.pop().and_then(|process| self.step(world, process, fault, None)),
            false => (fault == Fault::None).then_some(()),
        }
    }

    /// The process, which is taken out of the world for now, does what it asks, or reads one of the rows that it asks
    /// for. `None` if the fault makes no difference because the process might have died before.
    fn step(&self, world: &mut World, mut process: Process, fault: Fault, key: Option<usize>) -> Option<()> {
        let ask = process.node.asks().cloned()?;
        let (rows, queued, told) = (world.rows.clone(), world.queue.len(), world.told.len());
        let mut step = Step { bounds: &self.bounds, node: &process.node, names: &mut process.names };
        let answer = match (&ask, key, process.gathered.is_empty()) {
            (Ask::Rows(keys), Some(key), true) => {
                process.gathered.push(step.read(world, keys[key]));
                world.processes.push(process);
                return Some(());
            }
            (Ask::Rows(keys), ..) => {
                let mut reads = std::mem::take(&mut process.gathered);
                let read: Vec<Key> = reads.iter().map(Read::key).collect();
                reads.extend(keys.iter().filter(|key| !read.contains(key)).map(|key| step.read(world, *key)));
                Read::together(reads)
            }
            _ => {
                let accepted = if let Fault::Lost(accepted) = fault { Some(accepted) } else { None };
                step.perform(world, &ask, accepted)
            }
        };
        let is_as_before = rows == world.rows && queued == world.queue.len() && told == world.told.len();
        let goes_on = matches!(fault, Fault::Lost(_)) && ask.may_come_to_nothing();
        if fault != Fault::None && is_as_before && !goes_on {
            return None;
        }
        world.struck |= fault != Fault::None && process.is_call();
        match fault {
            Fault::Crash => {
                world.left.crashes -= 1;
                self.come_back(world, &process);
                return Some(());
            }
            Fault::Lost(_) => world.left.lost -= 1,
            Fault::None => {}
        }
        let in_part = matches!((&ask, fault), (Ask::Send(messages), Fault::Lost(accepted)) if accepted < messages.len());
        let taken_for_done = in_part && self.bounds.planted == Some(Planted::PartialSendIsDone);
        let heard = if matches!(fault, Fault::Lost(_)) && !taken_for_done { Answer::Lost } else { answer };
        process.node = self.local.told(&process.node, heard);
        let sent = matches!(ask, Ask::Send(_)) && process.node.is_a_revival();
        // A revival never uses what it has sent, and the number of nonces that it has drawn does not matter to it.
        process.names.retain(|(name, _)| *name == MINE || !(process.node.forgets_nonces() || (sent && name.is_drawn())));
        self.go_on(world, process);
        Some(())
    }

    /// Answers reads that do not count as a step, and ends the process if it has ended.
    fn go_on(&self, world: &mut World, mut process: Process) {
        while process.reads_aside() {
            let Some(ask) = process.node.asks().cloned() else { break };
            let answer = Step { bounds: &self.bounds, node: &process.node, names: &mut process.names }.perform(world, &ask, None);
            process.node = self.local.told(&process.node, answer);
        }
        let Next::Ends(end) = &process.node.next else {
            world.processes.push(process);
            return;
        };
        if let Some(wrong) = end.wrong {
            world.broken = Some(wrong);
        }
        match process.node.life {
            Life::Work { .. } if !end.done => self.come_back(world, &process),
            Life::Call(Act::Submit) if end.done => world.acknowledged = (1 << self.bounds.shape.parts.len()) - 1,
            Life::Call(Act::PutPart(part)) if end.done => world.acknowledged |= 1 << part,
            _ => {}
        }
    }

    /// What a dead process has not acknowledged is received again.
    fn come_back(&self, world: &mut World, process: &Process) {
        let Some(carried) = process.message().filter(|_| self.bounds.planted != Some(Planted::AcknowledgeFirst)) else { return };
        // Who tells a notice does not use the receive count.
        let again = !matches!(carried, Carried::Tell { .. });
        world.queue.push(Queued { carried, again });
    }

    fn item(&self, world: &mut World, number: usize, fate: Fate) {
        world.left.pay(fate);
        let mut process = world.processes.remove(number);
        process.node = self.local.told(&process.node, Answer::Fate(fate));
        self.go_on(world, process);
    }

    fn items(&self, world: &mut World, number: usize, called: Called) {
        match &called {
            Called::Each(fates) => fates.iter().for_each(|fate| world.left.pay(*fate)),
            Called::Panics | Called::TooFew => world.left.spoilt -= 1,
        }
        let given = match self.bounds.planted {
            Some(Planted::ResultsOfOtherItems) => Given::Turned,
            Some(Planted::TooFewResultsAreCompleted) => Given::Completed,
            _ => Given::AsTheyAre,
        };
        let mut process = world.processes.remove(number);
        process.node = self.local.told(&process.node, Answer::Called(called, given));
        self.go_on(world, process);
    }

    fn sweep(&self, world: &mut World, sweep: Sweep, alone: bool) -> Option<()> {
        world.rows.age(sweep.hours());
        self.begin(world, Life::Sweep { sweep, alone }, Fault::None)
    }
}
