//! The table in memory: the pure rules under one lock, for tests and simulations.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{Candidates, CareMark, FoundJobs, Ledger, Parked, Rows, SubmissionKey, Written};
use crate::corrections::Corrections;
use crate::cupboard::{Cupboard, KeptKey, KeptRow};
use crate::error::JobError;
use crate::ids::{ChunkId, JobId, PartId, UserId};
use crate::job::{Job, JobWrite};
use crate::outcome::Outcome;
use crate::outcome::extra::ExtraRow;
use crate::part::{Part, PartWrite};

/// How many outcome rows or parked messages a page has.
const PAGE: usize = 10;

/// All rows.
#[derive(Debug, Default)]
pub struct MemoryLedger(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    jobs: BTreeMap<JobId, Job>,
    params: BTreeMap<JobId, Arc<RawValue>>,
    keys: BTreeMap<(UserId, String), SubmissionKey>,
    parts: BTreeMap<PartId, Part>,
    outcomes: BTreeMap<ChunkId, Outcome>,
    extras: BTreeMap<(ChunkId, Uuid), ExtraRow>,
    corrections: BTreeMap<ChunkId, Corrections>,
    parked: BTreeMap<(ChunkId, Uuid), String>,
    cares: BTreeMap<ChunkId, CareMark>,
    kept: BTreeMap<KeptKey, KeptRow>,
    /// The time under which the sweep finds each job.
    moved: BTreeMap<JobId, DateTime<Utc>>,
    reads: Reads,
}

/// How many calls have read rows, for tests that hold a use-case to its bound.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Reads {
    /// Of jobs and parts.
    pub rows: u64,
    /// Of outcomes, one by one or a page.
    pub outcomes: u64,
    /// Of extra rows.
    pub extras: u64,
    /// Of pages of corrections.
    pub corrections: u64,
}

impl MemoryLedger {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The kept rows of owners that begin with this text.
    pub fn kept_of(&self, prefix: &str) -> Vec<(KeptKey, KeptRow)> {
        let state = self.state();
        let of_it = state.kept.iter().filter(|(key, _)| key.of.starts_with(prefix));
        of_it.map(|(key, row)| (key.clone(), row.clone())).collect()
    }

    /// What a job's row and a part's row say, without copies of them.
    pub fn look_at<T>(&self, (job, part): PartId, look: impl FnOnce(Option<&Job>, Option<&Part>) -> T) -> T {
        let state = self.state();
        look(state.jobs.get(&job), state.parts.get(&(job, part)))
    }

    /// The reads since this was asked last.
    pub fn take_reads(&self) -> Reads {
        std::mem::take(&mut self.state().reads)
    }

