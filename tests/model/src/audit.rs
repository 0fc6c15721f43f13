//! The invariants: for every step, for every state, and for the end, when everything is quiet.

use headway_core::job::JobStatus;
use headway_core::part::{PartWrite, Register};
use headway_core::{Job, part::Part};
use stateright::Property;

use crate::ask::Ask;
use crate::bounds::{Begin, Bounds};
use crate::life::{Life, Next};
use crate::local::Node;
use crate::model::Protocol;
use crate::perform::Step;
use crate::rows::{JobRow, OutcomeRow, Rows};
use crate::shape::{ITEMS_MAX, Items, NOW, Shape, time};
use crate::world::{Names, World};

mod fixed;
mod told;

/// What one model or the other must reach; otherwise nothing was shown about it.
pub const REACHED: [&str; 15] = [
    "completed",
    "failed",
    "cancelled",
    "completed when retried",
    "failed when retried",
    "retried twice",
    "parked",
    "abandoned",
    "deleted",
    "ended by the sweep",
    "told of a round that was left",
    "ran a corrected item",
    "called halves",
    "sent halves in messages of their own",
    "moved a record to an extra row",
];

/// The invariants, and what must have been reached.
pub(crate) fn properties() -> Vec<Property<Protocol>> {
    vec![
        Property::always(HOLDS, |_, world: &World| world.broken.is_none()),
        Property::always(ENDS, |model: &Protocol, world: &World| !(world.left.rescues == 0 && waits_for_the_sweep(&model.bounds, world))),
        Property::always(UNAIDED, |model: &Protocol, world: &World| {
            world.struck || !(waits_for_the_sweep(&model.bounds, world) && world.rows.job.as_ref().is_some_and(is_on_its_way))
        }),
        Property::always(AGREES, |model: &Protocol, world: &World| agrees(model, world)),
        Property::always(TOLD_UNAIDED, |model: &Protocol, world: &World| told::unaided(model, world)),
        Property::always(TOLD, |model: &Protocol, world: &World| told::of_all(model, world)),
        Property::sometimes("completed", |_, world| has(world, |job| job == JobStatus::Completed)),
        Property::sometimes("failed", |_, world| has(world, |job| job == JobStatus::Failed)),
        Property::sometimes("cancelled", |_, world| has(world, |job| job == JobStatus::Cancelled)),
        Property::sometimes("completed when retried", |_, world: &World| {
            world.rows.job.as_ref().is_some_and(|job| job.round > 1 && job.status == JobStatus::Completed)
        }),
        Property::sometimes("failed when retried", |_, world: &World| {
            world.rows.job.as_ref().is_some_and(|job| job.round > 1 && job.status == JobStatus::Failed)
        }),
        Property::sometimes("retried twice", |_, world: &World| world.rows.job.as_ref().is_some_and(|job| job.round > 2)),
        Property::sometimes("parked", |_, world: &World| !world.rows.parked.is_empty()),
        Property::sometimes("abandoned", |_, world: &World| world.rows.job.as_ref().is_some_and(|job| job.abandoned)),
        Property::sometimes("deleted", |model: &Protocol, world: &World| model.bounds.begin != Begin::Empty && world.rows.job.is_none()),
        Property::sometimes("told of a round that was left", |_, world: &World| {
            let tells = |round: u8| {
                world.processes.iter().any(|process| matches!(process.node.asks(), Some(Ask::Tell { round: of, .. }) if *of < round))
            };
            world.rows.job.as_ref().is_some_and(|job| tells(job.round))
        }),
        Property::sometimes("ran a corrected item", |_, world: &World| {
            world.processes.iter().any(|process| matches!(process.node.asks(), Some(Ask::Item { fixed: true, .. })))
        }),
        Property::sometimes("called halves", |model: &Protocol, world: &World| {
            let halves = |items: &Vec<u8>| items.len() < model.bounds.shape.batch.into();
            world
                .processes
                .iter()
                .any(|process| process.node.heard.spoilt && matches!(process.node.asks(), Some(Ask::Items(items)) if halves(items)))
        }),
        Property::sometimes("sent halves in messages of their own", |_, world: &World| {
            world.queue.iter().any(|queued| queued.carried.chunk().is_some_and(|chunk| chunk.most > 0))
        }),
        Property::sometimes("moved a record to an extra row", |_, world: &World| !world.rows.extras.is_empty()),
        Property::sometimes("ended by the sweep", |_, world: &World| {
            has(world, JobStatus::is_terminal) && world.processes.iter().any(|process| process.node.ended_a_job())
        }),
    ]
}

