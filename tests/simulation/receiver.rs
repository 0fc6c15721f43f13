//! The endpoint that is told when a round of a job ends. It answers as the job's plan says, and checks every notice when
//! it is sent: it tells an end that is durable, always with the same id, and nothing of a job that was deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use headway_core::job::Told;
use headway_core::limits::NOTICE_TIMEOUT;
use headway_core::notice::{Notice, NoticeSender};
use headway_core::{JobId, JobStatus, Ledger};

use super::faults::{Faults, Process};
use super::invariant::{Invariant, Violation};
use super::workload::Plan;

/// The most tries that may fail before one is accepted.
const FAILED_TRIES_MAX: u64 = 6;

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
        match faults.pick(10) {
            0..5 => Self::RefusesFirst(0),
            5 | 6 => Self::RefusesFirst(1 + faults.pick(FAILED_TRIES_MAX)),
            7 => Self::HangsFirst(1 + faults.pick(FAILED_TRIES_MAX)),
            8 => Self::Never,
            _ => Self::WantsNone,
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
    ends: BTreeMap<(JobId, u32), Seen>,
    /// The jobs whose deletion was acknowledged.
    deleted: BTreeSet<JobId>,
}

/// What was told of one end.
#[derive(Debug)]
struct Seen {
    id: String,
    status: JobStatus,
    timestamp: DateTime<Utc>,
    sent: u64,
    accepted: bool,
}

impl Notes {
    /// The deletion of the job was acknowledged.
    pub(crate) fn deleted(&self, id: JobId) {
        self.0.lock().unwrap().deleted.insert(id);
    }

    /// True if the endpoint has accepted a notice of this end.
    pub(crate) fn accepted(&self, id: JobId, round: u32) -> bool {
        self.0.lock().unwrap().ends.get(&(id, round)).is_some_and(|seen| seen.accepted)
    }

    /// A notice is sent: returns how many of this end were sent before, or what is wrong with it.
    fn sent(&self, notice: &Notice) -> Result<u64, String> {
        let (job, timestamp) = (&notice.job, notice.timestamp);
        let mut state = self.0.lock().unwrap();
        if state.deleted.contains(&job.id) {
            return Err("it was deleted before".to_owned());
        }
        let first = || Seen { id: notice.id.clone(), status: job.status, timestamp, sent: 0, accepted: false };
        let seen = state.ends.entry((job.id, job.round)).or_insert_with(first);
        if (&seen.id, seen.status, seen.timestamp) != (&notice.id, job.status, timestamp) {
            return Err(format!("before it was {seen:?}"));
        }
        seen.sent += 1;
        Ok(seen.sent - 1)
    }
}

/// The endpoint, as one process reaches it.
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

    /// The end that is told must be in the table, unless its row is deleted already.
    async fn check(&self, notice: &Notice) {
        let Ok(Some(row)) = self.calm.job(notice.job.id).await else { return };
        let round = notice.job.round;
        let has_ended = row.round > round || (row.round == round && row.is_terminal());
        if !has_ended || !notice.job.is_terminal() || notice.job.completed_at != Some(notice.timestamp) {
            self.violated(notice, &format!("its row is {row:?}"));
        }
        let job = &notice.job;
        if job.handled_items() + job.pending_items() != job.total_items {
            self.violated(notice, "its counts do not add up");
        }
    }
}

#[async_trait]
impl NoticeSender for Receiver {
    async fn send(&self, notice: &Notice) -> Told {
        let faults = &self.process.faults;
        if faults.strike("fault: crash before a notice", 20) {
            self.process.die().await;
        }
        self.check(notice).await;
        let before = match self.notes.sent(notice) {
            Ok(before) => before,
            Err(what) => {
                self.violated(notice, &what);
                return Told::Delivered;
            }
        };
        tokio::time::sleep(Duration::from_millis(1 + faults.pick(200))).await;
        let number = notice.job.created_by.parse().unwrap_or(usize::MAX);
        let manner = self.plan.jobs.get(number).and_then(|job| job.callback);
        let told = match manner {
            Some(Manner::RefusesFirst(most)) if before < most => Told::Failed("refused".to_owned()),
            Some(Manner::Never) => Told::Failed("refused".to_owned()),
            Some(Manner::HangsFirst(most)) if before < most => {
                tokio::time::sleep(NOTICE_TIMEOUT).await;
                Told::Failed("no answer".to_owned())
            }
            Some(Manner::WantsNone) => Told::Refused,
            _ => Told::Delivered,
        };
        if told == Told::Delivered
            && let Some(seen) = self.notes.0.lock().unwrap().ends.get_mut(&(notice.job.id, notice.job.round))
        {
            seen.accepted = true;
        }
        if faults.strike("fault: crash after a notice", 20) {
            self.process.die().await;
        }
        match &told {
            Told::Delivered => faults.saw("notice: delivered"),
            Told::Refused => faults.saw("notice: wanted by nobody"),
            Told::Failed(_) => faults.saw("notice: not accepted"),
        }
        told
    }
}
