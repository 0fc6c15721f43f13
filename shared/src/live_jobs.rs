//! The live jobs of all owners, the longest unchanged first: what an operator looks at when work does not progress.

use chrono::TimeDelta;

use crate::app::App;
use crate::error::JobError;
use crate::ids::JobId;
use crate::job::Job;
use crate::jobs::{JobPage, JobQuery, count_listed};
use crate::ledger::Candidates;
use crate::limits::ROWS_PER_READ;

/// How many jobs are sorted together. Beyond these the order is exact only within the next window.
const JOBS_PER_WINDOW: usize = 1_000;
/// The sweep's index has places in the future for jobs that are not due yet, but none as far away as this.
const AHEAD_MAX: TimeDelta = TimeDelta::days(366);

/// A page of live jobs; the first one has been unchanged for longest. A job that changes while a caller reads page
/// after page moves towards the end, so it may appear twice but is never left out.
///
/// # Errors
///
/// [`JobError::Unavailable`].
pub async fn list(app: &App, query: &JobQuery) -> Result<JobPage, JobError> {
    let from = query.after.as_deref().map(Position::parse).transpose()?.unwrap_or_default();
    let (ids, window_end) = window(app, from.window.as_deref()).await?;
    let now = app.clock.now();
    let listed = |job: &Job| job.is_live() && !job.is_gone(now) && query.status.is_none_or(|status| job.status == status);
    let rows = app.ledger.rows(&ids, &[]).await?.jobs.into_values().filter(listed).collect();
    let mut jobs = count_listed(app.jobs.as_ref(), app.ledger.as_ref(), rows).await?;
    jobs.retain(|job| listed(job) && from.after.is_none_or(|after| key(job) > after));
    jobs.sort_unstable_by_key(key);
    let is_last = jobs.len() <= query.page_size.max(1);
    jobs.truncate(query.page_size.max(1));
    let next = match jobs.last().filter(|_| !is_last) {
        Some(last) => Some(Position { after: Some(key(last)), window: from.window }),
        None => window_end.map(|end| Position { after: None, window: Some(end) }),
    };
    Ok(JobPage { jobs, next: next.map(|next| next.to_text()) })
}

/// The jobs of one window, and where the next window begins.
async fn window(app: &App, from: Option<&str>) -> Result<(Vec<JobId>, Option<String>), JobError> {
    let (mut ids, mut from) = (Vec::new(), from.map(str::to_owned));
    while ids.len() < JOBS_PER_WINDOW {
        let before = app.clock.now() + AHEAD_MAX;
        let found = app.ledger.candidates(Candidates::Watched, before, from.as_deref(), ROWS_PER_READ).await?;
        ids.extend(found.ids);
        from = found.next;
        if from.is_none() {
            break;
        }
    }
    Ok((ids, from))
}

/// A job's place in the list.
type Key = (i64, JobId);

fn key(job: &Job) -> Key {
    (job.updated_at.timestamp_millis(), job.id)
}

/// Where a list continues.
#[derive(Debug, Default, PartialEq)]
struct Position {
    /// After this job.
    after: Option<Key>,
    /// Among the jobs after this place in the sweep's index.
    window: Option<String>,
}

impl Position {
    fn to_text(&self) -> String {
        let after = self.after.map(|(millis, id)| format!("{millis} {id}")).unwrap_or_default();
        format!("{after}/{}", self.window.as_deref().unwrap_or_default())
    }

    fn parse(text: &str) -> Result<Self, JobError> {
        let unreadable = || JobError::corrupt("a list's position", "it is not one of this list");
        let (after, window) = text.split_once('/').ok_or_else(unreadable)?;
        let key = |text: &str| {
            let (millis, id) = text.split_once(' ')?;
            Some((millis.parse().ok()?, JobId::parse(id)?))
        };
        let after = if after.is_empty() { None } else { Some(key(after).ok_or_else(unreadable)?) };
        Ok(Self { after, window: Some(window.to_owned()).filter(|window| !window.is_empty()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_back_as_written() {
        let id = JobId::parse("7c9e6679-7425-40de-944b-e07fc1f90ae7").unwrap();
        for after in [None, Some((1_790_000_000_123, id)), Some((-1, id))] {
            for window in [None, Some("2026-11-24T08:00:00.000Z#job/1".to_owned())] {
                let position = Position { after, window };
                assert_eq!(Position::parse(&position.to_text()).unwrap(), position);
            }
        }
        for text in ["", "x/", "1 x/", "1/", " /"] {
            assert!(Position::parse(text).is_err(), "{text}");
        }
    }
}