/// No step violates an invariant.
pub const HOLDS: &str = "no step breaks an invariant";
/// A quiet job has ended, or its user has paused it.
pub const ENDS: &str = "what is quiet has ended";
/// This also holds without the sweep, unless a call of the api was interrupted: if workers die, redelivery is enough.
pub const UNAIDED: &str = "nobody waits for the sweep in vain";
/// Rows, counts and lists agree when all is over.
pub const AGREES: &str = "counts and lists agree in the end";
/// In the end the endpoint was told of the end of each round.
pub const TOLD: &str = "every end was told in the end";
/// The same without the sweep, unless a call of the api was interrupted or a message was lost: redelivery is enough.
pub const TOLD_UNAIDED: &str = "no end waits for the sweep to be told";

fn is_on_its_way(job: &JobRow) -> bool {
    job.sealed && !job.status.is_terminal()
}

pub(crate) fn has(world: &World, status: fn(JobStatus) -> bool) -> bool {
    world.rows.job.as_ref().is_some_and(|job| status(job.status))
}

/// True if nothing more happens unless the schedule runs.
pub(crate) fn waits_for_the_sweep(bounds: &Bounds, world: &World) -> bool {
    let expired = |job: &Job| job.expires_at.is_some_and(|expires| expires <= time(NOW));
    let waits = |job: &Job| job.deleting || expired(job) || (job.is_watched() && !(job.is_live() && job.paused));
    world.is_quiet() && world.rows.job.as_ref().is_some_and(|job| waits(&job.real(&bounds.shape)))
}

/// The job with exact counts.
fn counted(shape: &Shape, rows: &Rows) -> Option<Job> {
    let job = rows.job.as_ref()?.real(shape);
    let parts: Vec<Part> = rows.parts.iter().enumerate().filter_map(|(number, row)| Some(row.as_ref()?.real(shape, number))).collect();
    Some(job.count(&parts))
}

/// What the step from `old` to `new` violated; `node` is the process that took it, if it still exists.
pub(crate) fn step(bounds: &Bounds, old: &World, new: &World, node: Option<&Node>) -> Option<&'static str> {
    if let Some(wrong) = lost_items(bounds, new) {
        return Some(wrong);
    }
    if let Some(wrong) = node.and_then(|node| told::wrongly(new, node).or_else(|| fixed::counted_wrongly(bounds, old, new, node))) {
        return Some(wrong);
    }
    if old.rows == new.rows {
        return None;
    }
    if new.rows.misses_an_extra_row() {
        return Some("an outcome row names an extra row that does not have the record");
    }
    let wrong = node.and_then(|node| invented(bounds, old, new, node)).or_else(|| ghosts(&old.rows, &new.rows, node));
    if wrong.is_some() {
        return wrong;
    }
    let shape = &bounds.shape;
    let (before, after) = (counted(shape, &old.rows)?, counted(shape, &new.rows)?);
    if after.deleting {
        return (!after.is_terminal()).then_some("a live job is deleted");
    }
    let came =
        old.rows.parts.iter().flatten().any(|part| !part.sent && part.updated == NOW && part.registers.iter().all(|code| *code == 0));
    if after.abandoned && !before.abandoned && (came || old.rows.job.as_ref().is_some_and(|job| job.updated == NOW)) {
        return Some("a submission is abandoned that has just gone on");
    }
    // Time passes only at the beginning of a sweep: then rows are older than they were.
    let after = if node.is_none() { Job { completed_at: before.completed_at, ..after } } else { after };
    counts(&before, &after).or_else(|| registers(&old.rows, &new.rows)).or_else(|| ends(&before, &after))
}