    /// The names of the extra rows of a part.
    pub fn extra_rows(&self, (job, part): PartId) -> Vec<(ChunkId, Uuid)> {
        self.state().extras.keys().filter(|(chunk, _)| (chunk.job, chunk.part) == (job, part)).copied().collect()
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn rows(&self, jobs: &[JobId], parts: &[PartId]) -> Result<Rows, JobError> {
        let mut state = self.state();
        state.reads.rows += 1;
        Ok(Rows {
            jobs: jobs.iter().filter_map(|id| Some((*id, state.jobs.get(id)?.clone()))).collect(),
            parts: parts.iter().filter_map(|id| Some((*id, state.parts.get(id)?.clone()))).collect(),
        })
    }

    async fn job(&self, id: JobId) -> Result<Option<Job>, JobError> {
        let mut state = self.state();
        state.reads.rows += 1;
        Ok(state.jobs.get(&id).cloned())
    }

    async fn part(&self, id: PartId) -> Result<Option<Part>, JobError> {
        let mut state = self.state();
        state.reads.rows += 1;
        Ok(state.parts.get(&id).cloned())
    }

    async fn create(
        &self,
        job: &Job,
        params: &RawValue,
        key: Option<&SubmissionKey>,
        replacing: Option<JobId>,
    ) -> Result<Option<SubmissionKey>, JobError> {
        let mut state = self.state();
        if let Some(key) = key {
            let place = (key.user_id.clone(), key.key_hash.clone());
            if let Some(known) = state.keys.get(&place).filter(|known| known.job != key.job && Some(known.job) != replacing) {
                return Ok(Some(known.clone()));
            }
            state.keys.insert(place, key.clone());
        }
        state.jobs.entry(job.id).or_insert_with(|| job.clone());
        state.params.insert(job.id, Arc::from(params.to_owned()));
        state.moved.insert(job.id, job.expires_at.filter(|_| !job.is_watched()).unwrap_or(job.updated_at));
        Ok(None)
    }

    async fn submission(&self, user_id: &UserId, key_hash: &str) -> Result<Option<SubmissionKey>, JobError> {
        Ok(self.state().keys.get(&(user_id.clone(), key_hash.to_owned())).cloned())
    }

    async fn update_job(&self, id: JobId, write: &JobWrite, now: DateTime<Utc>) -> Result<Written<Job>, JobError> {
        let mut state = self.state();
        let Some(job) = state.jobs.get_mut(&id) else { return Ok(Written::Gone) };
        if !write.admitted(job) {
            return Ok(Written::Refused(job.clone()));
        }
        write.apply(job, now);
        let job = job.clone();
        if let Some(place) = write.place(now) {
            state.moved.insert(id, place);
        }
        Ok(Written::Applied(job))
    }

    async fn put_part(&self, part: &Part) -> Result<Option<Part>, JobError> {
        let mut state = self.state();
        let known = state.parts.entry((part.job, part.number)).or_insert_with(|| part.clone()).clone();
        Ok(Some(known).filter(|known| known != part))
    }

    async fn update_part(&self, id: PartId, write: &PartWrite, now: DateTime<Utc>) -> Result<Written<Part>, JobError> {
        let mut state = self.state();
        let Some(part) = state.parts.get_mut(&id) else { return Ok(Written::Gone) };
        if !write.admitted(part) {
            return Ok(Written::Refused(part.clone()));
        }
        write.apply(part, now);
        Ok(Written::Applied(part.clone()))
    }

    async fn params(&self, id: JobId) -> Result<Option<Arc<RawValue>>, JobError> {
        Ok(self.state().params.get(&id).cloned())
    }

    async fn outcome(&self, id: ChunkId) -> Result<Option<Outcome>, JobError> {
        let mut state = self.state();
        state.reads.outcomes += 1;
        Ok(state.outcomes.get(&id).cloned())
    }

    async fn outcomes(&self, (job, part): PartId, from: u16) -> Result<Vec<Outcome>, JobError> {
        let range = ChunkId { job, part, chunk: from }..=ChunkId { job, part, chunk: u16::MAX };
        let mut state = self.state();
        state.reads.outcomes += 1;
        Ok(state.outcomes.range(range).map(|(_, outcome)| outcome.clone()).take(PAGE).collect())
    }

    async fn put_outcome(&self, outcome: &Outcome) -> Result<bool, JobError> {
        let mut state = self.state();
        let known = state.outcomes.get(&outcome.id);
        // Raw JSON has no other equality than that of its text.
        if known.is_some_and(|known| known.version == outcome.version && format!("{known:?}") == format!("{outcome:?}")) {
            return Ok(true);
        }
        let next = known.map_or(0, |known| known.version) + 1 == outcome.version;
        if next {
            state.outcomes.insert(outcome.id, outcome.clone());
        }
        Ok(next)
    }

    async fn put_extra(&self, row: &ExtraRow) -> Result<(), JobError> {
        self.state().extras.insert((row.id, row.name), row.clone());
        Ok(())
    }

    async fn extra(&self, id: ChunkId, name: Uuid) -> Result<Option<ExtraRow>, JobError> {
        let mut state = self.state();
        state.reads.extras += 1;
        Ok(state.extras.get(&(id, name)).cloned())
    }

    async fn delete_extra(&self, id: ChunkId, name: Uuid) -> Result<(), JobError> {
        self.state().extras.remove(&(id, name));
        Ok(())
    }

    async fn corrections(&self, (job, part): PartId, from: u16) -> Result<Vec<Corrections>, JobError> {
        let range = ChunkId { job, part, chunk: from }..=ChunkId { job, part, chunk: u16::MAX };
        let mut state = self.state();
        state.reads.corrections += 1;
        Ok(state.corrections.range(range).map(|(_, row)| row.clone()).take(PAGE).collect())
    }

    async fn put_corrections(&self, row: &Corrections) -> Result<bool, JobError> {
        let mut state = self.state();
        let known = state.corrections.get(&row.id);
        if known.is_some_and(|known| known.version == row.version && format!("{known:?}") == format!("{row:?}")) {
            return Ok(true);
        }
        let next = known.map_or(0, |known| known.version) + 1 == row.version;
        if next {
            state.corrections.insert(row.id, row.clone());
        }
        Ok(next)
    }

    async fn park(&self, parked: &Parked) -> Result<(), JobError> {
        self.state().parked.insert((parked.id, parked.nonce), parked.body.clone());
        Ok(())
    }

    async fn parked(&self, (job, part): PartId) -> Result<Vec<Parked>, JobError> {
        let first = (ChunkId { job, part, chunk: 0 }, Uuid::nil());
        let last = (ChunkId { job, part, chunk: u16::MAX }, Uuid::max());
        let parked = |((id, nonce), body): (&(ChunkId, Uuid), &String)| Parked { id: *id, nonce: *nonce, body: body.clone() };
        Ok(self.state().parked.range(first..=last).map(parked).take(PAGE).collect())
    }

    async fn unpark(&self, id: ChunkId, nonce: Uuid) -> Result<(), JobError> {
        self.state().parked.remove(&(id, nonce));
        Ok(())
    }

    async fn care(&self, id: ChunkId) -> Result<Option<CareMark>, JobError> {
        Ok(self.state().cares.get(&id).cloned())
    }

    async fn put_care(&self, id: ChunkId, care: Option<&CareMark>) -> Result<(), JobError> {
        let mut state = self.state();
        match care {
            Some(care) => state.cares.insert(id, care.clone()),
            None => state.cares.remove(&id),
        };
        Ok(())
    }

    async fn jobs_of(&self, user_id: &UserId, after: Option<&str>, limit: usize) -> Result<FoundJobs, JobError> {
        let state = self.state();
        let mut places: Vec<IndexPlace> =
            state.jobs.values().filter(|job| job.user_id == *user_id).map(|job| place(job.created_at, job.id)).collect();
        places.sort_unstable_by(|a, b| b.cmp(a));
        Ok(page(places.into_iter().filter(|place| after.is_none_or(|after| key(*place).as_str() < after)), limit))
    }

    async fn candidates(&self, kind: Candidates, before: DateTime<Utc>, after: Option<&str>, limit: usize) -> Result<FoundJobs, JobError> {
        let state = self.state();
        let time = |job: &Job| match kind {
            Candidates::Watched => job.is_watched().then(|| state.moved[&job.id]),
            Candidates::Ended => (!job.is_watched()).then(|| state.moved[&job.id]),
        };
        let mut places: Vec<IndexPlace> =
            state.jobs.values().filter_map(|job| time(job).filter(|time| *time < before).map(|time| place(time, job.id))).collect();
        places.sort_unstable();
        Ok(page(places.into_iter().filter(|place| after.is_none_or(|after| key(*place).as_str() > after)), limit))
    }

    async fn delete_part(&self, id: PartId) -> Result<bool, JobError> {
        let mut state = self.state();
        let of_part = |chunk: &ChunkId| (chunk.job, chunk.part) == id;
        state.parts.remove(&id);
        state.outcomes.retain(|chunk, _| !of_part(chunk));
        state.extras.retain(|(chunk, _), _| !of_part(chunk));
        state.corrections.retain(|chunk, _| !of_part(chunk));
        state.parked.retain(|(chunk, _), _| !of_part(chunk));
        state.cares.retain(|chunk, _| !of_part(chunk));
        Ok(true)
    }

    async fn delete_job(&self, job: &Job) -> Result<(), JobError> {
        let mut state = self.state();
        state.params.remove(&job.id);
        state.keys.retain(|_, key| key.job != job.id);
        state.moved.remove(&job.id);
        state.jobs.remove(&job.id);
        Ok(())
    }
}

#[async_trait]
impl Cupboard for MemoryLedger {
    async fn kept(&self, key: &KeptKey) -> Result<Option<KeptRow>, JobError> {
        Ok(self.state().kept.get(key).cloned())
    }

