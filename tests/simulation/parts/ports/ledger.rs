//! The table for one process: every call can fail, and its effects are counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use headway_core::corrections::Corrections;
use headway_core::cupboard::{Cupboard, KeptKey, KeptRow};
use headway_core::job::JobWrite;
use headway_core::ledger::{Candidates, CareMark, FoundJobs, Parked, Rows, SubmissionKey, Written};
use headway_core::outcome::Outcome;
use headway_core::outcome::extra::ExtraRow;
use headway_core::part::{Part, PartWrite};
use headway_core::time::Instant;
use headway_core::{ChunkId, Clock as _, Job, JobError, JobId, JobStatus, Ledger, PartId, Store, UserId};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::kept::{Kept, Pausing};
use super::queue::Carried;
use crate::faults::Process;
use crate::ops::{Kind, Op, Role};
use crate::process::Marked;

mod judge;

/// The last results of reads that may be stale.
pub(in crate::parts) type LastAnswers = Arc<Mutex<BTreeMap<String, FoundJobs>>>;

/// How long a write is held back at the most, and how often it is checked whether that is long enough.
const HELD_BACK_MAX: u32 = 48;
const HELD_BACK_FOR: Duration = Duration::from_millis(250);

/// The same for the answer of a read: less than a lease, after which nobody uses it.
const KEPT_BACK_MAX: u32 = 16;
const KEPT_BACK_FOR: Duration = Duration::from_millis(50);

/// The table for one process.
#[derive(Debug)]
pub(in crate::parts) struct SimLedger {
    pub(in crate::parts) process: Process,
    pub(in crate::parts) table: Arc<dyn Store>,
    /// The same without faults, for calls that are only counted.
    pub(in crate::parts) calm: Arc<dyn Ledger>,
    pub(in crate::parts) last_answers: LastAnswers,
    /// Checks table and queue at the same moment, where that is possible.
    pub(in crate::parts) kept: Option<Kept>,
}

impl SimLedger {
    fn saw(&self, name: &'static str) {
        self.process.faults.saw(name);
    }

    /// An index may answer with an earlier state.
    fn maybe_stale(&self, what: String, found: FoundJobs) -> FoundJobs {
        let mut last = self.last_answers.lock().unwrap();
        let before = last.insert(what, found.clone());
        match before.filter(|before| *before != found) {
            Some(before) if self.process.faults.strike("fault: stale read", 300) => before,
            _ => found,
        }
    }

    fn note_job_write(&self, id: JobId, write: &JobWrite, written: &Written<Job>, called: Instant) {
        match (write, written) {
            (JobWrite::RollUp { .. }, Written::Refused(_)) => self.saw("ledger: roll-up refused"),
            (JobWrite::End { .. }, Written::Refused(_)) => self.saw("ledger: end refused"),
            (JobWrite::Retry { .. }, Written::Applied(_)) => self.process.faults.round_begins(id, called),
            (JobWrite::Begin, Written::Applied(_)) => self.process.faults.job_begins(id),
            (
                JobWrite::End { .. } | JobWrite::Fail { .. } | JobWrite::Cancel | JobWrite::Abandon { .. } | JobWrite::Note { .. },
                Written::Applied(_),
            ) => self.process.faults.ends().notify_waiters(),
            (JobWrite::Pause, Written::Applied(_)) => self.note_pausing(id, Pausing::Paused),
            (JobWrite::Resume { .. }, Written::Applied(_)) => self.note_pausing(id, Pausing::Resumed),
            _ => {}
        }
    }

    fn note_pausing(&self, job: JobId, step: Pausing) {
        if let Some(kept) = &self.kept {
            kept.note_pausing(job, step);
        }
    }

    async fn note_part_write(&self, id: JobId, write: &PartWrite, written: &Written<Part>) {
        match (write, written) {
            (PartWrite::Clean { .. }, Written::Refused(_)) => self.saw("ledger: clean settle refused"),
            (PartWrite::Stamp { .. }, Written::Applied(_)) => self.saw("ledger: stamped"),
            (PartWrite::Stamp { .. }, Written::Refused(_)) => self.saw("ledger: stamp refused"),
            (PartWrite::Stall { .. }, Written::Applied(_)) => self.saw("ledger: stall noted"),
            (PartWrite::Stall { .. }, Written::Refused(_)) => self.saw("ledger: stall refused"),
            (PartWrite::Shadow { .. }, Written::Refused(_)) => self.saw("ledger: shadow refused"),
            (PartWrite::Clean { .. } | PartWrite::Shadow { .. }, Written::Applied(_)) => match self.of_job(id, |job| job.status).await {
                Some(JobStatus::Cancelled) => self.saw("ledger: cancel during a settle"),
                Some(JobStatus::Failed) => self.saw("ledger: settled after a failure"),
                _ => {}
            },
            _ => {}
        }
    }

