//! The repository of jobs, in which something else happens between the reading of a row and a write to it.

use std::fmt::{self, Debug, Formatter};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use headway_core::job::JobWrite;
use headway_core::jobs::{Created, JobPage, JobQuery, NewJob};
use headway_core::ledger::Written;
use headway_core::part::{Part, PartWrite};
use headway_core::{App, Job, JobError, JobId, JobRepository, PartId, UserId};

pub(crate) struct Meanwhile {
    inner: Arc<dyn JobRepository>,
    /// Before which write.
    at: fn(&JobWrite) -> bool,
    /// What happens, once.
    act: Mutex<Option<BoxFuture<'static, ()>>>,
}

impl Meanwhile {
    /// Does this before the first such write, and nothing more.
    pub(crate) fn before(app: &App, at: fn(&JobWrite) -> bool, act: impl Future<Output = ()> + Send + 'static) -> Arc<Self> {
        Arc::new(Self { inner: app.jobs.clone(), at, act: Mutex::new(Some(act.boxed())) })
    }
}

impl Debug for Meanwhile {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Meanwhile")
    }
}

#[async_trait]
impl JobRepository for Meanwhile {
    async fn create(&self, new: NewJob) -> Result<Created, JobError> {
        self.inner.create(new).await
    }

    async fn get(&self, id: JobId) -> Result<Option<Job>, JobError> {
        self.inner.get(id).await
    }

    async fn exact(&self, row: Job) -> Result<Option<Job>, JobError> {
        self.inner.exact(row).await
    }

    async fn get_by_user(&self, user_id: &UserId, query: &JobQuery) -> Result<JobPage, JobError> {
        self.inner.get_by_user(user_id, query).await
    }

    async fn update_status(&self, id: JobId, change: &JobWrite) -> Result<Written<Job>, JobError> {
        let act = if (self.at)(change) { self.act.lock().unwrap().take() } else { None };
        if let Some(act) = act {
            act.await;
        }
        self.inner.update_status(id, change).await
    }

    async fn add_part(&self, part: &Part) -> Result<Option<Part>, JobError> {
        self.inner.add_part(part).await
    }

    async fn update_progress(&self, id: PartId, change: &PartWrite) -> Result<Written<Part>, JobError> {
        self.inner.update_progress(id, change).await
    }

    async fn mark_completed(&self, job: &Job) -> Result<Written<Job>, JobError> {
        self.inner.mark_completed(job).await
    }

    async fn mark_failed(&self, job: &Job, error: String) -> Result<Written<Job>, JobError> {
        self.inner.mark_failed(job, error).await
    }

    async fn mark_cancelled(&self, job: &Job) -> Result<Written<Job>, JobError> {
        self.inner.mark_cancelled(job).await
    }

    async fn mark_abandoned(&self, job: &Job, untouched_since: DateTime<Utc>) -> Result<Written<Job>, JobError> {
        self.inner.mark_abandoned(job, untouched_since).await
    }

    async fn cleanup_old_jobs(&self, older_than: DateTime<Utc>) -> Result<usize, JobError> {
        self.inner.cleanup_old_jobs(older_than).await
    }
}
