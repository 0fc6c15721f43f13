//! The bugs, by what they break. Most are traps that drafts of the protocol fell into. What only makes a job wait for the sweep, or is
//! stopped by another guard, breaks no invariant and is not here: the worker's own tests and the model's planted bugs have those.

mod adapters;
mod calls;
mod careful;
mod corrections;
mod item_list;
mod jobs;
mod messages;
mod notices;
mod rounds;
mod rows;
mod submissions;

use crate::bug::Bug;

const GROUPS: &[&[Bug]] = &[
    calls::BUGS,
    rows::BUGS,
    rounds::BUGS,
    submissions::BUGS,
    messages::BUGS,
    jobs::BUGS,
    adapters::BUGS,
    careful::BUGS,
    corrections::BUGS,
    item_list::BUGS,
    notices::BUGS,
];

/// All of them.
pub(crate) fn bugs() -> impl Iterator<Item = &'static Bug> {
    GROUPS.iter().copied().flatten()
}
