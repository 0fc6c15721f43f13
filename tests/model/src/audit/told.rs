//! What is told of ends: what is in the table, always the same, and in the end everything.

use super::waits_for_the_sweep;
use crate::ask::Ask;
use crate::local::Node;
use crate::model::Protocol;
use crate::rows::JobRow;
use crate::world::World;

/// What is told is in the table, and always the same.
pub(super) fn wrongly(world: &World, node: &Node) -> Option<&'static str> {
    let Some(Ask::Tell { round, status }) = node.asks() else { return None };
    if world.told.iter().filter(|(of, _)| of == round).count() > 1 {
        return Some("an end is told in two ways");
    }
    let job = world.rows.job.as_ref()?;
    match job.round == *round {
        true if job.status != *status || !status.is_terminal() => Some("an end is told that is not in the table"),
        false if job.round < *round => Some("the end of a later round is told"),
        _ => None,
    }
}

/// When all is quiet, somebody has tried to tell each end, also if the worker that ended the round died before it asked.
pub(super) fn unaided(model: &Protocol, world: &World) -> bool {
    let bounds = &model.bounds;
    let may_be_late = world.struck || bounds.lost > 0 || !bounds.sweeps.is_empty();
    let Some(job) = world.rows.job.as_ref().filter(|_| bounds.shape.tells && !may_be_late) else { return true };
    !world.is_quiet() || job.real(&bounds.shape).due_notices().iter().all(|notice| notice.tries > 0)
}

/// When nothing is left to happen, every end was told.
pub(super) fn of_all(model: &Protocol, world: &World) -> bool {
    let is_over = |job: &JobRow| job.status.is_terminal() && !job.deleting;
    let Some(job) = world.rows.job.as_ref().filter(|job| model.bounds.shape.tells && is_over(job)) else { return true };
    !world.is_quiet()
        || waits_for_the_sweep(&model.bounds, world)
        || (1..=job.round).all(|round| world.told.iter().any(|(of, _)| *of == round))
}
