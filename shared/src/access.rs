//! Who may see a job. For anybody else the job does not exist. Only this file decides it.

use std::ops::Deref;

use crate::app::App;
use crate::error::JobError;
use crate::ids::{JobId, UserId};
use crate::job::Job;

/// Who asks for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer<'a> {
    /// An owner, who sees only own jobs.
    Owner(&'a UserId),
    /// The bearer of a token for one job. The token names the owner, and the generation of tokens that it belongs to.
    Bearer {
        /// The job's owner.
        owner: &'a UserId,
        /// The job's [`Job::token_generation`] when the token was made.
        generation: u32,
    },
    /// An operator, who sees the state of every job. Items, results, retries and deletions need an owner.
    Operator,
}

impl Viewer<'_> {
    /// True if a job of this owner exists for the viewer.
    pub fn sees(self, owner: &UserId) -> bool {
        match self {
            Self::Owner(user_id) | Self::Bearer { owner: user_id, .. } => user_id == owner,
            Self::Operator => true,
        }
    }
}

impl<'a> From<&'a UserId> for Viewer<'a> {
    fn from(user_id: &'a UserId) -> Self {
        Self::Owner(user_id)
    }
}

/// The row of a job that belongs to the caller, as read for that check. Only [`App::owned`] creates one, so a use-case
/// that takes it cannot be called without the check.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnedJob(Job);

impl OwnedJob {
    /// The row.
    pub fn into_job(self) -> Job {
        self.0
    }
}

impl Deref for OwnedJob {
    type Target = Job;

    fn deref(&self) -> &Job {
        &self.0
    }
}

impl App {
    /// The row of a job of this owner, without the reads that exact counts need. An operator owns no job.
    ///
    /// # Errors
    ///
    /// As [`Self::visible`].
    pub async fn owned<'a>(&self, owner: impl Into<Viewer<'a>>, id: JobId) -> Result<OwnedJob, JobError> {
        match owner.into() {
            Viewer::Operator => Err(JobError::NotFound),
            owner => self.visible(owner, id).await.map(OwnedJob),
        }
    }

    /// The row of a job that exists for the viewer.
    ///
    /// # Errors
    ///
    /// [`JobError::NotFound`] if there is none, also if it is another owner's. [`JobError::TokenEnded`].
    pub async fn visible(&self, viewer: Viewer<'_>, id: JobId) -> Result<Job, JobError> {
        let row = self.ledger.job(id).await?;
        let job = row.filter(|job| !job.is_gone(self.clock.now()) && viewer.sees(&job.user_id)).ok_or(JobError::NotFound)?;
        match viewer {
            Viewer::Bearer { generation, .. } if generation != job.token_generation => Err(JobError::TokenEnded),
            _ => Ok(job),
        }
    }
}
