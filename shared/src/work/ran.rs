//! What running a chunk, or burying it, came to: results to be settled, and items to be returned.

use std::time::Duration;

use super::mode::Mode;
use super::returned::{Returned, ReturnedItem};
use crate::job::Ended;
use crate::part::Part;
use crate::settlement::Settlement;

/// What the run stage hands to those after it.
#[derive(Debug, Default)]
pub(super) struct Ran {
    /// What is to be settled; `None` if nothing is recorded.
    pub(super) settlement: Option<Settlement>,
    pub(super) returned: Returned,
    /// The job, if this ended it because none of its items can begin.
    pub(super) ended: Option<Ended>,
    /// How it was run; `None` if it was buried.
    pub(super) mode: Option<Mode>,
}

impl Ran {
    /// Results, and items that are returned in messages with so many hops. Without results there is something to settle
    /// only if something is recorded: its part may not show it yet.
    pub(super) fn of(mut settlement: Settlement, hops: u32, returned: Vec<ReturnedItem>) -> Self {
        let retries = returned.iter().filter(|item| item.reason.was_tried());
        settlement.change.retrying = retries.map(|item| item.index).collect();
        let is_nothing = settlement.results.is_empty() && !settlement.merged && settlement.change.is_nothing();
        let returned = Returned { progress: !settlement.results.is_empty(), ..Returned::of(hops, returned) };
        Self { settlement: (!is_nothing).then_some(settlement), returned, ended: None, mode: None }
    }
}

/// What the settle stage hands to those after it.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// The part as it is since; `None` if it is gone, and with it its job.
    pub(super) part: Option<Part>,
    /// Whether the job has ended, and the results came too late to be counted: all items of the message are kept.
    pub(super) too_late: bool,
    /// How long the writes took, if there were any.
    pub(super) took: Option<Duration>,
}
