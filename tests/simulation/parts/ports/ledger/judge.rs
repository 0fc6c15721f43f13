//! Checks at the moment of a write that it may be made.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use headway_core::chunk::Message;
use headway_core::corrections::Corrections;
use headway_core::job::JobWrite;
use headway_core::ledger::{CareMark, Parked, Written};
use headway_core::limits::OPEN_WITHOUT_PART_MAX;
use headway_core::outcome::elsewhere::Holds;
use headway_core::outcome::{Outcome, OutputRecord};
use headway_core::part::Part;
use headway_core::{ChunkId, Clock as _, Job, JobError, PartId};
use serde_json::value::RawValue;

use super::SimLedger;
use crate::invariant::{Invariant, Violation};

/// The clocks of two processes and of the auditor may differ by this.
const SKEW: TimeDelta = TimeDelta::seconds(5);

/// A submission of which a part arrived within this time is going on.
const ARRIVED_JUST_NOW: Duration = Duration::from_secs(300);

/// After this time every worker knows the round of a job: none lives so long.
const ROUND_IS_KNOWN_AFTER: Duration = Duration::from_secs(30);

impl SimLedger {
    /// What is cleared runs with the value that its user gave last, and what is recorded came of that value.
    pub(super) async fn judge_values(&self, known: Option<&Outcome>, outcome: &Outcome) -> Result<(), JobError> {
        let faults = &self.process.faults;
        let violated = |what: String| faults.violated(Violation::new(Invariant::Corrected, what));
        let before = match known {
            Some(known) => self.values_of(known).await?,
            None => Recorded::default(),
        };
        let now = self.values_of(outcome).await?;
        for (index, value) in now.again.iter().filter(|(index, value)| before.again.get(index) != Some(value)) {
            let place = (outcome.id.job, *index);
            let failed = before.failed.get(index);
            if !failed.is_some_and(|failed| faults.fixes(|fixes| fixes.clears(place, failed, value))) {
                violated(format!("item {index} is to be run again with {value}, it failed with {failed:?}"));
            }
        }
        for (index, value) in now.failed.iter().filter(|(index, _)| !before.failed.contains_key(index)) {
            if !faults.fixes(|fixes| fixes.may_come_of((outcome.id.job, *index), value)) {
                violated(format!("item {index} failed with a value that it does not have: {value}"));
            }
        }
        for (index, output) in now.outputs.iter().filter(|(index, _)| !before.outputs.contains_key(index)) {
            if !faults.fixes(|fixes| fixes.may_give((outcome.id.job, *index), output)) {
                violated(format!("item {index} has an output of a value that it does not have: {output}"));
            }
        }
        Ok(())
    }

    /// A row whose items have all succeeded is never written again: nobody looks for what its full register does not show.
    pub(super) fn judge_success(&self, known: Option<&Outcome>, outcome: &Outcome) {
        if let Some(known) = known.filter(|known| known.processed.len() == usize::from(known.items)) {
            let what = format!("all items had succeeded, and the row was written again: {known:?}, {outcome:?}");
            self.process.faults.violated(Violation::new(Invariant::SettledIsFinal, what));
        }
    }

    /// The values in an outcome row and in its extra rows.
    async fn values_of(&self, outcome: &Outcome) -> Result<Recorded, JobError> {
        let text = |value: &RawValue| value.get().to_owned();
        let output = |record: &OutputRecord| record.output.as_ref().map_or_else(String::new, |output| text(output));
        let mut all = Recorded {
            failed: outcome.failures.iter().map(|(index, failure)| (*index, text(&failure.item))).collect(),
            again: outcome.again.iter().map(|(index, again)| (*index, text(&again.item))).collect(),
            outputs: outcome.outputs.iter().map(|(index, record)| (*index, output(record))).collect(),
        };
        for (index, there) in &outcome.elsewhere {
            let Some(mut row) = self.calm.extra(outcome.id, there.row).await? else { continue };
            match there.holds {
                Holds::Failure => all.failed.extend(row.records.failures.get(index).map(|failure| (*index, text(&failure.item)))),
                Holds::Again { .. } => all.again.extend(row.records.take_item(*index).map(|item| (*index, text(&item)))),
                Holds::Output => all.outputs.extend(row.records.outputs.get(index).map(|record| (*index, output(record)))),
            }
        }
        Ok(all)
    }

    /// While the job is ended in the round of a correction, the corrected items have failed.
    pub(super) async fn judge_corrections(&self, row: &Corrections) -> Result<(), JobError> {
        if self.of_job(row.id.job, |job| job.is_terminal() && job.round == row.round).await != Some(true) {
            return Ok(());
        }
        let outcome = self.calm.outcome(row.id).await?;
        let has_failed = |index: &u64| outcome.as_ref().is_some_and(|outcome| outcome.failed().contains(index));
        if let Some(index) = row.values.keys().find(|index| !has_failed(index)) {
            let what = format!("item {index} was corrected and has not failed: {outcome:?}");
            self.process.faults.violated(Violation::new(Invariant::Corrected, what));
        }
        Ok(())
    }

