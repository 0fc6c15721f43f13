//! The endpoint that is told when a round of a job ends, and the bus that gets events of starts and ends. They answer as the
//! plan says, and check every notice when it is sent: it tells a start or an end that is durable, always with the same id, and
//! nothing of a job that was deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use headway_core::job::{NoticeKind, RoundCounts, SendResult, Target};
use headway_core::limits::NOTICE_TIMEOUT;
use headway_core::notice::{Notice, NoticeSender};
use headway_core::{Job, JobId, JobStatus, Ledger};

use super::faults::{Faults, Process};
use super::invariant::{Invariant, Violation};
use super::workload::Plan;

/// How many tries may fail before one is accepted. Each takes a dozen calls, and most show no more than the one before.
const FAILED_TRIES: [u64; 6] = [1, 1, 1, 2, 3, 6];

/// How a job's endpoint answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It refuses this many notices of an end, and then accepts.
    RefusesFirst(u64),
    /// It gives no answer to this many, and then accepts.
    HangsFirst(u64),
    /// It never accepts.
    Never,
    /// It wants no notices.
    WantsNone,
}

impl Manner {
    pub(crate) fn of(faults: &Faults) -> Self {
        let few = FAILED_TRIES[faults.pick(6) as usize];
        match faults.pick(20) {
            0..12 => Self::RefusesFirst(0),
            12..15 => Self::RefusesFirst(few),
            15..17 => Self::HangsFirst(few),
            17 => Self::Never,
            _ => Self::WantsNone,
        }
    }

    /// How a bus answers. Unlike an endpoint it never says that it wants nothing.
    pub(crate) fn of_a_bus(faults: &Faults) -> Self {
        match Self::of(faults) {
            Self::WantsNone => Self::RefusesFirst(0),
            other => other,
        }
    }

    /// True if each end must be told in the end.
    pub(crate) fn accepts(self) -> bool {
        matches!(self, Self::RefusesFirst(_) | Self::HangsFirst(_))
    }
}

/// All notices of a history.
#[derive(Debug, Default)]
pub(crate) struct Notes(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    notices: BTreeMap<(JobId, u32, NoticeKind), Seen>,
    /// The jobs whose deletion was acknowledged.
    deleted: BTreeSet<JobId>,
}

/// What was told of one start or end.
#[derive(Debug)]
struct Seen {
    id: String,
    /// Only of an end: what has started may have ended when that is told again.
    status: Option<JobStatus>,
    /// The counts of the rounds before its own.
    rounds: Vec<RoundCounts>,
    timestamp: DateTime<Utc>,
    sent: u64,
    accepted: bool,
}

impl Notes {
    /// The deletion of the job was acknowledged.
    pub(crate) fn deleted(&self, id: JobId) {
        self.0.lock().unwrap().deleted.insert(id);
    }

    /// True if this was told and accepted.
    pub(crate) fn accepted(&self, id: JobId, round: u32, kind: NoticeKind) -> bool {
        self.0.lock().unwrap().notices.get(&(id, round, kind)).is_some_and(|seen| seen.accepted)
    }

    /// A notice is sent: returns how often the same was sent before, or what is wrong with it.
    fn sent(&self, notice: &Notice) -> Result<u64, String> {
        let (job, timestamp) = (&notice.job, notice.timestamp);
        let mut state = self.0.lock().unwrap();
        if state.deleted.contains(&job.id) {
            return Err("it was deleted before".to_owned());
        }
        if state.notices.iter().any(|(told, seen)| *told != (job.id, job.round, notice.kind) && seen.id == notice.id) {
            return Err("another notice had its id".to_owned());
        }
        let status = notice.kind.is_end().then_some(job.status);
        let rounds = rounds_before(job);
        let first = || Seen { id: notice.id.clone(), status, rounds: rounds.clone(), timestamp, sent: 0, accepted: false };
        let seen = state.notices.entry((job.id, job.round, notice.kind)).or_insert_with(first);
        if (&seen.id, seen.status, &seen.rounds, seen.timestamp) != (&notice.id, status, &rounds, timestamp) {
            return Err(format!("before it was {seen:?}"));
        }
        seen.sent += 1;
        Ok(seen.sent - 1)
    }
}

