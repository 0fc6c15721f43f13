//! The result of running or burying a chunk: results to be settled, and items to be returned.

use std::time::Duration;

use super::mode::Mode;
use super::returned::{Returned, ReturnedItem};
use crate::job::Ended;
use crate::part::Part;
use crate::settlement::Settlement;

/// What the run stage returns.
#[derive(Debug, Default)]
pub(super) struct Ran {
    /// What has to be settled; `None` if there is nothing.
    pub(super) settlement: Option<Settlement>,
    pub(super) returned: Returned,
    /// The job, if this stage ended it because none of its items can begin.
    pub(super) ended: Option<Ended>,
    /// How it was run; `None` if it was buried.
    pub(super) mode: Option<Mode>,
}

impl Ran {
    /// Results, and items that are returned in messages with this many hops. Without results there is something to
    /// settle only if something is recorded, since the part may not show it yet.
    pub(super) fn of(settlement: Settlement, hops: u32, returned: Vec<ReturnedItem>) -> Self {
        let progress = settlement.counts().handled() > 0;
        let is_nothing = !progress && !settlement.merged && settlement.change.is_nothing();
        let returned = Returned { progress, ..Returned::of(hops, returned) };
        Self { settlement: (!is_nothing).then_some(settlement), returned, ended: None, mode: None }
    }
}

/// What the settle stage returns.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// The part as it is now; `None` if it, and so its job, is gone.
    pub(super) part: Option<Part>,
    /// True if the job has ended and the results came too late to be counted: all items of the message are kept.
    pub(super) too_late: bool,
    /// How long the writes took, if there were any.
    pub(super) took: Option<Duration>,
}
