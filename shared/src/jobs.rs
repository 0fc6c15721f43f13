//! The repository of jobs on top of any [`Ledger`]: all writes to job and part rows go through it.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use crate::clock::Clock;
use crate::error::{JobError, error_chain};
use crate::ids::{JobId, PartId, UserId};
use crate::job::{Job, JobStatus, JobWrite};
use crate::ledger::{Candidates, Ledger, SubmissionKey, Written};
use crate::limits::{DELETE_AFTER_GONE, END_WRITTEN_WITHIN};
use crate::part::{Part, PartWrite};
use crate::time::timeout;

/// How many jobs one call of [`JobRepository::cleanup_old_jobs`] deletes at most.
pub const CLEANED_UP_PER_CALL_MAX: usize = 100;
/// How often jobs are read for one page, until one has the wanted status.
const READS_PER_PAGE_MAX: usize = 10;
/// How often the write that ends a job is made again if it takes long.
const END_TRIES_MAX: u32 = 5;
/// A live job with more unfinished parts than this is listed with the counts of its row only.
pub(crate) const PARTS_PER_LISTED_JOB_MAX: usize = 10;
/// A page of jobs is cut before its ended jobs have more unfinished parts than this together, since all of them are read. One job
/// has up to 1,000.
const ENDED_PARTS_PER_PAGE_MAX: usize = 2_000;

/// A job to be created.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its row.
    pub job: Job,
    /// Its processor's params.
    pub params: Arc<RawValue>,
    /// The `Idempotency-Key` that the caller gave, if any.
    pub key: Option<SubmissionKey>,
}

/// The result of creating a job.
#[derive(Debug, Clone)]
pub enum Created {
    /// The job was created.
    New(Job),
    /// The key has started a job before: that job's row, and the key's row.
    Known(Job, SubmissionKey),
}

/// Which jobs of an owner to list.
#[derive(Debug, Clone, Default)]
pub struct JobQuery {
    /// Only jobs with this status.
    pub status: Option<JobStatus>,
    /// After this position, from an earlier page.
    pub after: Option<String>,
    /// The most jobs in a page. As many are read at a time, before the status is checked.
    pub page_size: usize,
}

/// A page of jobs. It may be short or even empty; only `next: None` is the end.
#[derive(Debug, Clone, Default)]
pub struct JobPage {
    /// The jobs, newest first.
    pub jobs: Vec<Job>,
    /// The position at which to continue.
    pub next: Option<String>,
}

/// Jobs, as the use-cases see them.
#[async_trait]
pub trait JobRepository: Send + Sync + Debug {
    /// Creates a job, unless its key started one before that still exists.
    async fn create(&self, new: NewJob) -> Result<Created, JobError>;

    /// The job with exact counts: reads its row first, then the parts that are not rolled up into it.
    async fn get(&self, id: JobId) -> Result<Option<Job>, JobError>;

    /// The job of this row with exact counts: its parts are read after it. The row is read again only if a part is already in
    /// a later round. `None` if the job is gone.
    async fn exact(&self, row: Job) -> Result<Option<Job>, JobError>;

    /// An owner's jobs, newest first. The counts of a live job with more than 10 unfinished parts may lag by whole parts; those
    /// of an ended job are exact. A page is short if its ended jobs have very many unfinished parts.
    async fn get_by_user(&self, user_id: &UserId, query: &JobQuery) -> Result<JobPage, JobError>;

    /// Changes a job's status, if the job allows it.
    async fn update_status(&self, id: JobId, change: &JobWrite) -> Result<Written<Job>, JobError>;

    /// Adds a part. If a part with that number exists, it is not changed and is returned.
    async fn add_part(&self, part: &Part) -> Result<Option<Part>, JobError>;

    /// Changes a part, for example by settling a chunk. With many workers, writing absolute counts would lose updates.
    async fn update_progress(&self, id: PartId, change: &PartWrite) -> Result<Written<Part>, JobError>;

    /// Ends the job in the round in which it was read, if all its parts are rolled up. Call [`crate::end::end`]
    /// instead.
    async fn mark_completed(&self, job: &Job) -> Result<Written<Job>, JobError>;

    /// Ends the job in the round in which it was read, whatever is left of it. Call [`crate::end::end`] instead.
    async fn mark_failed(&self, job: &Job, error: String) -> Result<Written<Job>, JobError>;

    /// Ends the job because its user cancels it. Call [`crate::end::end`] instead.
    async fn mark_cancelled(&self, job: &Job) -> Result<Written<Job>, JobError>;

