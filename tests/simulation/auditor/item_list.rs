//! The list of all items, compared with the rows recomputed from scratch.

use headway_core::item_states::{ItemState, ItemStatus, item_states};
use headway_core::part::{Part, Register};
use headway_core::records::Position;
use headway_core::{Job, JobStatus};

use super::recount::{Recount, read};
use crate::fixes;
use crate::invariant::{Violation, hold};
use crate::world::World;

/// A page has fewer items than most jobs, so that lists continue within chunks and between parts.
const PAGE: usize = 7;

/// Every item that has arrived is listed once, in order, with what the rows say about it.
pub(super) async fn agrees(world: &World, job: &Job, recount: &Recount) -> Result<(), Violation> {
    let listed = listed(world, job).await?;
    let arrived: Vec<(u64, &Part)> = recount.parts.values().flat_map(|part| items_of(part).map(move |index| (index, part))).collect();
    let same = listed.iter().map(|(index, _)| index).eq(arrived.iter().map(|(index, _)| index));
    hold!(ListsAndLedgerAgree, same, "listed are other items than {:?}: {listed:?} {job:?}", recount.parts);
    for ((index, part), (_, state)) in arrived.into_iter().zip(listed) {
        let (is_processed, has_failed) = (recount.processed.contains(&index), recount.failures.contains_key(&index));
        let right = match state.status {
            ItemStatus::Processed => is_processed,
            ItemStatus::Failed => has_failed,
            ItemStatus::Pending => !is_processed && !has_failed,
            ItemStatus::Unknown => !has_failed && may_be_unknown(job, part),
        };
        let shows = (state.failure.is_some(), state.output.is_some()) == (has_failed, recount.outputs.contains(&index));
        hold!(ListsAndLedgerAgree, right && shows, "item {index} is listed as {state:?}: {recount:?} {job:?}");
        let output = state.output.as_ref().and_then(|record| record.output.as_ref());
        let is_own = output.is_none_or(|output| output.get() == index.to_string() || fixes::is_output(output.get()));
        hold!(ListsAndLedgerAgree, is_own, "item {index} is listed with another item's output: {state:?}");
        let (touched, ran) = world.faults.fixes(|fixes| (fixes.touched((job.id, index)), fixes.ran((job.id, index))));
        let marked = state.correction.is_some();
        hold!(ListsAndLedgerAgree, marked || !ran, "item {index} ran corrected, and is listed as {state:?}: {job:?}");
        hold!(ListsAndLedgerAgree, touched || !marked, "item {index} was never corrected, and is listed as {state:?}: {job:?}");
        world.faults.saw(match state.status {
            ItemStatus::Unknown => "item: listed as unknown",
            ItemStatus::Pending => "item: listed as pending",
            _ => "item: listed with its result",
        });
    }
    Ok(())
}

fn items_of(part: &Part) -> std::ops::Range<u64> {
    part.first_index..part.first_index + u64::from(part.items)
}

/// A part says how many items a chunk without records of its own has, and not where they are. So of a job that ended before everything
/// ran it may not be known which of its items these are.
fn may_be_unknown(job: &Job, part: &Part) -> bool {
    let any_clean = part.registers.values().any(|register| matches!(register, Register::Clean { .. }));
    job.status != JobStatus::Completed && any_clean && part.registers.len() < usize::from(part.chunks)
}

async fn listed(world: &World, job: &Job) -> Result<Vec<(u64, ItemState)>, Violation> {
    let (app, mut all, mut from) = (&world.calm, Vec::new(), Position::default());
    loop {
        let page = read(item_states(app, job, from, PAGE).await)?;
        all.extend(page.records);
        match page.next {
            Some(next) => from = next,
            None => return Ok(all),
        }
    }
}
