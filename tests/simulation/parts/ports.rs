//! Parts behind the ports: the table in memory, and a queue with SQS's semantics. Every port call is where faults strike.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use headway::chunk::ChunkId;
use headway::job::JobWrite;
use headway::ledger::memory::MemoryLedger;
use headway::ledger::{Candidates, Care, Found, Parked, PartId, Rows, Stray, SubmissionKey, Written};
use headway::outcome::Outcome;
use headway::part::{Part, PartWrite};
use headway::queue::Outgoing;
use headway::queue::memory::MemoryQueue;
use headway::quota::Usage;
use headway::work::Delivery;
use headway::{App, ChunkQueue, Job, JobError, JobId, JobStatus, Ledger, ProcessorInfo, UserId};
use serde_json::value::RawValue;
use tokio::time::Instant;
use uuid::Uuid;

use super::Parts;
use crate::faults::{Faults, Process};

/// The table and the queue, in memory.
pub(crate) struct Ports {
    faults: Faults,
    table: Arc<MemoryLedger>,
    queue: Arc<SimQueue>,
}

impl Ports {
    pub(crate) fn new(faults: Faults) -> Self {
        Self { faults, table: Arc::default(), queue: Arc::default() }
    }
}

#[async_trait(?Send)]
impl Parts for Ports {
    fn app(&self, process: &Process, processors: Vec<ProcessorInfo>) -> App {
        let ledger = SimLedger { process: process.clone(), table: self.table.clone() };
        let queue = SimSender { process: process.clone(), queue: self.queue.clone() };
        App::new(Arc::new(ledger), Arc::new(queue), Arc::new(process.clone())).with_processors(processors)
    }

    fn calm_app(&self, process: &Process) -> App {
        App::new(self.table.clone(), Arc::new(MemoryQueue::default()), Arc::new(process.clone()))
    }

    async fn receive(&self, most: u64, visibility: Duration) -> Vec<Delivery> {
        self.queue.receive(&self.faults, most, visibility)
    }

    async fn delete(&self, message_id: &str) {
        self.queue.delete(message_id);
    }

    async fn has_visible(&self) -> bool {
        self.queue.has_visible()
    }

    async fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

/// The table as one process reaches it.
#[derive(Debug)]
struct SimLedger {
    process: Process,
    table: Arc<MemoryLedger>,
}

impl SimLedger {
    fn saw(&self, name: &'static str) {
        self.process.faults.saw(name);
    }
}

#[async_trait]
impl Ledger for SimLedger {
    async fn rows(&self, jobs: &[JobId], parts: &[PartId]) -> Result<Rows, JobError> {
        self.process.call("rows", self.table.rows(jobs, parts)).await
    }

    async fn create(
        &self,
        job: &Job,
        params: &RawValue,
        key: Option<&SubmissionKey>,
        replacing: Option<JobId>,
    ) -> Result<Option<SubmissionKey>, JobError> {
        self.process.call("create", self.table.create(job, params, key, replacing)).await
    }

    async fn submission(&self, user_id: &UserId, key_hash: &str) -> Result<Option<SubmissionKey>, JobError> {
        self.process.call("submission", self.table.submission(user_id, key_hash)).await
    }

    async fn usage(&self, user_id: &UserId) -> Result<Option<Usage>, JobError> {
        self.process.call("usage", self.table.usage(user_id)).await
    }

    async fn put_usage(&self, usage: &Usage) -> Result<bool, JobError> {
        self.process.call("put_usage", self.table.put_usage(usage)).await
    }

    async fn update_job(&self, id: JobId, write: &JobWrite, now: DateTime<Utc>) -> Result<Written<Job>, JobError> {
        let written = self.process.call("update_job", self.table.update_job(id, write, now)).await?;
        match (write, &written) {
            (JobWrite::RollUp { .. }, Written::Refused(_)) => self.saw("ledger: roll-up refused"),
            (JobWrite::End { .. }, Written::Refused(_)) => self.saw("ledger: end refused"),
            _ => {}
        }
        Ok(written)
    }

    async fn put_part(&self, part: &Part) -> Result<Option<Part>, JobError> {
        self.process.call("put_part", self.table.put_part(part)).await
    }

    async fn update_part(&self, id: PartId, write: &PartWrite, now: DateTime<Utc>) -> Result<Written<Part>, JobError> {
        let written = self.process.call("update_part", self.table.update_part(id, write, now)).await?;
        match (write, &written) {
            (PartWrite::Clean { .. }, Written::Refused(_)) => self.saw("ledger: clean settle refused"),
            (PartWrite::Stamp { .. }, Written::Applied(_)) => self.saw("ledger: stamped"),
            (PartWrite::Stamp { .. }, Written::Refused(_)) => self.saw("ledger: stamp refused"),
            (PartWrite::Shadow { .. }, Written::Refused(_)) => self.saw("ledger: shadow refused"),
            (PartWrite::Clean { .. } | PartWrite::Shadow { .. }, Written::Applied(_)) => {
                let job = self.table.rows(&[id.0], &[]).await?.jobs.remove(&id.0);
                if job.is_some_and(|job| job.status == JobStatus::Cancelled) {
                    self.saw("ledger: cancel during a settle");
                }
            }
            _ => {}
        }
        Ok(written)
    }

    async fn params(&self, id: JobId) -> Result<Option<Arc<RawValue>>, JobError> {
        self.process.call("params", self.table.params(id)).await
    }

    async fn outcome(&self, id: ChunkId) -> Result<Option<Outcome>, JobError> {
        self.process.call("outcome", self.table.outcome(id)).await
    }

    async fn outcomes(&self, id: PartId, from: u16) -> Result<Vec<Outcome>, JobError> {
        self.process.call("outcomes", self.table.outcomes(id, from)).await
    }

