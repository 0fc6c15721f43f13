//! A job of long ago, for the sweep.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headway_core::jobs::Jobs;
use headway_core::submit::{Submission, start_job};
use headway_core::{App, Clock, JobId, Options, ProcessorInfo, SystemClock, ToleratedFailures, UserId};
use serde_json::value::RawValue;
use uuid::Uuid;

/// Longer ago than ended jobs are kept.
const AGO: TimeDelta = TimeDelta::days(40);

#[derive(Debug)]
struct LongAgo;

impl Clock for LongAgo {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() - AGO
    }

    fn fresh_id(&self) -> Uuid {
        SystemClock.fresh_id()
    }
}

/// Starts a job without items, which ends at once, as if 40 days ago.
pub(crate) async fn ended_job(app: &App) -> JobId {
    let jobs = Arc::new(Jobs::new(app.ledger.clone(), Arc::new(LongAgo)));
    let app = App { jobs, clock: Arc::new(LongAgo), ..app.clone() };
    let app = app.with_processors(vec![ProcessorInfo::new("json-schema", &Options::default())]);
    let job = start_job(&app, without_items()).await.unwrap();
    assert!(job.is_terminal());
    job.id
}

fn without_items() -> Submission {
    Submission {
        user_id: UserId::new("me").unwrap(),
        created_by: "me".to_owned(),
        processor: "json-schema".to_owned(),
        params: RawValue::from_string("{}".to_owned()).unwrap().into(),
        items: Some(Vec::new()),
        expected_items: None,
        id_field: None,
        tolerated: ToleratedFailures::default(),
        chunk_size: None,
        title: None,
        metadata: None,
        callback: None,
        key: None,
    }
}
