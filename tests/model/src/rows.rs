//! The rows of a model: small and comparable. For every rule the real row is made from them.

use headway_core::ChunkId;
use headway_core::corrections::Corrections;
use headway_core::job::{JobStatus, RolledUp};
use headway_core::outcome::elsewhere::{Elsewhere, Holds};
use headway_core::outcome::{Again, Failure, FailureKind, Outcome, OutputRecord};
use headway_core::part::{Part, Register};
use headway_core::split::fingerprint;
use headway_core::{Job, ledger::Parked};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::extra::ExtraRow;
use crate::message::Chunk;
use crate::notices;
use crate::shape::{CHUNKS_MAX, ITEMS_MAX, Items, NOW, PARTS_MAX, Shape, aged, hour, job_id, time};

/// All rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Rows {
    pub(crate) job: Option<JobRow>,
    pub(crate) parts: [Option<PartRow>; PARTS_MAX],
    pub(crate) outcomes: [[Option<OutcomeRow>; CHUNKS_MAX]; PARTS_MAX],
    pub(crate) fixes: [[Option<FixRow>; CHUNKS_MAX]; PARTS_MAX],
    /// Sorted.
    pub(crate) parked: Vec<Chunk>,
    /// Sorted.
    pub(crate) extras: Vec<ExtraRow>,
}

impl Rows {
    /// This many hours pass.
    pub(crate) fn age(&mut self, hours: u16) {
        if let Some(job) = &mut self.job {
            job.updated = aged(job.updated, hours);
            job.ended = job.ended.map(|ended| aged(ended, hours));
            job.place = aged(job.place, hours);
            job.notices = notices::after_hours(&job.notices, hours);
        }
        for part in self.parts.iter_mut().flatten() {
            part.updated = aged(part.updated, hours);
        }
    }

    /// True if only times differ.
    pub(crate) fn are_as(&self, other: &Self) -> bool {
        let timeless = |rows: &Self| {
            let mut rows = rows.clone();
            if let Some(job) = &mut rows.job {
                (job.updated, job.place) = (NOW, NOW);
                job.ended = job.ended.map(|_| NOW);
                job.notices = notices::timeless(&job.notices);
            }
            rows.parts.iter_mut().flatten().for_each(|part| part.updated = NOW);
            rows
        };
        self == other || timeless(self) == timeless(other)
    }
}

/// The job row, without what no step changes or reads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct JobRow {
    pub(crate) status: JobStatus,
    pub(crate) round: u8,
    pub(crate) paused: bool,
    pub(crate) sealed: bool,
    pub(crate) abandoned: bool,
    pub(crate) deleting: bool,
    pub(crate) reconciled: bool,
    pub(crate) parts: u8,
    pub(crate) top: Option<u8>,
    pub(crate) total: u8,
    /// The parts rolled up, as bits.
    pub(crate) rolled: u8,
    pub(crate) processed: u8,
    pub(crate) failed: u8,
    /// Times are hours.
    pub(crate) updated: u16,
    pub(crate) ended: Option<u16>,
    /// The time under which the sweep finds it.
    pub(crate) place: u16,
    /// What became of its notices, or nothing yet.
    pub(crate) notices: String,
    /// How many items of each part are corrected.
    pub(crate) corrected: [u8; PARTS_MAX],
}

impl JobRow {
    pub(crate) fn of(job: &Job, place: u16) -> Self {
        Self {
            status: job.status,
            round: job.round as u8,
            paused: job.paused,
            sealed: job.sealed,
            abandoned: job.abandoned,
            deleting: job.deleting,
            reconciled: job.reconciled,
            parts: job.parts as u8,
            top: job.top_part.map(|top| top as u8),
            total: job.total_items as u8,
            rolled: job.rolled_up.parts.iter().map(|part| 1 << part).sum(),
            processed: job.rolled_up.processed as u8,
            failed: job.rolled_up.failed as u8,
            updated: hour(job.updated_at),
            ended: job.completed_at.map(hour),
            place,
            notices: notices::in_hours(&job.notices),
            corrected: std::array::from_fn(|part| job.corrected.get(&(part as u32)).copied().unwrap_or_default() as u8),
        }
    }

    pub(crate) fn real(&self, shape: &Shape) -> Job {
        let mut job = shape.job();
        job.status = self.status;
        job.round = self.round.into();
        (job.paused, job.sealed, job.abandoned) = (self.paused, self.sealed, self.abandoned);
        (job.deleting, job.reconciled) = (self.deleting, self.reconciled);
        job.parts = self.parts.into();
        job.top_part = self.top.map(u32::from);
        job.total_items = self.total.into();
        job.rolled_up = RolledUp {
            parts: (0..PARTS_MAX as u32).filter(|part| self.rolled & (1 << part) != 0).collect(),
            processed: self.processed.into(),
            failed: self.failed.into(),
        };
        job.updated_at = time(self.updated);
        job.completed_at = self.ended.map(time);
        job.expires_at = self.ended.map(|ended| time(ended + 24 * job.retention_days));
        job.notices = notices::real(&self.notices);
        let corrected = self.corrected.iter().enumerate().filter(|(_, count)| **count > 0);
        job.corrected = corrected.map(|(part, count)| (part as u32, (*count).into())).collect();
        job.uncount();
        job
    }

