//! An old job, for the sweep.

use std::sync::Arc;

use chrono::TimeDelta;
use headway_core::jobs::Jobs;
use headway_core::submit::{Submission, start_job};
use headway_core::{App, Clock as _, JobId, Options, ProcessorInfo, SystemClock, UserId};
use headway_testkit::HeldClock;

/// Longer ago than ended jobs are kept.
const AGO: TimeDelta = TimeDelta::days(40);

/// Starts a job without items, which ends at once, with the time of 40 days ago.
pub(crate) async fn ended_job(app: &App) -> JobId {
    let clock = HeldClock::at(SystemClock.now() - AGO);
    let jobs = Arc::new(Jobs::new(app.ledger.clone(), clock.clone()));
    let app = App { jobs, clock, ..app.clone() };
    let app = app.with_processors(vec![ProcessorInfo::new("json-schema", &Options::default())]);
    let job = start_job(&app, Submission::new(UserId::new("me").unwrap(), "json-schema", Some(Vec::new()))).await.unwrap();
    assert!(job.is_terminal());
    job.id
}