/// Every acknowledged item is recorded, or something still refers to it.
fn lost_items(bounds: &Bounds, world: &World) -> Option<&'static str> {
    let job = world.rows.job.as_ref().filter(|job| !job.deleting && job.status != JobStatus::Cancelled)?;
    let acknowledged = bounds.shape.items_of(world.acknowledged);
    let missing = acknowledged & !world.items_somewhere(bounds);
    if missing != 0 {
        return Some("an acknowledged item is nowhere any more");
    }
    match () {
        () if job.sealed && world.acknowledged.count_ones() > job.parts.into() => Some("an acknowledged part is not in the job"),
        () if job.sealed && job.abandoned => Some("a submission is both sealed and abandoned"),
        () => None,
    }
}

/// A record exists only for a result that its process has seen, of an attempt that did not begin before the item was
/// cleared.
fn invented(bounds: &Bounds, old: &World, new: &World, node: &Node) -> Option<&'static str> {
    if let Some(Ask::UpdatePart(part, PartWrite::Clean { chunk, .. })) = node.asks() {
        let (part, chunk) = (usize::from(*part), usize::from(*chunk));
        let all = bounds.shape.in_job(part, chunk, bounds.shape.whole(part, chunk));
        let came = old.rows.parts != new.rows.parts && all & !node.heard.succeeded != 0;
        return came.then_some("a chunk is clean, and not all of its items succeeded");
    }
    let Some(Ask::PutOutcome(part, chunk, _)) = node.asks() else { return None };
    let (part, chunk) = (usize::from(*part), usize::from(*chunk));
    let after = new.rows.outcomes[part][chunk].as_ref()?;
    let nothing = OutcomeRow {
        version: 0,
        round: 0,
        processed: 0,
        failed: 0,
        fixed: 0,
        outputs: 0,
        again: [0; ITEMS_MAX],
        retrying: 0,
        there: [None; ITEMS_MAX],
    };
    let before = old.rows.outcomes[part][chunk].as_ref().unwrap_or(&nothing);
    let dead_letter = matches!(node.life, Life::Work { dead_letter: true, .. });
    let (processed, failed) = (after.processed & !before.processed, after.failed & !before.failed);
    let in_job = |items: Items| bounds.shape.in_job(part, chunk, items);
    let cleared_since = |i: &usize| (processed | failed) & (1 << i) != 0 && before.again[*i] > node.heard.round_begun;
    match () {
        () if before.processed & !after.processed != 0 => Some("a success is forgotten"),
        () if before.failed & !(after.failed | after.again_items()) != 0 => Some("a failure is forgotten"),
        () if in_job(processed) & !node.heard.succeeded != 0 => Some("an item is recorded that did not succeed"),
        () if in_job(failed) & !node.heard.failed != 0 && !dead_letter => Some("an item is recorded that did not fail"),
        () if (0..ITEMS_MAX).any(|i| cleared_since(&i)) => Some("a result begun before the clear counts"),
        () if after.processed & after.failed != 0 => Some("an item is recorded both ways"),
        () => fixed::wrongly(bounds, old, node, (part, chunk), (before, after)),
    }
}

/// Deleted rows do not come back.
fn ghosts(old: &Rows, new: &Rows, node: Option<&Node>) -> Option<&'static str> {
    let puts = matches!(node.and_then(Node::asks), Some(Ask::Create(_) | Ask::PutPart(..)));
    let came = |i: usize| old.parts[i].is_none() && new.parts[i].is_some();
    let came = (old.job.is_none() && new.job.is_some()) || (0..new.parts.len()).any(came);
    (came && !puts).then_some("a row came back that was deleted")
}

