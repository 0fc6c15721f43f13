//! Another owner: its jobs must complete as if no other owner used the server.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headway_testkit::home::LONG;
use reqwest::Method;
use serde_json::json;

use crate::stack::{Caller, Stack};

const LOOK_EVERY: Duration = Duration::from_millis(200);
/// The pause between two small jobs.
const PAUSE: Duration = Duration::from_secs(3);
/// A job that has not ended after this time never will.
const ENDS_WITHIN: Duration = Duration::from_secs(300);
const SMALL: [usize; 2] = [1, 100];
const LARGE: usize = 10_000;

/// The other owner.
#[derive(Clone)]
pub(crate) struct Neighbour {
    caller: Arc<Caller>,
}

/// The results of its jobs.
#[derive(Default)]
pub(crate) struct Ended {
    /// The time of each job, by its number of items.
    took: Vec<(usize, Duration)>,
    /// Jobs that did not end as they should.
    pub(crate) harmed: Vec<String>,
}

impl Neighbour {
    pub(crate) fn new(stack: &Arc<Stack>) -> Self {
        Self { caller: Arc::new(stack.caller("bob")) }
    }

    /// Runs small jobs one after another, and a large one meanwhile, until that moment; each size at least once.
    pub(crate) async fn go_on(self, until: Instant) -> Ended {
        let [one, hundred] = SMALL.map(|items| self.clone().again_and_again(items, until));
        let (one, hundred, large) = futures::join!(one, hundred, self.clone().again_and_again(LARGE, until));
        [one, hundred, large].into_iter().fold(Ended::default(), |mut all, ended| {
            all.took.extend(ended.took);
            all.harmed.extend(ended.harmed);
            all
        })
    }

    async fn again_and_again(self, items: usize, until: Instant) -> Ended {
        let mut ended = Ended::default();
        loop {
            let began = Instant::now();
            match self.job(items).await {
                Ok(()) => ended.took.push((items, began.elapsed())),
                Err(harm) => ended.harmed.push(format!("{items} items, after {:.1} s: {harm}", began.elapsed().as_secs_f64())),
            }
            if Instant::now() >= until {
                return ended;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// A job, from its submission to its end.
    async fn job(&self, items: usize) -> Result<(), String> {
        let schema = json!({"type": "object", "required": ["name"], "properties": {"n": {"type": "integer"}, "name": {"maxLength": 200}}});
        let list: Vec<_> = (0..items).map(|n| json!({"n": n, "name": format!("{n:0>160}")})).collect();
        let body = json!({"processor": "json-schema", "params": {"schema": schema}, "items": list}).to_string();
        let key = format!("{:032x}", fastrand::u128(..));
        let started = self.patiently(Method::POST, "jobs", &key, &body).await?;
        let id = started["id"].as_str().ok_or_else(|| format!("refused: {started}"))?;
        let until = Instant::now() + ENDS_WITHIN;
        loop {
            let job = self.patiently(Method::GET, &format!("jobs/{id}"), &key, "").await?;
            if job["completedAt"].is_string() {
                let right = job["status"] == "Completed" && job["processedItems"] == items && job["failedItems"] == 0;
                return if right { Ok(()) } else { Err(job.to_string()) };
            }
            if Instant::now() > until {
                return Err(format!("it does not end: {job}"));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Repeats the call until it is answered, as a client does.
    async fn patiently(&self, method: Method, path: &str, key: &str, body: &str) -> Result<serde_json::Value, String> {
        let until = Instant::now() + LONG;
        loop {
            let headers = [("content-type", "application/json"), ("idempotency-key", key)];
            let answer = self.caller.send(method.clone(), path, headers, body.as_bytes().to_vec()).await;
            match answer {
                Some((status, body)) if status < 500 && status != 429 => return Ok(body),
                told if Instant::now() > until => return Err(format!("no answer to {method} {path}: {told:?}")),
                _ => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }
}

impl Ended {
    /// The longest time of a small job.
    pub(crate) fn slowest_small(&self) -> Duration {
        self.took.iter().filter(|(items, _)| SMALL.contains(items)).map(|(_, took)| *took).max().unwrap_or_default()
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for items in SMALL.into_iter().chain([LARGE]) {
            let mut took: Vec<f64> = self.took.iter().filter(|(of, _)| *of == items).map(|(_, took)| took.as_secs_f64()).collect();
            took.sort_by(f64::total_cmp);
            let at = |share: usize| took.get((took.len().max(1) - 1) * share / 100).copied().unwrap_or_default();
            write!(f, "{} jobs of {items}: median {:.1} s, longest {:.1} s; ", took.len(), at(50), at(100))?;
        }
        write!(f, "{} harmed", self.harmed.len())
    }
}
