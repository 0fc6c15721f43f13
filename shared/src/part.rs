//! The part: a row of the ledger. It has one register for each chunk; a register never falls, and every count is a sum
//! over registers.
//!
//! Nothing is incremented or taken back, so a write that is repeated, late or out of order changes nothing.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{DateTime, Utc};

use crate::ids::{JobId, PartId};
use crate::waiting::{Stall, WaitingFor};

/// What the ledger knows of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Register {
    /// Every item succeeded and there is no outcome row. Final.
    Clean {
        /// All its items.
        items: u16,
    },
    /// The counts of one version of the chunk's outcome row.
    Outcome {
        /// The outcome row's version, from 1.
        version: u64,
        /// True if every item is recorded.
        full: bool,
        /// True if a worker may be running items of the chunk whose results are still to come. Never together with
        /// `full`.
        running: bool,
        /// How many items failed for now and wait for another attempt.
        retrying: u16,
        /// How many items succeeded.
        processed: u16,
        /// How many items failed for good.
        failed: u16,
    },
}

/// The smallest code of a register that shows an outcome row. Clean ones have smaller codes.
pub const OUTCOME_CODE_MIN: u64 = VERSION_UNIT;
const VERSION_UNIT: u64 = 10_000_000_000;
const STATE_UNIT: u64 = 1_000_000_000;
const STATE_FULL: u64 = 1;
const STATE_RUNNING: u64 = 2;

impl Register {
    /// The register of an outcome row at rest: no worker runs the chunk, and no item waits for another attempt.
    pub fn at_rest(version: u64, full: bool, processed: u16, failed: u16) -> Self {
        Self::Outcome { version, full, running: false, retrying: 0, processed, failed }
    }

    /// The register as one number: `items` if clean; otherwise version × 10¹⁰ + state × 10⁹ + retrying × 10⁶ +
    /// processed × 10³ + failed, where the state is 1 if full, 2 if running, else 0. A later version has the larger
    /// code.
    pub fn code(self) -> u64 {
        match self {
            Self::Clean { items } => items.into(),
            Self::Outcome { version, full, running, retrying, processed, failed } => {
                let state = if full { STATE_FULL } else { u64::from(running) * STATE_RUNNING };
                let counts = u64::from(retrying) * 1_000_000 + u64::from(processed) * 1_000 + u64::from(failed);
                version * VERSION_UNIT + state * STATE_UNIT + counts
            }
        }
    }

    /// The register with that code.
    pub fn from_code(code: u64) -> Self {
        let low = |n: u64| (n % 1_000) as u16;
        if code < OUTCOME_CODE_MIN {
            Self::Clean { items: low(code) }
        } else {
            let state = code / STATE_UNIT % 10;
            Self::Outcome {
                version: code / VERSION_UNIT,
                full: state == STATE_FULL,
                running: state == STATE_RUNNING,
                retrying: low(code / 1_000_000),
                processed: low(code / 1_000),
                failed: low(code),
            }
        }
    }

    /// True if every item of the chunk is recorded.
    pub fn is_full(self) -> bool {
        matches!(self, Self::Clean { .. } | Self::Outcome { full: true, .. })
    }

    /// True if a worker may be running items of the chunk.
    pub fn is_running(self) -> bool {
        matches!(self, Self::Outcome { running: true, .. })
    }

    /// How many of its items failed for now and wait for another attempt.
    pub fn retrying(self) -> u16 {
        match self {
            Self::Clean { .. } => 0,
            Self::Outcome { retrying, .. } => retrying,
        }
    }

    /// The chunk's counts.
    pub fn counts(self) -> Counts {
        match self {
            Self::Clean { items } => Counts { processed: items.into(), failed: 0 },
            Self::Outcome { processed, failed, .. } => Counts { processed: processed.into(), failed: failed.into() },
        }
    }
}

/// How many items have which result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Succeeded.
    pub processed: u64,
    /// Failed for good.
    pub failed: u64,
}

impl Counts {
    /// Items with a final result.
    pub fn handled(self) -> u64 {
        self.processed + self.failed
    }
}