/// Counts add up and never fall, except that a retry makes failures pending.
fn counts(before: &Job, after: &Job) -> Option<&'static str> {
    match () {
        () if after.sealed && after.handled_items() > after.total_items => Some("more items are counted than there are"),
        () if after.processed_items < before.processed_items => Some("processed fell"),
        () if after.round == before.round && after.failed_items < before.failed_items => Some("failed fell"),
        () if after.round < before.round => Some("the round fell"),
        () => None,
    }
}

/// Registers never fall, and a clean one is final.
fn registers(old: &Rows, new: &Rows) -> Option<&'static str> {
    for (old, new) in old.parts.iter().zip(&new.parts) {
        let (Some(old), Some(new)) = (old, new) else { continue };
        for (chunk, (before, after)) in old.registers.iter().zip(new.registers).enumerate() {
            let clean = matches!(old.register(chunk), Some(Register::Clean { .. }));
            if after < *before || (clean && after != *before) {
                return Some("a register fell, or a clean one changed");
            }
        }
    }
    None
}

/// An end has a reason, happens once, and is final except for a retry.
fn ends(before: &Job, after: &Job) -> Option<&'static str> {
    let too_many = after.tolerated.exceeded(after.failed_items, after.handled_items(), after.sealed.then_some(after.total_items));
    let ended = (before.status, before.completed_at) != (after.status, after.completed_at);
    match (before.is_terminal(), after.status) {
        (true, _) if before.round == after.round && ended => Some("an end changed"),
        (true, _) if before.round != after.round && before.status == JobStatus::Cancelled => Some("a cancelled job was retried"),
        (_, JobStatus::Completed) if after.pending_items() > 0 => Some("completed with items that are pending"),
        (false, JobStatus::Completed) if too_many => Some("completed with more failures than are borne"),
        (false, JobStatus::Failed) if !too_many && !after.abandoned => Some("failed without a reason"),
        (false, JobStatus::Processing) if before.round != after.round => Some("a live job was retried"),
        _ => None,
    }
}

/// When a job has ended and was read, its registers show its outcome rows, and its lists are as long as its counts. A
/// part that has not reached the job's round may be cleared but not stamped: it counts no failures.
fn agrees(model: &Protocol, world: &World) -> bool {
    let over = |job: &JobRow| job.status.is_terminal() && job.reconciled && !job.deleting;
    if world.broken.is_some()
        || !world.is_quiet()
        || waits_for_the_sweep(&model.bounds, world)
        || !world.rows.job.as_ref().is_some_and(over)
    {
        return true;
    }
    every_outcome_is_shown(&model.bounds.shape, &world.rows) && lists_as_counted(model, world)
}

fn every_outcome_is_shown(shape: &Shape, rows: &Rows) -> bool {
    let shown = |part: usize, chunk: usize| {
        let (Some(row), Some(outcome)) = (&rows.parts[part], &rows.outcomes[part][chunk]) else { return true };
        if rows.job.as_ref().is_some_and(|job| row.round < job.round) {
            return true;
        }
        match row.register(chunk) {
            Some(Register::Clean { .. }) => true,
            register => register == Some(outcome.real(shape, part, chunk).register()),
        }
    };
    (0..shape.parts.len()).all(|part| (0..shape.parts[part].len()).all(|chunk| shown(part, chunk)))
}

/// As the api reads them.
fn lists_as_counted(model: &Protocol, world: &World) -> bool {
    let mut world = world.clone();
    let mut node = model.local.born(Life::Read);
    loop {
        let answer = match &node.next {
            Next::Ends(end) => return end.done && end.wrong.is_none(),
            Next::Asks(ask) => Step { bounds: &model.bounds, node: &node, names: &mut Names::new() }.perform(&mut world, ask, None),
        };
        node = model.local.told(&node, answer);
    }
}
