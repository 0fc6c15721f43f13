//! [`JobWrite`] as conditions and effects of the table. `JobWrite::admitted` and `JobWrite::apply` are the
//! specification; a test runs both over the same histories.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};

use super::change::Change;
use super::item::{number, text, time};
use super::job_lists::{corrected_text, rounds_text};
use super::job_row::{index_sort, numbers, sweep_partition};
use headway_core::ids::JobId;
use headway_core::job::{ABANDONED, JobStatus, JobWrite, Notices, Place, RoundCounts, error_within_row};

const LIVE: &str = "#status IN (:pending, :processing) AND attribute_not_exists(#deleting)";
const ALL_ROLLED_UP: &str = "attribute_not_exists(#partsRolledUp) AND #parts = :zero \
                             OR attribute_exists(#partsRolledUp) AND size(#partsRolledUp) = #parts";
const HAS_FAILURES: &str = "#status = :failed OR #status = :completed AND #failedRolledUp > :zero";

/// The conditional write to the row of job `id`.
pub(super) fn job_change(id: JobId, write: &JobWrite, now: DateTime<Utc>) -> Change {
    let change = match write {
        JobWrite::Postpone { .. } | JobWrite::AwaitResults { .. } | JobWrite::Note { .. } => Change::of_existing(),
        JobWrite::CountLate { .. } | JobWrite::EndTokens => Change::of_existing(),
        _ => Change::of_existing().set("#updatedAt = :now").value(":now", time(now)),
    };
    let job = JobChange { id, now, change };
    match write {
        JobWrite::Begin => begin(job),
        JobWrite::RollUp { round, part, processed, failed } => roll_up(job, *round, *part, *processed, *failed),
        JobWrite::End { round, retention_days, tells } => {
            let all = |change: Change| change.when("attribute_exists(#sealed)").when(ALL_ROLLED_UP).value(":zero", number(0));
            let expires_at = now + TimeDelta::days((*retention_days).into());
            // Every register is full, so nothing can be left unshown.
            let ended = job.live_in(*round).map(all).end(JobStatus::Completed, None).flag("#reconciled");
            if *tells { ended.moved(true) } else { ended.placed(false, expires_at) }
        }
        JobWrite::Fail { round, error } => job.live_in(*round).end(JobStatus::Failed, Some(error)).still_watched(),
        JobWrite::Cancel => job.live().end(JobStatus::Cancelled, None).still_watched(),
        JobWrite::Pause => job.live().not("#paused").flag("#paused").moved(true),
        JobWrite::Resume { handled } => resume(job, *handled),
        JobWrite::Retry { round, processed, read, notices, corrected, rounds } => {
            retry(job, *round, *processed, rounds).corrected_as(corrected).with_notices(read, notices)
        }
        JobWrite::Correct { round, read, corrected } => correct(job, *round, read, corrected),
        JobWrite::CountLate { read, rounds } => count_late(job, read, rounds),
        JobWrite::Reserve { part } => reserve(job, *part),
        JobWrite::Touch => job.live().not("#sealed"),
        JobWrite::Seal { parts, total_items, total_bytes, total_chunks } => {
            seal(job, *parts, [*total_items, *total_bytes, (*total_chunks).into()])
        }
        JobWrite::Abandon { untouched_since } => {
            let untouched = |change: Change| change.when("#updatedAt < :since").value(":since", time(*untouched_since));
            job.live().not("#sealed").map(untouched).flag("#abandoned").end(JobStatus::Failed, Some(ABANDONED)).still_watched()
        }
        JobWrite::Reconcile { round, expires_at, read, late_results_at, owes } => {
            let as_read = |change: Change| match late_results_at {
                Some(at) => change.when("#lateResultsAt = :late").value(":late", time(*at)),
                None => change.when("attribute_not_exists(#lateResultsAt)"),
            };
            let ended = job.settling().in_round(*round).flag("#reconciled").noted(read).map(as_read);
            if *owes { ended } else { ended.placed(false, *expires_at) }
        }
        JobWrite::AwaitResults { at } => job.settling().map(|change| {
            let later = change.when("attribute_not_exists(#lateResultsAt) OR #lateResultsAt < :late");
            later.set("#lateResultsAt = :late").value(":late", time(*at))
        }),
        JobWrite::Note { round, ended, reconciled, read, notices, place } => {
            let as_read = if *ended { job.ended().not("#deleting") } else { job.live() };
            let reconciled = if *reconciled { "attribute_exists(#reconciled)" } else { "attribute_not_exists(#reconciled)" };
            let noted = as_read.in_round(*round).map(|change| change.when(reconciled)).with_notices(read, notices);
            match place {
                Place::Unchanged => noted,
                Place::Watched(at) => noted.placed(true, *at),
                Place::Ended(at) => noted.placed(false, *at),
            }
        }
        JobWrite::EndTokens => job.not("#deleting").map(|change| change.add("#tokenGeneration :one").value(":one", number(1))),
        JobWrite::Delete { round } => job.ended().in_round(*round).flag("#deleting").moved(false),
        JobWrite::Postpone { place, updated_at } => {
            let as_read = |change: Change| change.when("#updatedAt = :read").value(":read", time(*updated_at));
            job.live().map(as_read).placed(true, *place)
        }
    }
    .change
}