    /// Waits until the job has ended and its numbers were declared final, if that happens soon: what is written then may be too late.
    async fn hold_back(&self, id: JobId) {
        for _ in 0..HELD_BACK_MAX {
            if self.of_job(id, |job| job.is_terminal() && !job.is_settling()).await.unwrap_or(true) {
                return;
            }
            headway_core::time::sleep(HELD_BACK_FOR).await;
        }
    }

    /// A worker may get its answer late if it reads that an end has to be told.
    async fn may_keep_back(&self, job: &Job) {
        let is_untold = self.process.role == Role::Worker && job.is_terminal() && !job.due_notices().is_empty();
        if is_untold && self.process.faults.strike("fault: read of an untold end held back", 100) {
            self.keep_answer_back(job.id).await;
        }
    }

    /// Waits until the job is deleted and its user may know, if that happens soon: who tells what was read now may be too late.
    async fn keep_answer_back(&self, id: JobId) {
        for _ in 0..KEPT_BACK_MAX {
            headway_core::time::sleep(KEPT_BACK_FOR).await;
            if self.of_job(id, |job| job.deleting).await.unwrap_or(true) {
                return headway_core::time::sleep(KEPT_BACK_FOR).await;
            }
        }
    }

    /// What the job's row says now.
    async fn of_job<T>(&self, id: JobId, look: impl FnOnce(&Job) -> T + Send) -> Option<T> {
        match &self.kept {
            Some(kept) => kept.of_job(id, look),
            None => self.calm.job(id).await.ok()?.as_ref().map(look),
        }
    }
}

#[async_trait]
impl Ledger for SimLedger {
    async fn rows(&self, jobs: &[JobId], parts: &[PartId]) -> Result<Rows, JobError> {
        let op = match (jobs, parts) {
            ([job], _) => Op::job(Kind::Rows, *job),
            (_, [part, ..]) => Op::part(Kind::Rows, *part),
            _ => Op::of(Kind::Rows),
        };
        let rows = self.process.call(op, self.table.rows(jobs, parts)).await?;
        for job in jobs.iter().filter_map(|id| rows.jobs.get(id)) {
            self.may_keep_back(job).await;
        }
        Ok(rows)
    }

    async fn job(&self, id: JobId) -> Result<Option<Job>, JobError> {
        let job = self.process.call(Op::job(Kind::Rows, id), self.table.job(id)).await?;
        if let Some(job) = &job {
            self.may_keep_back(job).await;
        }
        Ok(job)
    }

    async fn part(&self, id: PartId) -> Result<Option<Part>, JobError> {
        self.process.call(Op::part(Kind::Rows, id), self.table.part(id)).await
    }

    async fn create(
        &self,
        job: &Job,
        params: &RawValue,
        key: Option<&SubmissionKey>,
        replacing: Option<JobId>,
    ) -> Result<Option<SubmissionKey>, JobError> {
        self.process.call(Op::job(Kind::Create, job.id), self.table.create(job, params, key, replacing)).await
    }

    async fn submission(&self, user_id: &UserId, key_hash: &str) -> Result<Option<SubmissionKey>, JobError> {
        self.process.call(Op::of(Kind::Submission), self.table.submission(user_id, key_hash)).await
    }

    async fn update_job(&self, id: JobId, write: &JobWrite, now: DateTime<Utc>) -> Result<Written<Job>, JobError> {
        let effect = async {
            if self.process.role == Role::Sweep {
                let before = self.calm.job(id).await?;
                if let Some(job) = before.filter(|job| write.admitted(job)) {
                    self.judge_sweep(&job, write, now).await?;
                }
            }
            let called = Instant::now();
            let written = self.table.update_job(id, write, now).await?;
            self.note_job_write(id, write, &written, called);
            Ok(written)
        };
        let part = match write {
            JobWrite::RollUp { part, .. } => Some(*part),
            _ => None,
        };
        self.process.call(Op { part, ..Op::job(Kind::of_job(write), id) }, effect).await
    }