    async fn put_kept(&self, key: &KeptKey, row: &KeptRow) -> Result<Written<KeptRow>, JobError> {
        let mut state = self.state();
        let known = state.kept.get(key);
        let follows = row.version == known.map_or(0, |known| known.version) + 1;
        if row.version == 0 || follows || known == Some(row) {
            state.kept.insert(key.clone(), row.clone());
            return Ok(Written::Applied(row.clone()));
        }
        Ok(known.cloned().map_or(Written::Gone, Written::Refused))
    }
}

/// A job in the order of a time: milliseconds since 1970, then the id. Its key, as text, sorts the same way.
type IndexPlace = (i64, JobId);

fn place(time: DateTime<Utc>, id: JobId) -> IndexPlace {
    (time.timestamp_millis(), id)
}

fn key((time_ms, id): IndexPlace) -> String {
    let time = DateTime::from_timestamp_millis(time_ms).unwrap_or_default();
    format!("{}#{id}", time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}

fn page(places: impl Iterator<Item = IndexPlace>, limit: usize) -> FoundJobs {
    let mut places: Vec<_> = places.take(limit + 1).collect();
    let more = places.len() > limit;
    places.truncate(limit);
    let next = places.last().filter(|_| more).map(|place| key(*place));
    FoundJobs { ids: places.into_iter().map(|(_, id)| id).collect(), next }
}