fn begin(job: JobChange) -> JobChange {
    job.map(|change| {
        let pending = change.when("#status = :pending AND attribute_not_exists(#deleting)").value(":pending", status(JobStatus::Pending));
        let begun = pending.set("#status = :processing").value(":processing", status(JobStatus::Processing));
        begun.set("#startedAt = :now").set("#rateSince = :now")
    })
    .moved(true)
}

fn roll_up(job: JobChange, round: u32, part: u32, processed: u64, failed: u64) -> JobChange {
    job.not("#deleting").in_round(round).map(|change| {
        let once = change.when("attribute_not_exists(#partsRolledUp) OR NOT contains(#partsRolledUp, :part)");
        let counted = once.add("#partsRolledUp :parts").add("#processedRolledUp :processed").add("#failedRolledUp :failed");
        let counted = counted.value(":part", number(part)).value(":parts", numbers([part]));
        counted.value(":processed", number(processed)).value(":failed", number(failed))
    })
}

fn resume(job: JobChange, handled: u64) -> JobChange {
    job.live()
        .map(|change| {
            let resumed = change.when("attribute_exists(#paused)").remove(&["#paused"]);
            resumed.set("#rateSince = :now").set("#rateBase = :handled").value(":handled", number(handled))
        })
        .moved(true)
}

fn retry(job: JobChange, round: u32, processed: u64, rounds: &[RoundCounts]) -> JobChange {
    job.not("#deleting")
        .in_round(round)
        .map(|change| {
            let failed = change.when(HAS_FAILURES).value(":zero", number(0));
            let failed = failed.value(":failed", status(JobStatus::Failed)).value(":completed", status(JobStatus::Completed));
            let begun = failed.set("#status = :processing").value(":processing", status(JobStatus::Processing));
            let begun = begun.set("#round = :next").value(":next", number(u64::from(round) + 1));
            let begun = begun.set("#rateSince = :now").set("#rateBase = :processed").value(":processed", number(processed));
            let begun = begun.set("#startedAt = if_not_exists(#startedAt, :now)");
            let begun = begun.remove(&["#partsRolledUp", "#processedRolledUp", "#failedRolledUp"]);
            begun.remove(&[
                "#errorMessage",
                "#completedAt",
                "#expiresAt",
                "#paused",
                "#abandoned",
                "#reconciled",
                "#corrected",
                "#lateResultsAt",
            ])
        })
        .with_rounds(rounds)
        .moved(true)
}

/// The list is compared as a whole: two requests must not overwrite each other's counts.
fn correct(job: JobChange, round: u32, read: &BTreeMap<u32, u32>, corrected: &BTreeMap<u32, u32>) -> JobChange {
    let change = job.not("#deleting").in_round(round).map(|change| {
        let ended = change.when("#status IN (:completed, :failed)");
        let ended = ended.value(":completed", status(JobStatus::Completed)).value(":failed", status(JobStatus::Failed));
        match corrected.is_empty() {
            true => ended.remove(&["#corrected"]),
            false => ended.set("#corrected = :corrected").value(":corrected", text(corrected_text(corrected))),
        }
    });
    change.corrected_as(read)
}