    async fn put_part(&self, part: &Part) -> Result<Option<Part>, JobError> {
        let effect = async {
            let known = self.table.put_part(part).await?;
            if known.is_none() {
                self.process.faults.part_came(part.job);
            }
            Ok(known)
        };
        self.process.call(Op::part(Kind::PutPart, (part.job, part.number)), effect).await
    }

    async fn update_part(&self, id: PartId, write: &PartWrite, now: DateTime<Utc>) -> Result<Written<Part>, JobError> {
        let chunk = match write {
            PartWrite::Clean { chunk, .. } | PartWrite::Shadow { chunk, .. } | PartWrite::Stall { chunk, .. } => Some(*chunk),
            _ => None,
        };
        if matches!(write, PartWrite::Stamp { .. }) && self.process.faults.strike("fault: stamp held back", 60) {
            self.hold_back(id.0).await;
        }
        let effect = async {
            let written = self.table.update_part(id, write, now).await?;
            if matches!(write, PartWrite::Stamp { .. }) && self.kept.is_some() {
                self.judge_stamp(id, &written).await?;
            }
            self.note_part_write(id.0, write, &written).await;
            Ok(written)
        };
        self.process.call(Op { chunk, ..Op::part(Kind::of_part(write), id) }, effect).await
    }

    async fn params(&self, id: JobId) -> Result<Option<Arc<RawValue>>, JobError> {
        self.process.call(Op::job(Kind::Params, id), self.table.params(id)).await
    }

    async fn outcome(&self, id: ChunkId) -> Result<Option<Outcome>, JobError> {
        self.process.call(Op::chunk(Kind::Outcome, id), self.table.outcome(id)).await
    }

    async fn outcomes(&self, id: PartId, from: u16) -> Result<Vec<Outcome>, JobError> {
        self.process.call(Op::part(Kind::Outcomes, id), self.table.outcomes(id, from)).await
    }

    async fn put_outcome(&self, outcome: &Outcome) -> Result<bool, JobError> {
        let known = self.calm.outcome(outcome.id).await?;
        let clears = outcome.again_rounds().len() > known.as_ref().map_or(0, |known| known.again_rounds().len());
        let kind = if clears { Kind::Clear } else { Kind::Merge };
        let effect = async {
            let known = self.calm.outcome(outcome.id).await?;
            let before = known.as_ref().map_or(0, |known| known.version);
            // Its answer may come long after its effect, and others may act on the effect before.
            let began = Instant::now();
            let put = self.table.put_outcome(outcome).await?;
            // If two processes clear at once and put the same bytes, the second clears nothing.
            if put && clears && before < outcome.version {
                let cleared = outcome.again_rounds().into_iter().filter(|(_, round)| *round == outcome.round);
                cleared.for_each(|(item, round)| self.process.faults.cleared(outcome.id.job, item, began, round));
            }
            if put && before < outcome.version && self.kept.is_some() {
                self.judge_success(known.as_ref(), outcome);
                self.judge_values(known.as_ref(), outcome).await?;
            }
            Ok(put)
        };
        let put = self.process.call(Op::chunk(kind, outcome.id), effect).await?;
        if !put {
            self.saw("ledger: merge raced");
        }
        Ok(put)
    }

    async fn put_extra(&self, row: &ExtraRow) -> Result<(), JobError> {
        self.process.faults.extra_row(row.id, row.name);
        self.process.call(Op::chunk(Kind::PutExtra, row.id), self.table.put_extra(row)).await
    }

    async fn extra(&self, id: ChunkId, name: Uuid) -> Result<Option<ExtraRow>, JobError> {
        self.process.call(Op::chunk(Kind::Extra, id), self.table.extra(id, name)).await
    }

    async fn delete_extra(&self, id: ChunkId, name: Uuid) -> Result<(), JobError> {
        self.saw("ledger: extra row deleted");
        self.process.call(Op::chunk(Kind::DeleteExtra, id), self.table.delete_extra(id, name)).await
    }

    async fn corrections(&self, id: PartId, from: u16) -> Result<Vec<Corrections>, JobError> {
        self.process.call(Op::part(Kind::Corrections, id), self.table.corrections(id, from)).await
    }

