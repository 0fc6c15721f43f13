//! The ports of a process: each call is answered from the known answers, and the first unknown one stops the process.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use headway_core::corrections::Corrections;
use headway_core::cupboard::{Cupboard, KeptKey, KeptRow};
use headway_core::job::{JobWrite, SendResult};
use headway_core::ledger::{Candidates, CareMark, FoundJobs, Parked, Rows, SubmissionKey, Written};
use headway_core::notice::{Notice, NoticeSender};
use headway_core::outcome::Outcome;
use headway_core::outcome::extra::ExtraRow;
use headway_core::part::{Part, PartWrite};
use headway_core::queue::Outgoing;
use headway_core::{
    ChunkId, ChunkQueue, Clock, Item, ItemError, ItemProcessor, Job, JobError, JobId, Ledger, Options, Output, PartId, UserId,
};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::ask::{Answer, Ask, Called, Fate, Found, Given, Key};
use crate::extra;
use crate::message::{Carried, Nonce};
use crate::rows::{FixRow, JobRow, OutcomeRow, PartRow, is_fixed, item, parked};
use crate::shape::{CHUNKS_MAX, Shape, hour, job_id, owner};

/// Longer than the lease and than the time between checkpoints.
const SLOW: Duration = Duration::from_millis(1_100);

/// All ports of one process.
#[derive(Clone)]
pub(crate) struct Ports(Arc<Inner>);

struct Inner {
    shape: Arc<Shape>,
    now: DateTime<Utc>,
    answers: Vec<Answer>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    given: usize,
    asked: Option<Ask>,
    drawn: u8,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ports")
    }
}

impl Ports {
    pub(crate) fn new(shape: Arc<Shape>, now: DateTime<Utc>, answers: Vec<Answer>) -> Self {
        Self(Arc::new(Inner { shape, now, answers, state: Mutex::default() }))
    }

    /// What was asked after the known answers.
    pub(crate) fn asked(&self) -> Option<Ask> {
        self.state().asked.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, ask: impl Fn() -> Ask) -> Result<Answer, JobError> {
        let answer = poll_fn(|_| {
            let mut state = self.state();
            match self.0.answers.get(state.given) {
                Some(answer) => {
                    state.given += 1;
                    Poll::Ready(answer.clone())
                }
                None => {
                    state.asked.get_or_insert_with(&ask);
                    Poll::Pending
                }
            }
        })
        .await;
        match answer {
            Answer::Lost => Err(JobError::unavailable("a port", "the answer was lost")),
            answer => Ok(answer),
        }
    }

    fn job(&self, row: &JobRow) -> Job {
        row.real(&self.0.shape)
    }

    fn part(&self, number: u8, row: &PartRow) -> Part {
        row.real(&self.0.shape, number.into())
    }

    fn outcome_row(&self, part: u32, chunk: u16, row: &OutcomeRow) -> Outcome {
        row.real(&self.0.shape, part as usize, chunk.into())
    }
}

fn written<T>(found: Found, row: T) -> Written<T> {
    match found {
        Found::Applied => Written::Applied(row),
        Found::Refused => Written::Refused(row),
    }
}

fn mismatch<T>(answer: &Answer) -> T {
    panic!("the answer does not fit what was asked: {answer:?}")
}

#[async_trait]
impl Ledger for Ports {
    async fn rows(&self, jobs: &[JobId], parts: &[PartId]) -> Result<Rows, JobError> {
        let keys = || jobs.iter().map(|_| Key::Job).chain(parts.iter().map(|(_, number)| Key::Part(*number as u8))).collect();
        match self.ask(|| Ask::Rows(keys())).await? {
            Answer::Rows(job, known) => Ok(Rows {
                jobs: job.iter().flat_map(|job| jobs.iter().map(|id| (*id, self.job(job)))).collect(),
                parts: known
                    .iter()
                    .flat_map(|(n, row)| parts.iter().filter(|id| id.1 == u32::from(*n)).map(|id| (*id, self.part(*n, row))))
                    .collect(),
            }),
            other => mismatch(&other),
        }
    }

    async fn create(
        &self,
        job: &Job,
        _params: &RawValue,
        key: Option<&SubmissionKey>,
        replacing: Option<JobId>,
    ) -> Result<Option<SubmissionKey>, JobError> {
        assert!(key.is_some() && replacing.is_none(), "a model has one job, which has its key");
        match self.ask(|| Ask::Create(JobRow::of(job, hour(self.0.now)))).await? {
            Answer::Created(true) => Ok(None),
            Answer::Created(false) => Ok(key.map(|key| SubmissionKey { job: job_id(), ..key.clone() })),
            other => mismatch(&other),
        }
    }

    async fn submission(&self, _user_id: &UserId, _key_hash: &str) -> Result<Option<SubmissionKey>, JobError> {
        // The key is checked when the job is created.
        Ok(None)
    }