/// A part of a job: up to 80 chunks.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Its job.
    pub job: JobId,
    /// Its number in the job, from 0.
    pub number: u32,
    /// The index of its first item.
    pub first_index: u64,
    /// How many items it has.
    pub items: u32,
    /// How many chunks it has.
    pub chunks: u16,
    /// The bytes of its items.
    pub bytes: u32,
    /// A hash of its chunks' bytes and boundaries.
    pub fingerprint: String,
    /// The round to which its registers belong.
    pub round: u32,
    /// A register for each chunk with something recorded.
    pub registers: BTreeMap<u16, Register>,
    /// True if the queue has accepted all its chunks.
    pub sent: bool,
    /// What its items were last known to wait for.
    pub waiting_for: Option<WaitingFor>,
    /// What was last known to keep it from going on.
    pub stall: Option<Box<Stall>>,
    /// When its row last changed.
    pub updated_at: DateTime<Utc>,
}

impl Part {
    /// A part in the first round, created now, with nothing recorded or sent.
    pub fn new((job, number): PartId, first_index: u64, items: u32, chunks: u16, now: DateTime<Utc>) -> Self {
        Self {
            job,
            number,
            first_index,
            items,
            chunks,
            bytes: 0,
            fingerprint: String::new(),
            round: 1,
            registers: BTreeMap::new(),
            sent: false,
            waiting_for: None,
            stall: None,
            updated_at: now,
        }
    }

    /// The indexes of its items in the job.
    pub fn indexes(&self) -> Range<u64> {
        self.first_index..self.first_index + u64::from(self.items)
    }

    /// True if an item of it and an item of the other part have the same index.
    pub fn shares_indexes(&self, other: &Part) -> bool {
        let (ours, theirs) = (self.indexes(), other.indexes());
        ours.start < theirs.end && theirs.start < ours.end
    }

    /// The sum of its registers.
    pub fn counts(&self) -> Counts {
        self.registers.values().map(|register| register.counts()).fold(Counts::default(), |sum, counts| Counts {
            processed: sum.processed + counts.processed,
            failed: sum.failed + counts.failed,
        })
    }

    /// The counts as a job in `round` has them: items that failed in an earlier round are pending again, even before a
    /// worker has brought the part to the new round.
    pub fn counts_in(&self, round: u32) -> Counts {
        let Counts { processed, failed } = self.counts();
        Counts { processed, failed: if self.round < round { 0 } else { failed } }
    }

    /// How many of its items failed for now and wait for another attempt.
    pub fn retrying(&self) -> u64 {
        self.registers.values().map(|register| u64::from(register.retrying())).sum()
    }

    /// What keeps it from going on in this round of its job: nothing, once an item has a result that had none when it was noted.
    pub fn stalled_in(&self, round: u32) -> Option<&Stall> {
        let holds = |stall: &&Stall| stall.round == round && stall.handled == self.counts_in(round).handled();
        self.stall.as_deref().filter(holds).filter(|_| self.round < round || !self.is_full())
    }

    /// True if a worker may be running items of the part.
    pub fn is_running(&self) -> bool {
        self.registers.values().any(|register| register.is_running())
    }

    /// True if every item of every chunk is recorded.
    pub fn is_full(&self) -> bool {
        self.registers.len() == usize::from(self.chunks) && self.registers.values().all(|register| register.is_full())
    }
}

/// A change of a part row: one conditional write, safe to repeat.
#[derive(Debug, Clone, PartialEq)]
pub enum PartWrite {
    /// All items of a chunk succeeded without outputs, and nothing was recorded of the chunk before.
    Clean {
        /// The chunk.
        chunk: u16,
        /// How many items it has.
        items: u16,
    },
    /// Shows a chunk's outcome row, unless a later version or a clean register is shown already.
    Shadow {
        /// The chunk.
        chunk: u16,
        /// The outcome row's register; never a clean one.
        register: Register,
        /// What its items wait for. `None` leaves the part's value unchanged.
        waiting_for: Option<WaitingFor>,
    },
    /// Brings the part to another round, if nothing of it has changed.
    Stamp {
        /// The round in which it must be.
        from_round: u32,
        /// The registers that it must have.
        from: BTreeMap<u16, Register>,
        /// Its new round.
        round: u32,
        /// Its new registers.
        registers: BTreeMap<u16, Register>,
    },
    /// The queue has accepted all its chunks.
    Sent,
    /// Notes what keeps a chunk, and so the part, from going on, if nothing of the chunk has changed.
    Stall {
        /// The chunk.
        chunk: u16,
        /// The register that it must have.
        from: Option<Register>,
        /// What keeps it.
        stall: Stall,
    },
}