fn count_late(job: JobChange, read: &[RoundCounts], rounds: &[RoundCounts]) -> JobChange {
    job.not("#deleting").with_rounds(rounds).map(|change| match read {
        [] => change.when("attribute_not_exists(#rounds)"),
        read => change.when("#rounds = :read").value(":read", text(rounds_text(read))),
    })
}

/// A job that failed while its parts were submitted still accepts the rest.
fn reserve(job: JobChange, part: u32) -> JobChange {
    job.not("#deleting").not("#abandoned").not("#sealed").map(|change| {
        let takes = change.when("#status IN (:pending, :processing, :failed)").value(":pending", status(JobStatus::Pending));
        let takes = takes.value(":processing", status(JobStatus::Processing)).value(":failed", status(JobStatus::Failed));
        let free = takes.when("attribute_not_exists(#topPart) OR #topPart < :part");
        free.set("#topPart = :part").value(":part", number(part))
    })
}

/// A job that failed early may still be sealed, and then be retried completely. So neither the status is checked nor
/// the place among live or ended jobs changed.
fn seal(job: JobChange, parts: u32, [items, bytes, chunks]: [u64; 3]) -> JobChange {
    job.not("#sealed").not("#abandoned").not("#deleting").flag("#sealed").map(|change| {
        let all_reserved = match parts.checked_sub(1) {
            None => change.when("attribute_not_exists(#topPart)"),
            Some(top) => change.when("#topPart = :top").value(":top", number(top)),
        };
        let sealed = all_reserved.set("#parts = :parts").value(":parts", number(parts));
        let sealed = sealed.set("#totalItems = :items").value(":items", number(items));
        let sealed = sealed.set("#totalBytes = :bytes").value(":bytes", number(bytes));
        sealed.set("#totalChunks = :chunks").value(":chunks", number(chunks))
    })
}

/// A change of a job's row, in terms of the job.
struct JobChange {
    id: JobId,
    now: DateTime<Utc>,
    change: Change,
}

impl JobChange {
    fn map(mut self, change: impl FnOnce(Change) -> Change) -> Self {
        self.change = change(self.change);
        self
    }

    fn live(self) -> Self {
        let (pending, processing) = (status(JobStatus::Pending), status(JobStatus::Processing));
        self.map(|change| change.when(LIVE).value(":pending", pending).value(":processing", processing))
    }

    fn ended(self) -> Self {
        self.map(|change| {
            let ended = change.when("#status IN (:completed, :failed, :cancelled)");
            let ended = ended.value(":completed", status(JobStatus::Completed)).value(":failed", status(JobStatus::Failed));
            ended.value(":cancelled", status(JobStatus::Cancelled))
        })
    }

    fn in_round(self, round: u32) -> Self {
        self.map(|change| change.when("#round = :round").value(":round", number(round)))
    }

    fn live_in(self, round: u32) -> Self {
        self.live().in_round(round)
    }

    /// Only if the job has ended, and its numbers may still change.
    fn settling(self) -> Self {
        self.ended().not("#deleting").not("#reconciled")
    }

    /// Only if the flag is not set. A flag is an attribute that is present or absent.
    fn not(self, flag: &str) -> Self {
        self.map(|change| change.when(&format!("attribute_not_exists({flag})")))
    }

    /// Only if the notices are still these.
    fn noted(self, read: &Notices) -> Self {
        self.map(|change| match read.is_empty() {
            true => change.when("attribute_not_exists(#notices)"),
            false => change.when("#notices = :noted").value(":noted", text(read.to_json())),
        })
    }

    /// Replaces the notices, if they are still those that were read.
    fn with_notices(self, read: &Notices, notices: &Notices) -> Self {
        self.noted(read).map(|change| match notices.is_empty() {
            true => change.remove(&["#notices"]),
            false => change.set("#notices = :notices").value(":notices", text(notices.to_json())),
        })
    }