    /// Without times, and without what only times decide.
    pub(crate) fn without_times(&self) -> Self {
        Self { reconciled: false, processed: 0, updated: NOW, ended: None, place: NOW, ..self.clone() }
    }

    /// Only whether the job is live, its round, and what became of its notices.
    pub(crate) fn whether_it_stands(&self) -> Self {
        Self {
            status: self.status,
            round: self.round,
            paused: self.paused,
            deleting: self.deleting,
            sealed: true,
            abandoned: false,
            reconciled: false,
            parts: 0,
            top: None,
            total: 0,
            rolled: 0,
            processed: 0,
            failed: 0,
            updated: NOW,
            ended: None,
            place: NOW,
            notices: self.notices.clone(),
            corrected: [0; PARTS_MAX],
        }
    }
}

/// A part row. Registers are their codes, 0 where there is none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PartRow {
    pub(crate) round: u8,
    pub(crate) sent: bool,
    pub(crate) registers: [u64; CHUNKS_MAX],
    /// The hour.
    pub(crate) updated: u16,
}

impl PartRow {
    pub(crate) fn of(part: &Part) -> Self {
        let mut registers = [0; CHUNKS_MAX];
        for (chunk, register) in &part.registers {
            registers[usize::from(*chunk)] = without_runs(*register).code();
        }
        Self { round: part.round as u8, sent: part.sent, registers, updated: hour(part.updated_at) }
    }

    pub(crate) fn real(&self, shape: &Shape, number: usize) -> Part {
        let first_index = shape.first(number, 0).into();
        let codes = self.registers.iter().enumerate().filter(|(_, code)| **code > 0);
        Part {
            job: job_id(),
            number: number as u32,
            first_index,
            items: shape.part_items(number).into(),
            chunks: shape.parts[number].len() as u16,
            bytes: 0,
            fingerprint: part_fingerprint(shape, number),
            round: self.round.into(),
            registers: codes.map(|(chunk, code)| (chunk as u16, Register::from_code(*code))).collect(),
            sent: self.sent,
            waiting_for: None,
            stall: None,
            updated_at: time(self.updated),
        }
    }

    pub(crate) fn register(&self, chunk: usize) -> Option<Register> {
        Some(self.registers[chunk]).filter(|code| *code > 0).map(Register::from_code)
    }
}

/// The model's rows do not show running chunks: whether a job settles is a matter of seconds, and the model has none.
fn without_runs(register: Register) -> Register {
    match register {
        Register::Outcome { version, full, retrying, processed, failed, .. } => {
            Register::Outcome { version, full, running: false, retrying, processed, failed }
        }
        clean => clean,
    }
}

fn part_fingerprint(shape: &Shape, number: usize) -> String {
    let chunks: Vec<Vec<_>> = shape.parts[number].iter().map(|items| (0..*items).map(|_| item()).collect()).collect();
    fingerprint(shape.first(number, 0).into(), &chunks)
}

/// An outcome row. Items are bits of the chunk.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct OutcomeRow {
    pub(crate) version: u8,
    pub(crate) round: u8,
    pub(crate) processed: Items,
    pub(crate) failed: Items,
    /// The items that failed, or have to run again, with a corrected value.
    pub(crate) fixed: Items,
    pub(crate) outputs: Items,
    /// For each item the round in which it is to be run again, or 0.
    pub(crate) again: [u8; ITEMS_MAX],
    /// The items that failed for now and wait for another attempt.
    pub(crate) retrying: Items,
    /// For each item the extra row that has its record, if it is in one.
    pub(crate) there: [Option<Uuid>; ITEMS_MAX],
}

impl OutcomeRow {
    /// The items that have to run again.
    pub(crate) fn again_items(&self) -> Items {
        (0..ITEMS_MAX).filter(|i| self.again[*i] > 0).map(|i| 1 << i).sum()
    }

    /// What the extra row of an item has.
    fn holds(&self, i: usize) -> Holds {
        match (self.again[i], self.failed & (1 << i)) {
            (0, 0) => Holds::Output,
            (0, _) => Holds::Failure,
            (round, _) => Holds::Again { round: round.into() },
        }
    }