    async fn put_outcome(&self, outcome: &Outcome) -> Result<bool, JobError> {
        let put = self.process.call("put_outcome", self.table.put_outcome(outcome)).await?;
        if !put {
            self.saw("ledger: merge raced");
        }
        Ok(put)
    }

    async fn park(&self, parked: &Parked) -> Result<(), JobError> {
        self.saw("ledger: parked");
        self.process.call("park", self.table.park(parked)).await
    }

    async fn parked(&self, id: PartId) -> Result<Vec<Parked>, JobError> {
        self.process.call("parked", self.table.parked(id)).await
    }

    async fn unpark(&self, id: ChunkId, nonce: Uuid) -> Result<(), JobError> {
        self.saw("ledger: parked sent again");
        self.process.call("unpark", self.table.unpark(id, nonce)).await
    }

    async fn care(&self, id: ChunkId) -> Result<Option<Care>, JobError> {
        self.process.call("care", self.table.care(id)).await
    }

    async fn put_care(&self, id: ChunkId, care: Option<&Care>) -> Result<(), JobError> {
        if let Some(care) = care {
            self.process.marks.lock().unwrap().insert(id, care.item);
        }
        if care.is_some_and(|care| care.strikes > 0) {
            self.saw("ledger: strike noted");
        }
        self.process.call("put_care", self.table.put_care(id, care)).await?;
        if care.is_none() {
            self.process.marks.lock().unwrap().remove(&id);
        }
        Ok(())
    }

    async fn jobs_of(&self, user_id: &UserId, after: Option<&str>, limit: usize) -> Result<Found, JobError> {
        self.process.call("jobs_of", self.table.jobs_of(user_id, after, limit)).await
    }

    async fn candidates(&self, kind: Candidates, before: DateTime<Utc>, after: Option<&str>, limit: usize) -> Result<Found, JobError> {
        self.process.call("candidates", self.table.candidates(kind, before, after, limit)).await
    }

    async fn delete_part(&self, id: PartId) -> Result<bool, JobError> {
        self.process.call("delete_part", self.table.delete_part(id)).await
    }

    async fn delete_job(&self, job: &Job) -> Result<(), JobError> {
        self.process.call("delete_job", self.table.delete_job(job)).await
    }

    async fn secret(&self, name: &str, fresh: &[u8]) -> Result<Vec<u8>, JobError> {
        self.process.call("secret", self.table.secret(name, fresh)).await
    }

    async fn keep_stray(&self, stray: &Stray, now: DateTime<Utc>) -> Result<(), JobError> {
        self.process.call("keep_stray", self.table.keep_stray(stray, now)).await
    }
}

/// A queue with visibility, receive counts, delay and dead letters; time is virtual.
#[derive(Debug, Default)]
struct SimQueue(Mutex<Vec<Held>>);

#[derive(Debug, Clone)]
struct Held {
    id: String,
    body: String,
    visible_at: Instant,
    received: u32,
    dead: bool,
}

/// Receives before a message is a dead letter.
const RECEIVES_MAX: u32 = 5;

impl SimQueue {
    fn put(&self, id: Uuid, message: Outgoing) {
        let visible_at = Instant::now() + message.delay;
        self.0.lock().unwrap().push(Held { id: id.to_string(), body: message.body, visible_at, received: 0, dead: false });
    }

    /// Whether every message was deleted.
    fn is_empty(&self) -> bool {
        self.0.lock().unwrap().is_empty()
    }

    /// Whether there is a message to be received now.
    fn has_visible(&self) -> bool {
        let now = Instant::now();
        self.0.lock().unwrap().iter().any(|message| message.visible_at <= now)
    }

    /// Up to `most` visible messages of one kind, picked at random and hidden for `visibility`, or not even that.
    fn receive(&self, faults: &Faults, most: u64, visibility: Duration) -> Vec<Delivery> {
        let mut held = self.0.lock().unwrap();
        let now = Instant::now();
        let mut visible: Vec<usize> = (0..held.len()).filter(|&i| held[i].visible_at <= now).collect();
        let mut batch = Vec::new();
        let mut dead = None;
        while (batch.len() as u64) < most && !visible.is_empty() {
            let message = &mut held[visible.swap_remove(faults.pick(visible.len() as u64) as usize)];
            if !message.dead && message.received >= RECEIVES_MAX {
                faults.saw("fault: dead letter");
                (message.dead, message.received) = (true, 0);
            }
            if *dead.get_or_insert(message.dead) != message.dead {
                continue;
            }
            message.received += 1;
            if !faults.strike("fault: duplicate delivery", 60) {
                message.visible_at = now + visibility;
            }
            let (message_id, body) = (message.id.clone(), message.body.clone());
            batch.push(Delivery { message_id, body, receive_count: message.received, dead_letter: message.dead });
        }
        batch
    }

    /// Deletes a message that was worked on.
    fn delete(&self, id: &str) {
        self.0.lock().unwrap().retain(|message| message.id != id);
    }
}

/// Sending, as one process does it.
#[derive(Debug)]
struct SimSender {
    process: Process,
    queue: Arc<SimQueue>,
}

#[async_trait]
impl ChunkQueue for SimSender {
    async fn send(&self, _group: &UserId, messages: Vec<Outgoing>) -> Result<(), JobError> {
        let faults = &self.process.faults;
        let all = messages.len();
        let sent = if faults.strike("fault: partial send", 30) { faults.pick(all as u64) as usize } else { all };
        let effect = async {
            for message in messages.into_iter().take(sent) {
                self.queue.put(faults.pick_id(), message);
            }
            if sent < all { Err(JobError::unavailable("the queue", "accepted only some")) } else { Ok(()) }
        };
        self.process.call("send", effect).await
    }
}