    async fn update_job(&self, _id: JobId, write: &JobWrite, _now: DateTime<Utc>) -> Result<Written<Job>, JobError> {
        match self.ask(|| Ask::UpdateJob(write.clone())).await? {
            Answer::Job(Some((found, row))) => Ok(written(found, self.job(&row))),
            Answer::Job(None) => Ok(Written::Gone),
            other => mismatch(&other),
        }
    }

    async fn put_part(&self, part: &Part) -> Result<Option<Part>, JobError> {
        let number = part.number as u8;
        match self.ask(|| Ask::PutPart(number, PartRow::of(part))).await? {
            Answer::PartPut(other) => Ok(other.map(|row| self.part(number, &row))),
            other => mismatch(&other),
        }
    }

    async fn update_part(&self, (_, number): PartId, write: &PartWrite, _now: DateTime<Utc>) -> Result<Written<Part>, JobError> {
        match self.ask(|| Ask::UpdatePart(number as u8, write.clone())).await? {
            Answer::Part(Some((found, row))) => Ok(written(found, self.part(number as u8, &row))),
            Answer::Part(None) => Ok(Written::Gone),
            other => mismatch(&other),
        }
    }

    async fn params(&self, _id: JobId) -> Result<Option<Arc<RawValue>>, JobError> {
        Ok(Some(Arc::from(item())))
    }

    async fn outcome(&self, id: ChunkId) -> Result<Option<Outcome>, JobError> {
        match self.ask(|| Ask::Outcome(id.part as u8, id.chunk as u8)).await? {
            Answer::Outcome(row) => Ok(row.map(|row| self.outcome_row(id.part, id.chunk, &row))),
            other => mismatch(&other),
        }
    }

    async fn outcomes(&self, (_, part): PartId, from: u16) -> Result<Vec<Outcome>, JobError> {
        match self.ask(|| Ask::Outcomes { part: part as u8, from: from as u8 }).await? {
            Answer::Outcomes(rows) => Ok(rows.iter().map(|(chunk, row)| self.outcome_row(part, (*chunk).into(), row)).collect()),
            other => mismatch(&other),
        }
    }

    async fn put_outcome(&self, outcome: &Outcome) -> Result<bool, JobError> {
        let (part, chunk) = (outcome.id.part as u8, outcome.id.chunk as u8);
        match self.ask(|| Ask::PutOutcome(part, chunk, OutcomeRow::of(outcome))).await? {
            Answer::OutcomePut(put) => Ok(put),
            other => mismatch(&other),
        }
    }

    async fn put_extra(&self, row: &ExtraRow) -> Result<(), JobError> {
        self.ask(|| Ask::PutExtra(extra::ExtraRow::of(row, &self.0.shape))).await.map(drop)
    }

    async fn extra(&self, id: ChunkId, name: Uuid) -> Result<Option<ExtraRow>, JobError> {
        match self.ask(|| Ask::Extra(id.part as u8, id.chunk as u8, name)).await? {
            Answer::Extra(row) => Ok(row.map(|row| row.real(&self.0.shape))),
            other => mismatch(&other),
        }
    }

    async fn delete_extra(&self, id: ChunkId, name: Uuid) -> Result<(), JobError> {
        self.ask(|| Ask::DeleteExtra(id.part as u8, id.chunk as u8, name)).await.map(drop)
    }

    async fn corrections(&self, (_, part): PartId, from: u16) -> Result<Vec<Corrections>, JobError> {
        let shape = &self.0.shape;
        if !shape.corrects || usize::from(from) >= CHUNKS_MAX {
            return Ok(Vec::new());
        }
        match self.ask(|| Ask::Fixes { part: part as u8, from: from as u8 }).await? {
            Answer::Fixes(rows) => Ok(rows.iter().map(|(chunk, row)| row.real(shape, part as usize, (*chunk).into())).collect()),
            other => mismatch(&other),
        }
    }

    async fn put_corrections(&self, row: &Corrections) -> Result<bool, JobError> {
        match self.ask(|| Ask::PutFixes(row.id.part as u8, row.id.chunk as u8, FixRow::of(row, &self.0.shape))).await? {
            Answer::FixesPut(put) => Ok(put),
            other => mismatch(&other),
        }
    }

    async fn park(&self, kept: &Parked) -> Result<(), JobError> {
        let Carried::Chunk(chunk) = Carried::of(&kept.body) else { panic!("only chunks are kept: {kept:?}") };
        assert_eq!(Nonce::of(kept.nonce), chunk.nonce, "a message is kept under its own nonce");
        self.ask(|| Ask::Park(chunk.clone())).await.map(drop)
    }

    async fn parked(&self, (_, part): PartId) -> Result<Vec<Parked>, JobError> {
        match self.ask(|| Ask::Parked(part as u8)).await? {
            Answer::Parked(kept) => Ok(kept.iter().map(|kept| parked(&self.0.shape, kept)).collect()),
            other => mismatch(&other),
        }
    }

    async fn unpark(&self, id: ChunkId, nonce: Uuid) -> Result<(), JobError> {
        self.ask(|| Ask::Unpark { part: id.part as u8, chunk: id.chunk as u8, nonce: Nonce::of(nonce) }).await.map(drop)
    }

