//! What a history is about. Most are about nothing in particular. The others are about one rule whose moment comes so seldom that
//! a whole run would hardly show whether the code keeps it: their jobs, their users and their faults bring that moment about.

use std::time::Duration;

use headway_core::ToleratedFailures;
use headway_core::limits::OPEN_WITHOUT_PART_MAX;

use super::faults::Faults;
use super::ops::Kind;
use super::processor::{Fate, Preparing};
use super::receiver::Manner;
use super::tally::Blow;
use super::workload::{JobPlan, Plan};

/// One history of so many has a theme.
const ONE_OF: u64 = 8;

/// The rule that a history is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    /// Items that kill their workers beside others, and marks whose writing has no answer.
    Suspects,
    /// Servers that end one soon after another, with items that take long in all their workers.
    Restarts,
    /// Deliveries of one chunk at the same time, with different results.
    Disagreement,
    /// A job that is deleted at the moment when its end is told.
    Deletion,
    /// A job that is cancelled while its row is read slowly, or while it is sealed, and whose user reads it until its numbers are final.
    Cancel,
    /// A submission of which a part comes when the sweep is about to abandon it.
    Abandonment,
}

use Theme::{Abandonment, Cancel, Deletion, Disagreement, Restarts, Suspects};

const ALL: [Theme; 6] = [Suspects, Restarts, Disagreement, Deletion, Cancel, Abandonment];

impl Theme {
    pub(crate) fn of(rng: &mut fastrand::Rng) -> Option<Self> {
        (rng.u64(0..ONE_OF) == 0).then(|| ALL[rng.usize(0..ALL.len())])
    }

    /// The kind of call that fails more often.
    pub(crate) fn focus(self) -> Option<Kind> {
        (self == Suspects).then_some(Kind::Mark)
    }

    /// The kind of call that is late more often.
    pub(crate) fn slow(self) -> Option<Kind> {
        match self {
            Suspects => Some(Kind::Mark),
            Cancel => Some(Kind::Rows),
            Restarts | Disagreement | Deletion | Abandonment => None,
        }
    }

    /// How often some faults occur, relative to the usual rate.
    pub(crate) fn weights(self) -> &'static [(&'static str, u64)] {
        match self {
            Suspects => &[("fault: visibility ran out", 4)],
            Cancel => &[("fault: late answer", 5)],
            Disagreement => &[("fault: duplicate delivery", 6)],
            Deletion => &[("fault: duplicate delivery", 6), ("fault: read of an untold end held back", 4)],
            Restarts | Abandonment => &[],
        }
    }

    /// The same for ways in which calls fail.
    pub(crate) fn blows(self) -> &'static [(Blow, u64)] {
        match self {
            Suspects => &[(Blow::ErrorAfter, 3)],
            Restarts | Disagreement | Deletion | Cancel | Abandonment => &[],
        }
    }

    /// How many messages a worker asks for, if that is not left to chance.
    pub(crate) fn messages(self) -> Option<u64> {
        (self == Suspects).then_some(4)
    }

    pub(crate) fn clocks_agree(self) -> bool {
        matches!(self, Restarts | Deletion | Cancel)
    }

    pub(crate) fn is_on_one_machine(self) -> bool {
        self == Restarts
    }

    /// Changes what users and functions do.
    pub(crate) fn shape(self, faults: &Faults, plan: &mut Plan) {
        if matches!(self, Suspects | Restarts) {
            // A message comes again soon after its worker has ended: strikes need three receives.
            plan.function_timeout = Duration::from_secs(8);
            plan.visibility = Duration::from_secs(9) + faults.span(Duration::from_secs(6));
            plan.storm = Duration::from_secs(150);
            (plan.tempo, plan.outage) = (1, None);
        }
        for job in plan.jobs.iter_mut().filter(|job| !job.is_neighbour) {
            self.shape_job(faults, job);
        }
    }

    fn shape_job(self, faults: &Faults, job: &mut JobPlan) {
        match self {
            Suspects => {
                // So many messages that several are in one worker: a suspect's turn is followed by another killer's.
                job.fates = (0..8 + faults.pick(5)).map(|_| suspect(faults)).collect();
                (job.chunk_size, job.streamed) = (Some(1 + faults.pick(2) as u16), None);
                job.begins_with_items_that_matter();
            }
            Restarts => {
                let long = |_| if faults.one_in(4) { Fate::Succeeds } else { Fate::TakesLong(1_000 + faults.pick(3_500)) };
                job.fates = (0..2 + faults.pick(4)).map(long).collect();
                (job.chunk_size, job.streamed) = (Some(1 + faults.pick(3) as u16), None);
                job.begins_with_items_that_matter();
            }
            Disagreement => {
                job.fates = (0..2 + faults.pick(8)).map(|_| undecided(faults)).collect();
                (job.chunk_size, job.streamed) = (Some(2 + faults.pick(2) as u16), None);
                job.begins_with_items_that_matter();
            }
            Deletion => {
                job.fates.truncate(6);
                job.callback = Some(Manner::RefusesFirst(0));
                (job.retries, job.corrections, job.pause_after, job.streamed) = (0, 0, None, None);
                job.delete_after = Some(faults.span(Duration::from_secs(10)));
            }
            Cancel if job.streamed.is_some() => {
                (job.cancel_after, job.pause_after) = (Some(faults.span(Duration::from_secs(1))), None);
                (job.hesitates, job.sealed_by_client) = (Duration::ZERO, true);
            }
            Cancel => {
                job.fates = (0..6 + faults.pick(20)).map(|_| Fate::TakesLong(faults.pick(1_200))).collect();
                job.chunk_size = Some(6 + faults.pick(6) as u16);
                job.cancel_after = Some(faults.span(Duration::from_secs(8)));
            }
            Abandonment => {
                let parts = 2 + faults.pick(3) as usize;
                job.fates = vec![Fate::Succeeds; parts];
                job.streamed = Some(vec![1; parts]);
                job.hesitates = OPEN_WITHOUT_PART_MAX + faults.span(Duration::from_secs(60));
                (job.cancel_after, job.pause_after, job.delete_after) = (None, None, None);
            }
        }
    }
}

impl JobPlan {
    /// No failure ends it, preparing it is harmless, and nobody cancels it.
    fn begins_with_items_that_matter(&mut self) {
        (self.tolerated, self.preparing) = (ToleratedFailures::Count(1_000), Preparing::Harmless);
        (self.cancel_after, self.delete_after) = (None, None);
    }
}

/// An item that kills its worker, or one that may be beside it.
fn suspect(faults: &Faults) -> Fate {
    match faults.pick(8) {
        0..3 => Fate::Kills,
        3 => Fate::EatsMemory(faults.pick(4_000)),
        4 => Fate::TakesLong(faults.pick(4_000)),
        _ => Fate::Succeeds,
    }
}

/// An item that has another result in another delivery.
fn undecided(faults: &Faults) -> Fate {
    match faults.pick(8) {
        0..3 => Fate::FailsForAWhile(1),
        3 => Fate::Away(1),
        4 => Fate::Throttled(1, 0),
        5 => Fate::TakesLong(faults.pick(2_500)),
        6 => Fate::Fickle,
        _ => Fate::Succeeds,
    }
}
