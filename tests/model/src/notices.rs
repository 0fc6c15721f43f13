//! The notices in a job's row, as the table keeps them: a text, in which times are milliseconds. A model's times are hours.

use chrono::DateTime;
use headway_core::job::{Notices, RoundNotice, SendResult};
use serde_json::Value;

use crate::rows::JobRow;
use crate::shape::{NOW, Shape, aged, hour, time};

/// Only times are as large as this.
const TIMES_FROM: i64 = 1_000_000_000_000;

/// As a row of the model has them.
pub(crate) fn in_hours(notices: &Notices) -> String {
    if notices.is_empty() { String::new() } else { with_hours(&notices.to_json(), |hour| hour) }
}

/// As the job has them.
#[expect(clippy::expect_used, reason = "a text that was written here")]
pub(crate) fn real(row: &str) -> Notices {
    if row.is_empty() { Notices::default() } else { Notices::from_json(row).expect("notices") }
}

/// The job's notices if everything that is due had been told.
pub(crate) fn all_told(job: &JobRow, shape: &Shape) -> String {
    let job = job.real(shape);
    let told = |notices: Notices, due: RoundNotice| notices.with(due.after(&SendResult::Delivered, time(NOW)));
    in_hours(&job.due_notices().into_iter().fold(job.notices.clone(), told))
}

/// After so many hours have passed.
pub(crate) fn after_hours(row: &str, passed: u16) -> String {
    with_hours(row, |hour| aged(hour, passed))
}

/// The same for all times.
pub(crate) fn timeless(row: &str) -> String {
    with_hours(row, |_| NOW)
}

#[expect(clippy::expect_used, reason = "a text that was written here")]
fn with_hours(row: &str, change: impl Fn(u16) -> u16 + Copy) -> String {
    if row.is_empty() {
        return String::new();
    }
    let mut json: Value = serde_json::from_str(row).expect("JSON");
    change_times(&mut json, change);
    json.to_string()
}

fn change_times(json: &mut Value, change: impl Fn(u16) -> u16 + Copy) {
    match json {
        Value::Number(number) => {
            let is_time = number.as_i64().filter(|millis| *millis >= TIMES_FROM);
            if let Some(then) = is_time.and_then(DateTime::from_timestamp_millis) {
                *json = time(change(hour(then))).timestamp_millis().into();
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|one| change_times(one, change)),
        Value::Object(members) => members.values_mut().for_each(|one| change_times(one, change)),
        _ => {}
    }
}