    async fn care(&self, _id: ChunkId) -> Result<Option<CareMark>, JobError> {
        Ok(None)
    }

    async fn put_care(&self, id: ChunkId, care: Option<&CareMark>) -> Result<(), JobError> {
        panic!("careful mode is not modelled: {id:?} {care:?}")
    }

    async fn jobs_of(&self, _user_id: &UserId, _after: Option<&str>, _limit: usize) -> Result<FoundJobs, JobError> {
        // Only candidates: the row shows whether it is there.
        Ok(FoundJobs { ids: vec![job_id()], next: None })
    }

    async fn candidates(
        &self,
        kind: Candidates,
        before: DateTime<Utc>,
        _after: Option<&str>,
        _limit: usize,
    ) -> Result<FoundJobs, JobError> {
        match self.ask(|| Ask::Candidates(kind, before)).await? {
            Answer::Candidate(found) => Ok(FoundJobs { ids: found.then(job_id).into_iter().collect(), next: None }),
            other => mismatch(&other),
        }
    }

    async fn delete_part(&self, (_, part): PartId) -> Result<bool, JobError> {
        self.ask(|| Ask::DeletePart(part as u8)).await.map(|_| true)
    }

    async fn delete_job(&self, _job: &Job) -> Result<(), JobError> {
        self.ask(|| Ask::DeleteJob).await.map(drop)
    }
}

#[async_trait]
impl Cupboard for Ports {
    // Quotas are not modelled: an owner has started nothing. Nothing else is kept.
    async fn kept(&self, _key: &KeptKey) -> Result<Option<KeptRow>, JobError> {
        Ok(None)
    }

    async fn put_kept(&self, key: &KeptKey, row: &KeptRow) -> Result<Written<KeptRow>, JobError> {
        assert_eq!(key.what, "USAGE", "a model has no other row besides its job's");
        Ok(Written::Applied(row.clone()))
    }
}

#[async_trait]
impl ChunkQueue for Ports {
    async fn send(&self, _group: &UserId, messages: Vec<Outgoing>) -> Result<(), JobError> {
        self.ask(|| Ask::Send(messages.iter().map(|message| Carried::of(&message.body)).collect())).await.map(drop)
    }
}

impl Clock for Ports {
    fn now(&self) -> DateTime<Utc> {
        self.0.now
    }

    fn fresh_id(&self) -> Uuid {
        let mut state = self.state();
        state.drawn += 1;
        Nonce::drawn(state.drawn - 1).uuid()
    }
}

#[async_trait]
impl NoticeSender for Ports {
    async fn send(&self, notice: &Notice) -> SendResult {
        let (round, status) = (notice.job.round as u8, notice.job.status);
        match self.ask(|| Ask::Tell { round, status }).await {
            Ok(_) => SendResult::Delivered,
            Err(_) => SendResult::Failed("no answer".to_owned()),
        }
    }
}

#[async_trait]
impl ItemProcessor for Ports {
    async fn process(&self, item: Item) -> Result<Output, ItemError> {
        assert_eq!(item.user_id, owner());
        match self.ask(|| Ask::Item { index: item.index as u8, fixed: is_fixed(&item.value) }).await {
            Ok(Answer::Fate(fate)) => {
                if fate == Fate::IsSlow {
                    tokio::time::sleep(SLOW).await;
                }
                result(fate)
            }
            other => panic!("the answer does not fit what was asked: {other:?}"),
        }
    }

    async fn process_many(&self, items: Vec<Item>) -> Vec<Result<Output, ItemError>> {
        let (called, given) = match self.ask(|| Ask::Items(items.iter().map(|item| item.index as u8).collect())).await {
            Ok(Answer::Called(called, given)) => (called, given),
            other => panic!("the answer does not fit what was asked: {other:?}"),
        };
        let mut fates = match called {
            Called::Each(fates) => fates,
            Called::TooFew => vec![Fate::Succeeds; items.len() - 1],
            // Without a message from the panic hook.
            Called::Panics => std::panic::resume_unwind(Box::new("on purpose")),
        };
        match given {
            Given::AsTheyAre => {}
            Given::Turned => fates.rotate_left(1),
            Given::Completed => fates.resize(items.len(), Fate::Succeeds),
        }
        fates.into_iter().map(result).collect()
    }

    fn options(&self) -> Options {
        let Shape { attempts_max, batch, .. } = *self.0.shape;
        Options { concurrency: 1, attempts_max, batch: batch.into(), ..Options::default() }
    }
}

fn result(fate: Fate) -> Result<Output, ItemError> {
    match fate {
        Fate::Succeeds | Fate::IsSlow => Ok(Output::None),
        Fate::GivesOutput => Ok(Output::Json(item())),
        Fate::Fails => Err(ItemError::permanent("", "failed")),
        Fate::FailsForNow => Err(ItemError::retryable("", "failed for now")),
        Fate::NoResult => Err(ItemError::NoResult { code: String::new(), message: "no result".to_owned(), retry_after: None }),
    }
}