    /// No part comes to its round once the numbers of its ended job were declared final: it could bring failures that nobody has counted.
    /// When they are final is known only if clocks agree.
    pub(super) async fn judge_stamp(&self, id: PartId, written: &Written<Part>) -> Result<(), JobError> {
        let clocks_agree = self.process.faults.clocks_agree();
        let job = self.calm.job(id.0).await?.filter(|job| clocks_agree && job.is_terminal() && !job.is_settling());
        if let (Some(job), Written::Applied(part)) = (job, written) {
            let what = format!("part {} came to round {} after its job was shown as settled: {job:?}", part.number, part.round);
            self.process.faults.violated(Violation::new(Invariant::SettledIsFinal, what));
        }
        Ok(())
    }

    /// A parked message counts every attempt that its items were charged here, unless their job has ended: they run in its next round.
    pub(super) async fn judge_parked(&self, parked: &Parked) {
        let Ok(Message::Chunk(rest)) = Message::from_wire(&parked.body) else { return };
        let charges = &self.process.own.charges;
        let Some(what) = charges.lock().unwrap().forgotten_by(&rest) else { return };
        match self.of_job(rest.id.job, |job| job.is_live() && job.round == rest.round).await {
            Some(true) => self.process.faults.violated(Violation::new(Invariant::ChargesAreKept, what)),
            _ => charges.lock().unwrap().forget(rest.id.job),
        }
    }

    /// No mark suspects an item of what it did before a retry cleared it, unless its worker may not know of the retry yet.
    pub(super) fn judge_mark(&self, id: ChunkId, care: &CareMark) {
        let faults = &self.process.faults;
        let is_known = faults.round_began(id.job).is_some_and(|(_, latest)| latest.elapsed() > ROUND_IS_KNOWN_AFTER);
        // A mark at rest is one strike; a mark of an item that runs may be none.
        let named = care.item.filter(|_| care.strikes > 0 || care.deadline <= self.process.now());
        let suspect = named.iter().chain(care.struck.keys()).find(|index| faults.cleared_for(id.job, **index) > care.round);
        if let Some(index) = suspect.filter(|_| is_known) {
            let what = format!("item {index} of {id:?} runs again in a later round, and is suspected of what it did before: {care:?}");
            faults.violated(Violation::new(Invariant::InnocentItemsDoNotFail, what));
        }
    }

    /// A chunk that has killed a worker has come again since, and whoever got it then has noted that, unless there was something
    /// else to see of it.
    pub(super) async fn judge_stall(&self, id: ChunkId, care: &CareMark) -> Result<(), JobError> {
        let begins = care.strikes > 0 && care.deadline > self.process.now();
        let part = if begins { self.calm.part((id.job, id.part)).await? } else { None };
        if let Some(part) = part.filter(|part| part.stall.is_none() && part.registers.is_empty()) {
            let what = format!("workers die of {id:?}, and nobody can see it: {care:?} {part:?}");
            self.process.faults.violated(Violation::new(Invariant::StallsAreShown, what));
        }
        Ok(())
    }

    /// A job that the sweep ends has not changed for a long time, and one that it deletes was kept for its time or was
    /// deleted by its owner.
    pub(super) async fn judge_sweep(&self, job: &Job, write: &JobWrite, now: DateTime<Utc>) -> Result<(), JobError> {
        let violated = |what: String| self.process.faults.violated(Violation::new(Invariant::SweepSparesTheLive, what));
        match write {
            JobWrite::Abandon { .. } => {
                let parts: Vec<PartId> = (0..job.top_part.map_or(0, |top| top + 1)).map(|part| (job.id, part)).collect();
                let parts = self.calm.parts(&parts).await?;
                let moved = parts.values().map(|part| part.updated_at).chain([job.updated_at]).max().unwrap_or(job.updated_at);
                let open = TimeDelta::from_std(OPEN_WITHOUT_PART_MAX).unwrap_or_default();
                // The sweep cannot know what changed while it was reading, but it can know that a part has arrived.
                let since = now - TimeDelta::minutes(5);
                let came = self.process.faults.part_came_within(job.id, ARRIVED_JUST_NOW);
                if came || (moved > now - open + SKEW && moved < since) {
                    violated(format!("a submission that moved at {moved} was abandoned at {now}: {job:?}"));
                }
            }
            JobWrite::Delete { .. } if !job.deleting && job.expires_at.is_none_or(|expires| expires > now + SKEW) => {
                violated(format!("a job was deleted at {now}, before its time: {job:?}"));
            }
            _ => {}
        }
        Ok(())
    }
}

/// The values of a chunk's items that failed, that have to run again, and the outputs.
#[derive(Debug, Default)]
struct Recorded {
    failed: BTreeMap<u64, String>,
    again: BTreeMap<u64, String>,
    outputs: BTreeMap<u64, String>,
}