    /// Ends an unsealed job whose row has not changed since. Call [`crate::end::end`] instead.
    async fn mark_abandoned(&self, job: &Job, untouched_since: DateTime<Utc>) -> Result<Written<Job>, JobError>;

    /// Deletes jobs that expired before `older_than`, with all their rows; a limited number in each call. Returns how
    /// many were deleted completely. Continues where an earlier call stopped.
    async fn cleanup_old_jobs(&self, older_than: DateTime<Utc>) -> Result<usize, JobError>;
}

/// The repository on a ledger.
#[derive(Debug, Clone)]
pub struct Jobs {
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
}

impl Jobs {
    /// With this ledger and this clock.
    pub fn new(ledger: Arc<dyn Ledger>, clock: Arc<dyn Clock>) -> Self {
        Self { ledger, clock }
    }

    /// The jobs that match among the next ones of their owner.
    async fn listed(&self, user_id: &UserId, query: &JobQuery) -> Result<JobPage, JobError> {
        let now = self.clock.now();
        let listed = |job: &Job| !job.is_gone(now) && job.user_id == *user_id && query.status.is_none_or(|status| job.status == status);
        let mut limit = query.page_size;
        let (found, jobs) = loop {
            let found = self.ledger.jobs_of(user_id, query.after.as_deref(), limit).await?;
            let mut rows = self.ledger.rows(&found.ids, &[]).await?.jobs;
            let jobs: Vec<Job> = found.ids.iter().filter_map(|id| rows.remove(id)).filter(listed).collect();
            match first_too_many(&jobs).and_then(|job| found.ids.iter().position(|id| *id == job.id)) {
                Some(before) => limit = before,
                None => break (found, jobs),
            }
        };
        let mut jobs = count_listed(self, self.ledger.as_ref(), jobs).await?;
        jobs.retain(listed);
        Ok(JobPage { jobs, next: found.next })
    }

    async fn row(&self, id: JobId) -> Result<Option<Job>, JobError> {
        let row = self.ledger.job(id).await?;
        Ok(row.filter(|job| !job.is_gone(self.clock.now())))
    }

    /// The time of the end is that of the write's beginning, and numbers are final some seconds after it. So a write that
    /// takes long is given up, and made again with another time. If the first one was applied after all, the second is
    /// refused by the ended job.
    async fn end(&self, job: &Job, write: JobWrite) -> Result<Written<Job>, JobError> {
        for _ in 0..END_TRIES_MAX {
            match timeout(END_WRITTEN_WITHIN, self.update_status(job.id, &write)).await {
                Ok(written) => return written,
                Err(_) => tracing::warn!(job_id = %job.id, "ending a job took long, and is tried again"),
            }
        }
        Err(JobError::unavailable("the table: ending a job", "it did not answer in time"))
    }

    async fn delete(&self, job: &Job) -> Result<(), JobError> {
        for part in 0..job.top_part.map_or(0, |top| top + 1) {
            while !self.ledger.delete_part((job.id, part)).await? {}
        }
        self.ledger.delete_job(job).await
    }
}

#[async_trait]
impl JobRepository for Jobs {
    async fn create(&self, new: NewJob) -> Result<Created, JobError> {
        let NewJob { job, params, key } = new;
        let mut replacing = None;
        loop {
            let Some(known) = self.ledger.create(&job, &params, key.as_ref(), replacing).await? else {
                return Ok(Created::New(job));
            };
            match self.row(known.job).await? {
                Some(job) => return Ok(Created::Known(job, known)),
                // The key's job is gone, so the key may be used again.
                None => replacing = Some(known.job),
            }
        }
    }

    async fn get(&self, id: JobId) -> Result<Option<Job>, JobError> {
        match self.row(id).await? {
            Some(row) => self.exact(row).await,
            None => Ok(None),
        }
    }

    async fn exact(&self, row: Job) -> Result<Option<Job>, JobError> {
        let mut row = Some(row);
        while let Some(job) = row {
            let parts = self.ledger.open_parts(&job).await?;
            if job.is_as_late_as(&parts) {
                return Ok(Some(job.count(&parts)));
            }
            row = self.row(job.id).await?;
        }
        Ok(None)
    }

    async fn get_by_user(&self, user_id: &UserId, query: &JobQuery) -> Result<JobPage, JobError> {
        let mut page = self.listed(user_id, query).await?;
        for _ in 1..READS_PER_PAGE_MAX {
            if !page.jobs.is_empty() || page.next.is_none() {
                break;
            }
            page = self.listed(user_id, &JobQuery { after: page.next, ..query.clone() }).await?;
        }
        Ok(page)
    }