    pub(crate) fn of(outcome: &Outcome) -> Self {
        let bit = |index: &u64| 1 << (index - outcome.first_index);
        let (mut again, mut there) = ([0; ITEMS_MAX], [None; ITEMS_MAX]);
        for (index, round) in outcome.again_rounds() {
            again[(index - outcome.first_index) as usize] = round as u8;
        }
        for (index, known) in &outcome.elsewhere {
            there[(index - outcome.first_index) as usize] = Some(known.row);
        }
        let failed = outcome.failures.iter().map(|(index, failure)| (index, &*failure.item));
        let again_items = outcome.again.iter().map(|(index, known)| (index, &*known.item));
        Self {
            version: outcome.version as u8,
            round: outcome.round as u8,
            processed: outcome.processed.iter().map(bit).sum(),
            failed: outcome.failed().iter().map(bit).sum(),
            fixed: failed.chain(again_items).filter(|(_, item)| is_fixed(item)).map(|(index, _)| bit(index)).sum(),
            outputs: outcome.with_output().iter().map(bit).sum(),
            again,
            retrying: outcome.retrying.iter().map(bit).sum(),
            there,
        }
    }

    pub(crate) fn real(&self, shape: &Shape, part: usize, chunk: usize) -> Outcome {
        let id = chunk_id(part, chunk);
        let first_index: u64 = shape.first(part, chunk).into();
        let indexes = |items: Items| (0..ITEMS_MAX as u64).filter(move |i| items & (1 << i) != 0).map(move |i| first_index + i);
        let value = |i: usize| item_of(self.fixed & (1 << i) != 0);
        let is_here = |index: &u64| self.there[(index - first_index) as usize].is_none();
        let elsewhere = |i: usize| Some((first_index + i as u64, Elsewhere { row: self.there[i]?, holds: self.holds(i) }));
        Outcome {
            version: self.version.into(),
            round: self.round.into(),
            processed: indexes(self.processed).collect(),
            failures: indexes(self.failed).filter(is_here).map(|index| (index, failure(value((index - first_index) as usize)))).collect(),
            outputs: indexes(self.outputs).filter(is_here).map(|index| (index, output())).collect(),
            again: (0..ITEMS_MAX)
                .filter(|i| self.again[*i] > 0 && self.there[*i].is_none())
                .map(|i| (first_index + i as u64, Again { round: self.again[i].into(), item: value(i) }))
                .collect(),
            retrying: indexes(self.retrying).collect(),
            elsewhere: (0..ITEMS_MAX).filter_map(elsewhere).collect(),
            ..Outcome::new(id, first_index, shape.parts[part][chunk].into())
        }
    }
}

/// A row of corrections. Items are bits of the chunk.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct FixRow {
    pub(crate) version: u8,
    pub(crate) round: u8,
    pub(crate) items: Items,
}

impl FixRow {
    pub(crate) fn of(row: &Corrections, shape: &Shape) -> Self {
        let first: u64 = shape.first(row.id.part as usize, row.id.chunk.into()).into();
        let items = row.values.keys().map(|index| 1 << (index - first)).sum();
        Self { version: row.version as u8, round: row.round as u8, items }
    }

    pub(crate) fn real(&self, shape: &Shape, part: usize, chunk: usize) -> Corrections {
        let first: u64 = shape.first(part, chunk).into();
        let items = (0..ITEMS_MAX as u64).filter(|i| self.items & (1 << i) != 0);
        let values = items.map(|i| (first + i, item_of(true))).collect();
        Corrections { id: chunk_id(part, chunk), version: self.version.into(), round: self.round.into(), values, earlier: [].into() }
    }
}

/// A kept message.
pub(crate) fn parked(shape: &Shape, kept: &Chunk) -> Parked {
    let id = chunk_id(kept.part.into(), kept.chunk.into());
    Parked { id, nonce: kept.nonce.uuid(), body: kept.wire(shape) }
}

/// The chunk.
pub(crate) fn chunk_id(part: usize, chunk: usize) -> ChunkId {
    ChunkId { job: job_id(), part: part as u32, chunk: chunk as u16 }
}

/// To the protocol all items are the same.
pub(crate) fn item() -> Box<RawValue> {
    item_of(false)
}

/// An item as it was submitted, or corrected.
#[expect(clippy::expect_used, reason = "a constant")]
pub(crate) fn item_of(fixed: bool) -> Box<RawValue> {
    RawValue::from_string(if fixed { "1" } else { "0" }.to_owned()).expect("JSON")
}

/// True if it is a corrected value.
pub(crate) fn is_fixed(item: &RawValue) -> bool {
    item.get() == "1"
}

/// And so are all failures.
pub(crate) fn failure(item: Box<RawValue>) -> Failure {
    Failure::new(FailureKind::Permanent, "", "failed", 1, None, item)
}

/// And all outputs.
pub(crate) fn output() -> OutputRecord {
    OutputRecord { id: None, output: Some(item()) }
}

/// The nonce with this number.
pub(crate) fn uuid(number: u8) -> Uuid {
    // The first 32 bits determine the waits: these give the longest.
    Uuid::from_u128(u128::from(u32::MAX) << 96 | u128::from(number))
}
