//! A path to a state as text: one line for each event and each question.

use std::fmt::Write as _;

use stateright::Path;

use crate::life::{Life, Next};
use crate::message::Carried;
use crate::model::{Action, Fault, Protocol};
use crate::world::{Queued, World};

pub(crate) fn tell(model: &Protocol, path: Path<World, Action>) -> String {
    tell_steps(model, path.into_vec())
}

/// What happens in each of these states.
pub(crate) fn tell_steps(model: &Protocol, steps: Vec<(World, Option<Action>)>) -> String {
    let mut text = String::new();
    for (world, action) in steps {
        let line = match action {
            None => {
                let broken = world.broken.unwrap_or("an invariant of the whole state is broken");
                format!("then {broken}:\n{:#?}\n{:?}", world.rows, world.queue)
            }
            Some(Action::Step(number, fault, _)) => {
                let node = &world.processes[number].node;
                let Next::Asks(ask) = &node.next else { continue };
                format!("  {}: {ask:?}{}", who(&node.life), what_fails(fault))
            }
            Some(Action::Item(number, fate)) => {
                format!("  {}: an item {:?}", who(&world.processes[number].node.life), Protocol::fate(fate))
            }
            Some(Action::Items(number, called)) => {
                format!("  {}: a call {:?}", who(&world.processes[number].node.life), model.called(&world, number)[called])
            }
            Some(Action::Deliver(delivery)) => format!("{}, {}", message(&world.queue[delivery.message]), delivery.how()),
            Some(Action::Call(number, fault)) => format!("call: {:?}{}", model.bounds.acts[number], what_fails(fault)),
            Some(Action::Sweep(number)) => format!("sweep: {:?}", model.bounds.sweeps[number]),
            Some(Action::Rescue) => "sweep, since all is quiet".to_owned(),
        };
        let _ = writeln!(text, "  {line}");
    }
    text
}

fn what_fails(fault: Fault) -> &'static str {
    match fault {
        Fault::None => "",
        Fault::Crash => " -- and dies",
        Fault::Lost(_) => " -- and the answer is lost",
    }
}

fn message(queued: &Queued) -> String {
    match &queued.carried {
        Carried::Chunk(chunk) => format!(
            "message of chunk {}.{}, items {:b}, attempt {}, hop {}, nonce {}",
            chunk.part, chunk.chunk, chunk.items, chunk.attempt, chunk.hops, chunk.nonce.0
        ),
        Carried::Revive { part, round } => format!("revival of part {part} for round {round}"),
        Carried::Tell { round, tries } => format!("message to tell the end of round {round}, after {tries} tries"),
    }
}

fn who(life: &Life) -> String {
    match life {
        Life::Work { message: Carried::Chunk(chunk), again, dead_letter } => {
            let again = if *again { ", received before" } else { "" };
            let dead_letter = if *dead_letter { ", a dead letter" } else { "" };
            format!("worker of {}.{}{again}{dead_letter}", chunk.part, chunk.chunk)
        }
        Life::Work { message: Carried::Revive { part, .. }, .. } => format!("worker reviving {part}"),
        Life::Work { message: Carried::Tell { round, .. }, .. } => format!("worker telling of round {round}"),
        Life::Call(act) => format!("api, {act:?}"),
        Life::Sweep { sweep, .. } => format!("sweep, {sweep:?}"),
        Life::Read => "reader".to_owned(),
    }
}
