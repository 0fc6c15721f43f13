//! The part: the ledger row. One register a chunk, which only ever rises; every count is a sum over registers.
//!
//! There is no counter to increment and nothing to take back, so a write repeated, late or out of order changes nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::ids::{JobId, PartId};
use crate::waiting::WaitingFor;

/// What the ledger knows of one chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Register {
    /// Every item succeeded and there is no outcome row: final.
    Clean {
        /// All its items.
        items: u16,
    },
    /// The counts of a version of the chunk's outcome row.
    Outcome {
        /// The outcome row's version, from 1.
        version: u64,
        /// Whether every item is recorded.
        full: bool,
        /// Whether a worker may be at items of the chunk just now, whose results are still to come. Never with `full`.
        running: bool,
        /// Items that failed for now and wait to be tried again.
        retrying: u16,
        /// Items that succeeded.
        processed: u16,
        /// Items that failed for good.
        failed: u16,
    },
}

/// The least code of a register that shows an outcome row; clean ones are below.
pub const OUTCOME_CODE_MIN: u64 = VERSION_UNIT;
const VERSION_UNIT: u64 = 10_000_000_000;
const STATE_UNIT: u64 = 1_000_000_000;
const STATE_FULL: u64 = 1;
const STATE_RUNNING: u64 = 2;

impl Register {
    /// The register of an outcome row that is at rest: no worker is at the chunk, and no item waits to be tried again.
    pub fn at_rest(version: u64, full: bool, processed: u16, failed: u16) -> Self {
        Self::Outcome { version, full, running: false, retrying: 0, processed, failed }
    }

    /// The register as one number: `items` when clean, else version × 10¹⁰ + state × 10⁹ + retrying × 10⁶ + processed × 10³
    /// + failed, where the state is 1 when full, 2 when running, else 0. A later version has the greater code.
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

    /// The register of that code.
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

    /// Whether every item of the chunk is recorded.
    pub fn is_full(self) -> bool {
        matches!(self, Self::Clean { .. } | Self::Outcome { full: true, .. })
    }

    /// Whether a worker may be at items of the chunk just now.
    pub fn is_running(self) -> bool {
        matches!(self, Self::Outcome { running: true, .. })
    }

    /// How many of its items failed for now and wait to be tried again.
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

/// How many items came out how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Succeeded.
    pub processed: u64,
    /// Failed for good.
    pub failed: u64,
}

impl Counts {
    /// Items that came out at all.
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
    /// Its items.
    pub items: u32,
    /// Its chunks.
    pub chunks: u16,
    /// Of the bytes and the boundaries of its chunks.
    pub fingerprint: String,
    /// The round its registers belong to.
    pub round: u32,
    /// A register for each chunk with anything recorded.
    pub registers: BTreeMap<u16, Register>,
    /// Whether the queue has accepted all its chunks.
    pub sent: bool,
    /// What its items were last seen to wait for.
    pub waiting_for: Option<WaitingFor>,
    /// When its row last changed.
    pub updated_at: DateTime<Utc>,
}

impl Part {
    /// A part of the first round, created now: nothing is recorded or sent.
    pub fn new((job, number): PartId, first_index: u64, items: u32, chunks: u16, now: DateTime<Utc>) -> Self {
        Self {
            job,
            number,
            first_index,
            items,
            chunks,
            fingerprint: String::new(),
            round: 1,
            registers: BTreeMap::new(),
            sent: false,
            waiting_for: None,
            updated_at: now,
        }
    }

    /// What its registers add up to.
    pub fn counts(&self) -> Counts {
        self.registers.values().map(|register| register.counts()).fold(Counts::default(), |sum, counts| Counts {
            processed: sum.processed + counts.processed,
            failed: sum.failed + counts.failed,
        })
    }

    /// The counts as a job in `round` has them: what failed in an earlier round is pending again, before any worker has
    /// brought the part to the round.
    pub fn counts_in(&self, round: u32) -> Counts {
        let Counts { processed, failed } = self.counts();
        Counts { processed, failed: if self.round < round { 0 } else { failed } }
    }

    /// How many of its items failed for now and wait to be tried again.
    pub fn retrying(&self) -> u64 {
        self.registers.values().map(|register| u64::from(register.retrying())).sum()
    }

    /// Whether a worker may be at items of the part just now.
    pub fn is_running(&self) -> bool {
        self.registers.values().any(|register| register.is_running())
    }

    /// Whether every item of every chunk is recorded.
    pub fn is_full(&self) -> bool {
        self.registers.len() == usize::from(self.chunks) && self.registers.values().all(|register| register.is_full())
    }
}

/// A change of a part row: one conditional write, safe to repeat.
#[derive(Debug, Clone, PartialEq)]
pub enum PartWrite {
    /// All items of a chunk succeeded, none has an output, and nothing was recorded of it before.
    Clean {
        /// Which chunk.
        chunk: u16,
        /// All its items.
        items: u16,
    },
    /// Show a chunk's outcome row, unless a later version, or a clean end, is shown.
    Shadow {
        /// Which chunk.
        chunk: u16,
        /// The outcome row's register, never a clean one.
        register: Register,
        /// What its items wait for; `None` leaves the part's as it is.
        waiting_for: Option<WaitingFor>,
    },
    /// Move the part to another round, if nothing of it changed.
    Stamp {
        /// The round it must be in.
        from_round: u32,
        /// The registers it must have.
        from: BTreeMap<u16, Register>,
        /// The round it is in from then on.
        round: u32,
        /// Its registers from then on.
        registers: BTreeMap<u16, Register>,
    },
    /// The queue has accepted all chunks.
    Sent,
}

impl PartWrite {
    /// Whether the write may happen to this row.
    pub fn admitted(&self, part: &Part) -> bool {
        match self {
            Self::Clean { chunk, .. } => !part.registers.contains_key(chunk),
            Self::Shadow { chunk, register, .. } => {
                part.registers.get(chunk).is_none_or(|shown| (OUTCOME_CODE_MIN..register.code()).contains(&shown.code()))
            }
            Self::Stamp { from_round, from, .. } => part.round == *from_round && part.registers == *from,
            Self::Sent => true,
        }
    }

    /// What the write does to a row that admits it.
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
        fn the_last_version_stands_in_whatever_order_and_however_often_versions_arrive(
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
    fn what_is_handled_came_out_either_way() {
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