    async fn put_corrections(&self, row: &Corrections) -> Result<bool, JobError> {
        let effect = async {
            let put = self.table.put_corrections(row).await?;
            if put && self.kept.is_some() {
                self.judge_corrections(row).await?;
            }
            Ok(put)
        };
        self.process.call(Op::chunk(Kind::PutCorrections, row.id), effect).await
    }

    async fn park(&self, parked: &Parked) -> Result<(), JobError> {
        self.saw("ledger: parked");
        self.note_pausing(parked.id.job, Pausing::Parked);
        if let Some(kept) = &self.kept {
            kept.note_parked(parked.nonce);
        }
        self.judge_parked(parked).await;
        self.process.call(Op::chunk(Kind::Park, parked.id), self.table.park(parked)).await
    }

    async fn parked(&self, id: PartId) -> Result<Vec<Parked>, JobError> {
        self.process.call(Op::part(Kind::Parked, id), self.table.parked(id)).await
    }

    async fn unpark(&self, id: ChunkId, nonce: Uuid) -> Result<(), JobError> {
        self.saw("ledger: parked sent again");
        let effect = async {
            let forgotten = self.calm.parked((id.job, id.part)).await?.into_iter().find(|parked| (parked.id, parked.nonce) == (id, nonce));
            self.table.unpark(id, nonce).await?;
            if let (Some(carried), Some(kept)) = (forgotten.and_then(|parked| Carried::of(&parked.body)), &self.kept) {
                kept.check("a kept message was forgotten", &carried);
            }
            Ok(())
        };
        self.process.call(Op::chunk(Kind::Unpark, id), effect).await
    }

    async fn care(&self, id: ChunkId) -> Result<Option<CareMark>, JobError> {
        self.process.call(Op::chunk(Kind::CareMark, id), self.table.care(id)).await
    }

    async fn put_care(&self, id: ChunkId, care: Option<&CareMark>) -> Result<(), JobError> {
        if care.is_some_and(|care| care.strikes > 0) {
            self.saw("ledger: strike noted");
        }
        if let Some(care) = care {
            self.judge_mark(id, care);
            self.judge_stall(id, care).await?;
        }
        let kind = if care.is_some() { Kind::Mark } else { Kind::Unmark };
        // A mark at rest, which is over already, gives nobody a strike.
        let runs = care.filter(|care| care.deadline > self.process.now());
        let marked = runs.map(|care| Marked { item: care.item, round: care.round, strikes: care.strikes });
        let effect = async {
            // Until it is done, both may be marked.
            self.process.own.marks.lock().unwrap().entry(id).or_default().extend(marked);
            self.table.put_care(id, care).await?;
            self.process.own.marks.lock().unwrap().insert(id, marked.into_iter().collect());
            Ok(())
        };
        self.process.call(Op::chunk(kind, id), effect).await
    }

    async fn jobs_of(&self, user_id: &UserId, after: Option<&str>, limit: usize) -> Result<FoundJobs, JobError> {
        let found = self.process.call(Op::of(Kind::JobsOf), self.table.jobs_of(user_id, after, limit)).await?;
        Ok(self.maybe_stale(format!("jobs of {user_id} after {after:?}"), found))
    }

    async fn candidates(&self, kind: Candidates, before: DateTime<Utc>, after: Option<&str>, limit: usize) -> Result<FoundJobs, JobError> {
        let found = self.process.call(Op::of(Kind::Candidates), self.table.candidates(kind, before, after, limit)).await?;
        Ok(self.maybe_stale(format!("{kind:?} after {after:?}"), found))
    }

    async fn delete_part(&self, id: PartId) -> Result<bool, JobError> {
        self.process.call(Op::part(Kind::DeletePart, id), self.table.delete_part(id)).await
    }

    async fn delete_job(&self, job: &Job) -> Result<(), JobError> {
        self.process.call(Op::job(Kind::DeleteJob, job.id), self.table.delete_job(job)).await
    }
}

#[async_trait]
impl Cupboard for SimLedger {
    async fn kept(&self, key: &KeptKey) -> Result<Option<KeptRow>, JobError> {
        self.process.call(Op::of(Kind::Kept), self.table.kept(key)).await
    }

    async fn put_kept(&self, key: &KeptKey, row: &KeptRow) -> Result<Written<KeptRow>, JobError> {
        self.process.call(Op::of(Kind::PutKept), self.table.put_kept(key, row)).await
    }
}
