//! The counts of each round of a job, as callers see them.

use headway_core::Job;
use serde::Serialize;
#[cfg(feature = "openapi")]
use utoipa::ToSchema;

/// The counts of one round: the first run, or a retry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", schema(as = Round))]
pub struct RoundDocument {
    /// Its number, from 1.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub round: u32,
    /// How many items succeeded in it.
    pub processed_items: u64,
    /// How many items failed in it.
    pub failed_items: u64,
    /// How many of the failed items were given new values before the next round.
    pub corrected_items: u64,
}

impl RoundDocument {
    /// The job's last rounds, the current one last.
    pub(crate) fn all(job: &Job) -> Vec<Self> {
        let counts = job.rounds_so_far();
        // Of the first that is remembered it is not known what succeeded before it, unless it is the first of all.
        let before = counts.first().filter(|first| first.round > 1).copied();
        let shown = &counts[usize::from(before.is_some())..];
        let mut processed = before.map_or(0, |before| before.processed);
        let round = |counts: &headway_core::job::RoundCounts| {
            let own = counts.processed.saturating_sub(processed);
            processed = counts.processed;
            Self { round: counts.round, processed_items: own, failed_items: counts.failed, corrected_items: counts.corrected }
        };
        shown.iter().map(round).collect()
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use headway_core::{JobId, UserId};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_round_shows_what_it_processed_itself() {
        let mut job = Job::new(JobId(Uuid::nil()), UserId::new("u").unwrap(), 100, DateTime::UNIX_EPOCH);
        let shown = |job: &Job| RoundDocument::all(job).iter().map(|round| (round.round, round.processed_items)).collect::<Vec<_>>();
        assert_eq!(shown(&job), [(1, 0)]);
        for round in 1..=12 {
            (job.round, job.processed_items) = (round, 70 + u64::from(round));
            job.rounds.extend(job.rounds_so_far().last());
        }
        job.round = 13;
        job.processed_items += 5;
        assert_eq!(shown(&job).len(), 10, "as many as are shown");
        assert_eq!(shown(&job)[0], (4, 1));
        assert_eq!(shown(&job)[9], (13, 5));
        job.rounds.truncate(0);
        (job.round, job.processed_items) = (1, 71);
        assert_eq!(shown(&job), [(1, 71)]);
    }
}
