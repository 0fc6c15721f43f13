//! What a run reached: every kind of fault, every call that failed before and after its effect, and the interesting
//! states. If a run never reached one of them, it has shown nothing about it.

use std::collections::{BTreeMap, BTreeSet};

use super::ops::{Kind, RACES, SWEEP_WHILE_WORKING};

/// A way in which a call can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Blow {
    ErrorBefore,
    ErrorAfter,
    CrashBefore,
    CrashAfter,
    NeverReturns,
}

impl Blow {
    pub(crate) const ALL: [Self; 5] = [Self::ErrorBefore, Self::ErrorAfter, Self::CrashBefore, Self::CrashAfter, Self::NeverReturns];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ErrorBefore => "fault: error before the effect",
            Self::ErrorAfter => "fault: error after the effect",
            Self::CrashBefore => "fault: crash before the effect",
            Self::CrashAfter => "fault: crash after the effect",
            Self::NeverReturns => "fault: call that never returns",
        }
    }

    /// How often, in a thousand calls, unless the history selects the call.
    pub(crate) fn per_mille(self) -> u64 {
        match self {
            Self::ErrorBefore | Self::ErrorAfter => 12,
            Self::CrashBefore | Self::CrashAfter => 7,
            Self::NeverReturns => 1,
        }
    }
}

/// Counters of one history or many.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tally {
    counters: BTreeMap<&'static str, u64>,
    struck: BTreeMap<(Kind, Blow), u64>,
    /// Tells one history from another: FNV-1a over all calls, their times and their processes. Of many it is the sum.
    pub(crate) hash: u64,
}

impl Tally {
    pub(crate) fn saw(&mut self, name: &'static str) {
        *self.counters.entry(name).or_default() += 1;
    }

    pub(crate) fn struck(&mut self, kind: Kind, blow: Blow) {
        *self.struck.entry((kind, blow)).or_default() += 1;
        self.saw(blow.name());
    }

    pub(crate) fn trace(&mut self, what: &[u64]) {
        for value in what {
            self.hash = (self.hash ^ value).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        other.counters.into_iter().for_each(|(name, count)| *self.counters.entry(name).or_default() += count);
        other.struck.into_iter().for_each(|(blow, count)| *self.struck.entry(blow).or_default() += count);
        self.hash = self.hash.wrapping_add(other.hash);
    }

    /// Prints every counter, and the table of calls and failures.
    pub(crate) fn print(&self) {
        println!("  {:016x} is the sum of their hashes", self.hash);
        self.counters.iter().for_each(|(name, count)| println!("  {count:>10} {name}"));
        if self.struck.is_empty() {
            return;
        }
        let name = |blow: Blow| format!("{blow:?}");
        println!("  calls struck: {:>17} {}", "", Blow::ALL.map(|blow| format!("{:>12}", name(blow))).join(" "));
        for kind in Kind::ALL {
            let count = |blow| self.struck.get(&(*kind, blow)).copied().unwrap_or_default();
            println!("    {:>27} {}", kind.name(), Blow::ALL.map(|blow| format!("{:>12}", count(blow))).join(" "));
        }
    }

    /// Which of `expected` did not occur.
    pub(crate) fn never_saw<'a>(&self, expected: impl IntoIterator<Item = &'a str>) -> BTreeSet<&'a str> {
        expected.into_iter().filter(|name| !self.counters.contains_key(name)).collect()
    }

    /// Which calls never failed before their effect, or never after it, neither by an error nor by a crash.
    pub(crate) fn never_struck(&self) -> Vec<(Kind, Blow)> {
        let blows = [Blow::ErrorBefore, Blow::ErrorAfter, Blow::CrashBefore, Blow::CrashAfter];
        let all = Kind::ALL.iter().flat_map(|kind| blows.map(|blow| (*kind, blow)));
        all.filter(|struck| !self.struck.contains_key(struck)).collect()
    }
}

/// What a run with some thousand histories must have reached.
pub(crate) fn expected() -> impl Iterator<Item = &'static str> {
    let races = RACES.iter().map(|race| race.name);
    EXPECTED.iter().copied().chain(Blow::ALL.map(Blow::name)).chain(races).chain([SWEEP_WHILE_WORKING])
}

const EXPECTED: &[&str] = &[
    "fault: late call",
    "fault: late answer",
    "fault: stamp held back",
    "fault: read of an untold end held back",
    "fault: committed write whose answer is lost",
    "fault: throttling",
    "fault: stale read",
    "fault: clock skew",
    "fault: duplicate delivery",
    "fault: late duplicate",
    "fault: lost delete",
    "fault: crash between work and delete",
    "fault: partial send",
    "fault: visibility ran out",
    "fault: deadline mid-chunk",
    "fault: function timed out",
    "fault: no worker for a while",
    "fault: a server ended with all its workers",
    "fault: dead letter",
    "fault: dead letter redriven",
    "job: Completed",
    "job: Failed",
    "job: killed its worker when it was prepared",
    "job: never came back when it was prepared",
    "job: ate its worker's memory when it was prepared",
    "job: Cancelled",
    "job: without items",
    "job: of several parts in one request",
    "job: streamed in parts",
    "job: sealed too early",
    "job: paused and resumed",
    "job: forgotten while paused",
    "job: retried",
    "job: retried twice",
    "job: corrected",
    "job: correction of what has not failed",
    "job: correction too late",
    "item: ran corrected",
    "job: submission sent again",
    "job: submitted by two at once",
    "job: resubmitted after a deploy",
    "job: deleted by its user",
    "job: key used again after deletion",
    "job: deleted past retention",
    "job: another owner asked for it",
    "job: its tokens were ended",
    "job: listed",
    "job: listed with many unfinished parts",
    "item: failed for good",
    "item: processed again",
    "item: RetriesExhausted",
    "item: TimedOut",
    "item: throttled",
    "item: unreachable",
    "item: Throttled",
    "item: Crashed",
    "item: DeadLettered",
    "item: listed with its result",
    "item: listed as pending",
    "item: listed as unknown",
    "item: killed its worker",
    "item: never yielded",
    "call: several items",
    "call: spoilt by an item",
    "call: another number of results",
    "item: ate its worker's memory",
    "worker: ended itself for its stuck threads",
    "item: convicted while its neighbours complete",
    "ledger: clean settle refused",
    "ledger: shadow refused",
    "ledger: merge raced",
    "ledger: extra row deleted",
    "ledger: roll-up refused",
    "ledger: end refused",
    "ledger: parked",
    "ledger: parked, resumed, paused, parked again",
    "ledger: parked sent again",
    "ledger: stamped",
    "ledger: stamp refused",
    "ledger: strike noted",
    "ledger: cancel during a settle",
    "ledger: settled after a failure",
    "state: dead letter of a paused job",
    "state: delivery of a deleted job",
    "state: delivery of an ended job",
    "state: delivery of a settled chunk",
    "state: foreign message",
    "sweep: deleted",
    "sweep: reconciled",
    "sweep: ended a job",
    "sweep: abandoned",
    "sweep: revived",
    "sweep: asked for a notice",
    "fault: crash before a notice",
    "fault: crash after a notice",
    "fault: lost message of a notice",
    "notice: delivered",
    "notice: asked for after its end",
    "event: a start",
    "event: an end",
    "event: of every round",
    "notice: not accepted",
    "notice: wanted by nobody",
    "notice: of every round",
    "notice: more than ten rounds late",
    "notice: its message may be sent on",
    "notice: its message came when it was due",
];