impl PartWrite {
    /// True if this row allows the write.
    pub fn admitted(&self, part: &Part) -> bool {
        match self {
            Self::Clean { chunk, .. } => !part.registers.contains_key(chunk),
            Self::Shadow { chunk, register, .. } => {
                part.registers.get(chunk).is_none_or(|shown| (OUTCOME_CODE_MIN..register.code()).contains(&shown.code()))
            }
            Self::Stamp { from_round, from, .. } => part.round == *from_round && part.registers == *from,
            Self::Sent => true,
            Self::Stall { chunk, from, .. } => part.registers.get(chunk) == from.as_ref(),
        }
    }

    /// Applies the write to a row that allows it.
    pub fn apply(&self, part: &mut Part, now: DateTime<Utc>) {
        match self {
            Self::Clean { chunk, items } => {
                part.registers.insert(*chunk, Register::Clean { items: *items });
            }
            Self::Shadow { chunk, register, waiting_for } => {
                part.registers.insert(*chunk, *register);
                if waiting_for.is_some() {
                    part.waiting_for.clone_from(waiting_for);
                }
            }
            Self::Stamp { round, registers, .. } => {
                part.round = *round;
                part.registers.clone_from(registers);
            }
            Self::Sent => part.sent = true,
            Self::Stall { stall, .. } => part.stall = Some(Box::new(stall.clone())),
        }
        part.updated_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn registers() -> impl Strategy<Value = Register> {
        prop_oneof![
            (1u16..=999).prop_map(|items| Register::Clean { items }),
            (1u64..1_000_000, 0u8..3, 0u16..=999, 0u16..=999, 0u16..=999).prop_map(|(version, state, retrying, processed, failed)| {
                Register::Outcome { version, full: state == 1, running: state == 2, retrying, processed, failed }
            }),
        ]
    }

    fn part() -> Part {
        Part::new((JobId(uuid::Uuid::nil()), 0), 0, 10, 1, DateTime::UNIX_EPOCH)
    }

    proptest! {
        #[test]
        fn a_code_is_its_register(register in registers()) {
            prop_assert_eq!(Register::from_code(register.code()), register);
        }

        #[test]
        fn the_latest_version_wins_in_any_order_and_with_repetitions(
            mut order in proptest::collection::vec(1u64..20, 1..60),
        ) {
            let mut part = part();
            let last = order.iter().copied().max().unwrap();
            order.push(last);
            for version in order {
                let register = Register::at_rest(version, false, version as u16, 0);
                let write = PartWrite::Shadow { chunk: 0, register, waiting_for: None };
                let before = part.counts().processed;
                if write.admitted(&part) {
                    write.apply(&mut part, DateTime::UNIX_EPOCH);
                }
                prop_assert!(part.counts().processed >= before, "a count fell");
            }
            prop_assert_eq!(part.counts().processed, last);
        }
    }

    #[test]
    fn handled_is_processed_and_failed() {
        assert_eq!(Counts { processed: 5, failed: 3 }.handled(), 8);
    }

    #[test]
    fn clean_is_final_and_comes_only_first() {
        let mut part = part();
        let shadow = PartWrite::Shadow { chunk: 0, register: Register::at_rest(9, true, 9, 1), waiting_for: None };
        let clean = PartWrite::Clean { chunk: 0, items: 10 };
        assert!(clean.admitted(&part) && shadow.admitted(&part));
        clean.apply(&mut part, DateTime::UNIX_EPOCH);
        assert!(!clean.admitted(&part) && !shadow.admitted(&part));
        assert!(part.is_full() && part.counts() == Counts { processed: 10, failed: 0 });
    }
}