/// The endpoint and the bus, as one process reaches them.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) process: Process,
    pub(crate) plan: Arc<Plan>,
    pub(crate) notes: Arc<Notes>,
    /// The table without faults.
    pub(crate) calm: Arc<dyn Ledger>,
}

impl Receiver {
    fn violated(&self, notice: &Notice, what: &str) {
        let what = format!("{} was told, and {what}: {:?}", notice.id, notice.job);
        self.process.faults.violated(Violation::new(Invariant::EndsAreTold, what));
    }

    /// What is told must be in the table, unless its row is deleted already.
    async fn check(&self, notice: &Notice) {
        let Ok(Some(row)) = self.calm.job(notice.job.id).await else { return };
        let round = notice.job.round;
        let has_ended = row.round > round || (row.round == round && row.is_terminal());
        let end_is_told = has_ended && notice.job.is_terminal() && notice.job.completed_at == Some(notice.timestamp);
        let has_started = row.round > round || (row.round == round && row.started_at.is_some());
        let start_is_told = has_started && (round > 1 || row.started_at == Some(notice.timestamp));
        if !(if notice.kind.is_end() { end_is_told } else { start_is_told }) {
            self.violated(notice, &format!("its row is {row:?}"));
        }
        let job = &notice.job;
        if job.handled_items() + job.pending_items() != job.total_items {
            self.violated(notice, "its counts do not add up");
        }
        let rounds = job.rounds_so_far();
        // One more than callers see.
        if !rounds.iter().map(|counts| counts.round).eq(round.saturating_sub(10).max(1)..=round) {
            self.violated(notice, &format!("its rounds are {rounds:?}"));
        }
        if row.round > round + 10 {
            self.process.faults.saw("notice: more than ten rounds late");
        }
    }
}

/// What never changes once a retry has left these rounds. A correction that raced with the retry is counted a moment later.
fn rounds_before(job: &Job) -> Vec<RoundCounts> {
    let before = job.rounds_so_far().into_iter().filter(|counts| counts.round < job.round);
    before.map(|counts| RoundCounts { corrected: 0, ..counts }).collect()
}

#[async_trait]
impl NoticeSender for Receiver {
    async fn send(&self, notice: &Notice) -> SendResult {
        let faults = &self.process.faults;
        if faults.strike("fault: crash before a notice", 20) {
            self.process.die().await;
        }
        self.check(notice).await;
        let before = match self.notes.sent(notice) {
            Ok(before) => before,
            Err(what) => {
                self.violated(notice, &what);
                return SendResult::Delivered;
            }
        };
        headway_core::time::sleep(Duration::from_millis(1 + faults.pick(200))).await;
        let number = notice.job.created_by.parse().unwrap_or(usize::MAX);
        let manner = match notice.kind.target() {
            Target::Endpoint => self.plan.jobs.get(number).and_then(|job| job.callback),
            Target::Bus => self.plan.bus,
        };
        let told = match manner {
            Some(Manner::RefusesFirst(most)) if before < most => SendResult::Failed("refused".to_owned()),
            Some(Manner::Never) => SendResult::Failed("refused".to_owned()),
            Some(Manner::HangsFirst(most)) if before < most => {
                headway_core::time::sleep(NOTICE_TIMEOUT).await;
                SendResult::Failed("no answer".to_owned())
            }
            Some(Manner::WantsNone) => SendResult::Refused,
            _ => SendResult::Delivered,
        };
        if told == SendResult::Delivered
            && let Some(seen) = self.notes.0.lock().unwrap().notices.get_mut(&(notice.job.id, notice.job.round, notice.kind))
        {
            seen.accepted = true;
        }
        if faults.strike("fault: crash after a notice", 20) {
            self.process.die().await;
        }
        match &told {
            SendResult::Delivered => faults.saw(match notice.kind {
                NoticeKind::Callback => "notice: delivered",
                NoticeKind::JobStarted => "event: a start",
                NoticeKind::JobEnded => "event: an end",
            }),
            SendResult::Refused => faults.saw("notice: wanted by nobody"),
            SendResult::Failed(_) => faults.saw("notice: not accepted"),
        }
        told
    }
}