    /// Only if so many failures of each part are corrected.
    fn corrected_as(self, read: &BTreeMap<u32, u32>) -> Self {
        self.map(|change| match read.is_empty() {
            true => change.when("attribute_not_exists(#corrected)"),
            false => change.when("#corrected = :corrections").value(":corrections", text(corrected_text(read))),
        })
    }

    fn with_rounds(self, rounds: &[RoundCounts]) -> Self {
        self.map(|change| match rounds {
            [] => change.remove(&["#rounds"]),
            rounds => change.set("#rounds = :rounds").value(":rounds", text(rounds_text(rounds))),
        })
    }

    fn flag(self, flag: &str) -> Self {
        self.map(|change| change.set(&format!("{flag} = :true")).value(":true", AttributeValue::Bool(true)))
    }

    fn end(self, end: JobStatus, error: Option<&str>) -> Self {
        self.map(|change| {
            let ended = change.set("#status = :end").value(":end", status(end)).set("#completedAt = :now");
            let ended = ended.set("#expiresAt = :now + #retention").remove(&["#paused"]);
            match error {
                Some(error) => ended.set("#errorMessage = :error").value(":error", text(error_within_row(error))),
                None => ended.remove(&["#errorMessage"]),
            }
        })
    }

    /// A job that ended otherwise than completed is still checked by the sweep.
    fn still_watched(self) -> Self {
        self.map(|change| change.remove(&["#reconciled"])).moved(true)
    }

    /// Moves the row to its new place among the jobs to be checked, or those to be deleted.
    fn moved(self, watched: bool) -> Self {
        let now = self.now;
        self.placed(watched, now)
    }

    fn placed(self, watched: bool, at: DateTime<Utc>) -> Self {
        let (partition, sort) = (sweep_partition(self.id, watched), index_sort(at, self.id));
        self.map(|change| {
            let moved = change.set("#sweepPartition = :shard").set("#sweepSort = :place");
            moved.value(":shard", text(partition)).value(":place", text(sort))
        })
    }
}

fn status(status: JobStatus) -> AttributeValue {
    text(status.as_str())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn only_a_moved_job_costs_an_index_write() {
        let now = DateTime::UNIX_EPOCH;
        let (read, notices) = (Notices::default(), Notices::default());
        let note = |place| {
            let (read, notices) = (Notices::default(), Notices::default());
            JobWrite::Note { round: 1, ended: true, reconciled: true, read, notices, place }
        };
        let writes = [
            note(Place::Unchanged),
            note(Place::Watched(now)),
            note(Place::Ended(now)),
            JobWrite::End { round: 1, retention_days: 30, tells: true },
            JobWrite::Reconcile { round: 1, expires_at: now, read: Notices::default(), late_results_at: None, owes: true },
            JobWrite::Begin,
            JobWrite::RollUp { round: 1, part: 0, processed: 1, failed: 0 },
            JobWrite::End { round: 1, retention_days: 30, tells: false },
            JobWrite::Fail { round: 1, error: String::new() },
            JobWrite::Cancel,
            JobWrite::Pause,
            JobWrite::Resume { handled: 0 },
            JobWrite::Retry { round: 1, processed: 0, read, notices, corrected: BTreeMap::new(), rounds: Vec::new() },
            JobWrite::Correct { round: 1, read: BTreeMap::new(), corrected: [(0, 1)].into() },
            JobWrite::CountLate { read: Vec::new(), rounds: Vec::new() },
            JobWrite::Reserve { part: 0 },
            JobWrite::Touch,
            JobWrite::Seal { parts: 1, total_items: 1, total_bytes: 1, total_chunks: 1 },
            JobWrite::Abandon { untouched_since: now },
            JobWrite::Reconcile { round: 1, expires_at: now, read: Notices::default(), late_results_at: Some(now), owes: false },
            JobWrite::AwaitResults { at: now },
            JobWrite::EndTokens,
            JobWrite::Delete { round: 1 },
            JobWrite::Postpone { place: now, updated_at: now },
        ];
        for write in writes {
            let moved = job_change(JobId(Uuid::nil()), &write, now).update().contains("#sweepSort");
            assert_eq!(moved, write.place(now).is_some(), "{write:?}");
        }
    }
}
