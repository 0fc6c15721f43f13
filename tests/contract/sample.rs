//! Sample rows. Ids and owners are new each time, so that tests may share a table.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use headway_core::job::{Job, JobWrite, Notices, RoundCounts};
use headway_core::ledger::SubmissionKey;
use headway_core::outcome::{Failure, FailureKind, ItemResult, Outcome, OutputRecord};
use headway_core::part::{Part, Register};
use headway_core::submit::Submission;
use headway_core::{ChunkId, Item, ItemError, ItemProcessor, JobId, Output, ToleratedFailures, UserId};
pub(crate) use headway_testkit::{HeldClock, raw};
use uuid::Uuid;

/// This many seconds after the beginning of these tests' time.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

/// An owner that no other test has.
pub(crate) fn owner() -> UserId {
    UserId::new(format!("user {}", Uuid::new_v4())).unwrap()
}

/// A job of that owner, created at `at(seconds)`.
pub(crate) fn job_of(owner: &UserId, seconds: i64) -> Job {
    let mut job = Job::new(JobId(Uuid::new_v4()), owner.clone(), 10, at(seconds));
    job.processor = "json-schema".to_owned();
    job
}

/// A job of a new owner, created at `at(0)`.
pub(crate) fn job() -> Job {
    job_of(&owner(), 0)
}

/// Leaves a round of which nothing was told and no failure was corrected.
pub(crate) fn retry(round: u32, processed: u64, rounds: Vec<RoundCounts>) -> JobWrite {
    let nobody = Notices::default();
    JobWrite::Retry { round, processed, read: nobody.clone(), notices: nobody, corrected: [].into(), rounds }
}

/// A part of `chunks` chunks of 10 items.
pub(crate) fn part(job: JobId, number: u32, chunks: u16) -> Part {
    Part {
        job,
        number,
        first_index: u64::from(number) * 10 * u64::from(chunks),
        items: u32::from(chunks) * 10,
        chunks,
        bytes: 20 * u32::from(chunks),
        fingerprint: "f".repeat(32),
        round: 1,
        registers: [].into(),
        sent: false,
        waiting_for: None,
        stall: None,
        updated_at: at(0),
    }
}

/// A register of an outcome row.
pub(crate) fn shows(version: u64, processed: u16, failed: u16) -> Register {
    Register::at_rest(version, processed + failed == 10, processed, failed)
}

/// The row of an idempotency key.
pub(crate) fn key(job: &Job, key_hash: &str) -> SubmissionKey {
    SubmissionKey { user_id: job.user_id.clone(), key_hash: key_hash.to_owned(), job: job.id, fingerprint: "b".repeat(64) }
}

/// An outcome of a chunk of 10 items with one failure and one output, before it is first written.
pub(crate) fn outcome(job: JobId, part: u32, chunk: u16) -> Outcome {
    let mut outcome = Outcome::new(ChunkId { job, part, chunk }, 0, 10);
    let failure = Failure::new(FailureKind::Permanent, "/year", "missing: \u{1F980}", 2, Some("ZRH".to_owned()), raw(r#"{"a":  1.0}"#));
    let output = OutputRecord { id: None, output: Some(raw("[1.50]")) };
    outcome.merge([(3, ItemResult::Failed(failure)), (4, ItemResult::Processed(Some(output))), (5, ItemResult::Processed(None))], 1);
    outcome.version = 1;
    outcome
}

/// A processor that does nothing.
pub(crate) struct Succeeds;

#[async_trait]
impl ItemProcessor for Succeeds {
    async fn process(&self, _: Item) -> Result<Output, ItemError> {
        Ok(Output::None)
    }
}

/// The submission of a job of one item.
pub(crate) fn submission(owner: &UserId) -> Submission {
    Submission { tolerated: ToleratedFailures::Count(0), ..Submission::new(owner.clone(), "succeeds", Some(vec![raw("1")])) }
}
