//! The counts recomputed from scratch: from every part and outcome row of a job, item by item.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use headway_core::chunk::Message;
use headway_core::outcome::{Failure, Outcome};
use headway_core::outcome_rows::OutcomeReader;
use headway_core::part::{Part, Register};
use headway_core::{App, ChunkId, Job, JobError};

use crate::fixes;
use crate::invariant::{Invariant, Violation, hold};
use crate::workload::JobPlan;

/// With this many kept messages there may be more pages.
const PARKED_PAGE: usize = 10;

/// What the rows say about each item.
#[derive(Debug, Default)]
pub(super) struct Recount {
    pub(super) parts: BTreeMap<u32, Part>,
    pub(super) processed: BTreeSet<u64>,
    pub(super) failures: BTreeMap<u64, Failure>,
    pub(super) outputs: BTreeSet<u64>,
    /// Items that wait in the table: parked, or to be run again.
    pub(super) kept: BTreeSet<u64>,
    /// True if a part has more waiting items than were read.
    pub(super) more_kept: bool,
}

impl Recount {
    /// Recounts from all rows; each register shows exactly its outcome row.
    pub(super) async fn of(app: &App, job: &Job, plan: &JobPlan) -> Result<Self, Violation> {
        let mut recount = Self::default();
        let ids: Vec<_> = (0..job.top_part.map_or(0, |top| top + 1)).map(|part| (job.id, part)).collect();
        let parts = read(app.ledger.parts(&ids).await)?;
        for part in parts.into_values() {
            recount.add_part(app, job, plan, &part).await?;
            recount.parts.insert(part.number, part);
        }
        Ok(recount)
    }

    async fn add_part(&mut self, app: &App, job: &Job, plan: &JobPlan, part: &Part) -> Result<(), Violation> {
        let mut outcomes = BTreeMap::new();
        let mut from = 0;
        loop {
            let page = read(app.ledger.outcomes((part.job, part.number), from).await)?;
            let Some(last) = page.last() else { break };
            from = last.id.chunk + 1;
            outcomes.extend(page.into_iter().map(|outcome| (outcome.id.chunk, outcome)));
        }
        let items = part.first_index..part.first_index + u64::from(part.items);
        let chunks = job.split.cut(items, |index| plan.item(*index).len());
        hold!(NoItemDisappears, chunks.len() == usize::from(part.chunks), "{} chunks were to be cut: {part:?} {job:?}", chunks.len());
        for (chunk, indexes) in chunks.into_iter().enumerate() {
            let items = indexes[0]..indexes[0] + indexes.len() as u64;
            self.add_chunk(app, job, part, chunk as u16, items, outcomes.remove(&(chunk as u16))).await?;
        }
        self.add_parked(app, part).await
    }

    async fn add_chunk(
        &mut self,
        app: &App,
        job: &Job,
        part: &Part,
        chunk: u16,
        items: Range<u64>,
        outcome: Option<Outcome>,
    ) -> Result<(), Violation> {
        let id = ChunkId { job: part.job, part: part.number, chunk };
        match (part.registers.get(&chunk), outcome) {
            // A record in its outcome row was merged too late.
            (Some(Register::Clean { items: counted }), _) => {
                hold!(CountsAreDistinctItems, u64::from(*counted) == items.end - items.start, "{id:?} has {items:?} and counts {counted}");
                self.processed.extend(items);
            }
            (register, Some(outcome)) => {
                let same = (outcome.first_index, outcome.first_index + u64::from(outcome.items)) == (items.start, items.end);
                hold!(NoItemDisappears, same, "{id:?} has {items:?} and its row is of others: {outcome:?}");
                self.add_outcome(app, job, part, register.copied(), outcome).await?;
            }
            (Some(register), None) => {
                let what = format!("{id:?} shows {register:?} of no row");
                return Err(Violation::new(Invariant::ListsAndLedgerAgree, what));
            }
            (None, None) => {}
        }
        Ok(())
    }

    async fn add_outcome(
        &mut self,
        app: &App,
        job: &Job,
        part: &Part,
        register: Option<Register>,
        outcome: Outcome,
    ) -> Result<(), Violation> {
        // What failed in an earlier round is pending again, even before a worker has brought the part to the new round.
        let left = part.round < job.round;
        let cleared = left && outcome.round > part.round;
        let shown = cleared || register == Some(outcome.register());
        hold!(ListsAndLedgerAgree, shown, "{register:?} is shown of {outcome:?}: {job:?}");
        for index in outcome.processed.iter().copied() {
            hold!(CountsAreDistinctItems, self.processed.insert(index), "item {index} is processed twice: {outcome:?}");
        }
        let (failed, again, outputs) = (outcome.failed(), outcome.again_rounds(), outcome.with_output());
        self.outputs.extend(&outputs);
        self.kept.extend(again.keys());
        self.kept.extend(failed.iter().filter(|_| left));
        let mut reader = OutcomeReader::new(app, outcome);
        for index in failed.into_iter().filter(|_| !left) {
            let failure = read(reader.take_failure(index).await)?;
            hold!(ListsAndLedgerAgree, failure.is_some(), "the failure of item {index} is nowhere: {:?}", reader.outcome());
            let twice = failure.is_some_and(|failure| self.failures.insert(index, failure).is_some()) || self.processed.contains(&index);
            hold!(CountsAreDistinctItems, !twice, "item {index} came out twice: {:?}", reader.outcome());
        }
        for index in again.into_keys() {
            let item = read(reader.take_again(index).await)?;
            hold!(NoItemDisappears, item.is_some(), "item {index} that runs again is nowhere: {:?}", reader.outcome());
        }
        for index in outputs {
            let record = read(reader.take_output(index).await)?;
            let is_own = |output: &str| output == index.to_string() || fixes::is_output(output);
            let own = record.as_ref().is_some_and(|record| record.output.as_ref().is_none_or(|output| is_own(output.get())));
            hold!(CountsAreDistinctItems, own, "item {index} has another item's output: {record:?}");
        }
        Ok(())
    }

    async fn add_parked(&mut self, app: &App, part: &Part) -> Result<(), Violation> {
        let parked = read(app.ledger.parked((part.job, part.number)).await)?;
        self.more_kept |= parked.len() >= PARKED_PAGE;
        for kept in parked {
            if let Ok(Message::Chunk(chunk)) = Message::from_wire(&kept.body) {
                self.kept.extend(chunk.items.iter().map(|(index, _)| *index));
            }
        }
        Ok(())
    }
}

/// The rows, read without faults.
pub(super) fn read<T>(answer: Result<T, JobError>) -> Result<T, Violation> {
    answer.map_err(|error| Violation::new(Invariant::NothingPanics, format!("a row could not be read: {error:?}")))
}