    async fn update_status(&self, id: JobId, change: &JobWrite) -> Result<Written<Job>, JobError> {
        self.ledger.update_job(id, change, self.clock.now()).await
    }

    async fn add_part(&self, part: &Part) -> Result<Option<Part>, JobError> {
        self.ledger.put_part(part).await
    }

    async fn update_progress(&self, id: PartId, change: &PartWrite) -> Result<Written<Part>, JobError> {
        self.ledger.update_part(id, change, self.clock.now()).await
    }

    async fn mark_completed(&self, job: &Job) -> Result<Written<Job>, JobError> {
        self.end(job, JobWrite::End { round: job.round, retention_days: job.retention_days, tells: job.tells() }).await
    }

    async fn mark_failed(&self, job: &Job, error: String) -> Result<Written<Job>, JobError> {
        self.end(job, JobWrite::Fail { round: job.round, error }).await
    }

    async fn mark_cancelled(&self, job: &Job) -> Result<Written<Job>, JobError> {
        self.end(job, JobWrite::Cancel).await
    }

    async fn mark_abandoned(&self, job: &Job, untouched_since: DateTime<Utc>) -> Result<Written<Job>, JobError> {
        self.end(job, JobWrite::Abandon { untouched_since }).await
    }

    async fn cleanup_old_jobs(&self, older_than: DateTime<Utc>) -> Result<usize, JobError> {
        let now = self.clock.now();
        let found = self.ledger.candidates(Candidates::Ended, now, None, CLEANED_UP_PER_CALL_MAX).await?;
        let mut deleted = 0;
        for id in found.ids {
            // A job that cannot be deleted must not keep the others from being deleted.
            match self.clean_up(id, older_than, now).await {
                Ok(true) => {
                    deleted += 1;
                    tracing::info!(job_id = %id, "deleted a job");
                }
                Ok(false) => {}
                Err(error) => tracing::error!(job_id = %id, error = error_chain(&error), "a job could not be deleted"),
            }
        }
        Ok(deleted)
    }
}

/// The first job, after at least one other, that makes the unfinished parts of the ended jobs too many for a page.
fn first_too_many(jobs: &[Job]) -> Option<&Job> {
    let mut parts = 0;
    jobs.iter().enumerate().find_map(|(i, job)| {
        parts += if job.is_terminal() { job.parts_not_rolled_up().len() } else { 0 };
        (i > 0 && parts > ENDED_PARTS_PER_PAGE_MAX).then_some(job)
    })
}

/// Jobs with their counts for a list. For a live job with many unfinished parts, they are the row's.
pub(crate) async fn count_listed(jobs: &dyn JobRepository, ledger: &dyn Ledger, rows: Vec<Job>) -> Result<Vec<Job>, JobError> {
    // An ended job keeps its unfinished parts, so its row never shows their counts.
    let counted = |job: &Job| Some(job.parts_not_rolled_up()).filter(|parts| job.is_terminal() || parts.len() <= PARTS_PER_LISTED_JOB_MAX);
    let ids: Vec<_> = rows.iter().flat_map(|job| counted(job).into_iter().flatten().map(|part| (job.id, part))).collect();
    let mut parts: BTreeMap<JobId, Vec<Part>> = BTreeMap::new();
    for part in ledger.parts(&ids).await?.into_values() {
        parts.entry(part.job).or_default().push(part);
    }
    let mut counted = Vec::new();
    for job in rows {
        let own = parts.remove(&job.id).unwrap_or_default();
        match job.is_as_late_as(&own) {
            true => counted.push(job.count(&own)),
            false => counted.extend(jobs.get(job.id).await?),
        }
    }
    Ok(counted)
}

impl Jobs {
    /// Deletes the job if it was deleted by its user or expired so long ago that no worker that saw it before is left.
    /// Returns whether it did.
    async fn clean_up(&self, id: JobId, older_than: DateTime<Utc>, now: DateTime<Utc>) -> Result<bool, JobError> {
        let Some(job) = self.ledger.job(id).await? else { return Ok(false) };
        // A row that is being deleted never changes, and an interrupted deletion continues at once.
        let forgotten = job.deleting.then_some(job.updated_at);
        let expired = job.expires_at.filter(|expires| *expires < older_than);
        let gone_since = forgotten.into_iter().chain(expired).min();
        if gone_since.is_none_or(|since| since >= now - DELETE_AFTER_GONE) {
            return Ok(false);
        }
        let job = match job.deleting {
            true => job,
            false => match self.update_status(id, &JobWrite::Delete { round: job.round }).await? {
                Written::Applied(job) => job,
                _ => return Ok(false),
            },
        };
        self.delete(&job).await.map(|()| true)
    }
}
