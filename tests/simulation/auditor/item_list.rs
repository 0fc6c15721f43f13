//! The list of all items, compared with the rows recomputed from scratch.

use headway_core::item_states::{ItemState, ItemStatus, item_states};
use headway_core::records::Position;
use headway_core::{Job, JobStatus};

use super::recount::{Recount, read};
use crate::invariant::{Violation, hold};
use crate::world::World;

/// Every item that has arrived is listed once, in order, with what the rows say about it.
pub(super) async fn agrees(world: &World, job: &Job, recount: &Recount) -> Result<(), Violation> {
    let listed = listed(world, job).await?;
    let arrived: Vec<u64> = recount.parts.values().flat_map(|part| part.first_index..part.first_index + u64::from(part.items)).collect();
    let indexes: Vec<u64> = listed.iter().map(|(index, _)| *index).collect();
    hold!(ListsAndLedgerAgree, indexes == arrived, "listed are the items {indexes:?}, and {arrived:?} have arrived: {job:?}");
    for (index, state) in listed {
        let (processed, failed) = (recount.processed.contains(&index), recount.failures.contains_key(&index));
        let right = match state.status {
            ItemStatus::Processed => processed,
            ItemStatus::Failed => failed,
            ItemStatus::Pending => !processed && !failed,
            ItemStatus::Unknown => !failed && !recount.outputs.contains(&index) && job.status != JobStatus::Completed,
        };
        let output = state.output.is_some() == recount.outputs.contains(&index) && state.failure.is_some() == failed;
        hold!(
            ListsAndLedgerAgree,
            right && output,
            "item {index} is listed as {state:?}, processed: {processed}, failed: {failed}: {job:?}"
        );
    }
    Ok(())
}

async fn listed(world: &World, job: &Job) -> Result<Vec<(u64, ItemState)>, Violation> {
    let (app, mut all, mut from) = (&world.calm, Vec::new(), Position::default());
    loop {
        let page = read(item_states(app, job, from, 7).await)?;
        all.extend(page.records);
        match page.next {
            Some(next) => from = next,
            None => return Ok(all),
        }
    }
}
