//! A round: four jobs at the same time, each submitted in another way, each followed to its end.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use futures::StreamExt as _;
use headway_testkit::home::{self, example};
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Answer, Api, Send};
use crate::auditor::Watch;
use crate::endpoint::{self, Endpoint};
use crate::killer::World;
use crate::plan::Plan;

/// How many items a part has, and a chunk in it.
const PART: u64 = 1_000;
const CHUNK: u64 = 50;
/// How many parts are sent at the same time.
const IN_FLIGHT: usize = 3;
/// How often a job is read.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(25);
const JSON: &str = "application/json";

/// A job that was acknowledged, and how it has to end.
#[derive(Debug)]
pub(crate) struct Acknowledged {
    pub(crate) id: String,
    pub(crate) total: u64,
    /// Its parts by number: their first indexes, and their items.
    pub(crate) parts: Vec<(u64, u64)>,
    pub(crate) end: End,
}

/// How a job has to end.
#[derive(Debug)]
pub(crate) enum End {
    /// These items failed, all others succeeded; of those, these have outputs.
    Completed { failed: BTreeSet<u64>, outputs: BTreeSet<u64>, by_endpoint: bool },
    /// Finished items are counted, and nothing begins any more.
    Cancelled,
}

/// Runs one round to its end.
pub(crate) async fn round(api: &Api, world: &World, endpoint: &Endpoint, plan: Plan, number: u64) -> Vec<Acknowledged> {
    let few = plan.items / 10;
    let (streamed, whole, command, cancelled) = futures::join!(
        streamed(api, world, plan.items, number),
        whole(api, world, few.min(20_000), number),
        by_command(api, world, number),
        cancelled(api, world, endpoint, few.max(5 * PART), number),
    );
    vec![streamed, whole, command, cancelled]
}

/// In parts. Each is sent again until it is acknowledged, and sometimes once more after that.
async fn streamed(api: &Api, world: &World, items: u64, number: u64) -> Acknowledged {
    let schema = json!({"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}});
    let body = json!({"processor": "json-schema", "params": {"schema": schema}, "sealed": false, "chunkSize": CHUNK,
        "toleratedFailures": {"count": items}});
    let id = start(api, &body, &format!("streamed-{number}")).await;
    let job = Job { api, world, id: &id };
    let parts = places(items);
    let (_, ()) = futures::join!(job.follow(), async {
        job.put_all(&parts, |index| if is_bad(index) { format!("{{\"n\":\"no {index}\"}}") } else { format!("{{\"n\": {index}}}") }).await;
        job.seal(parts.len()).await;
    });
    let (failed, outputs) = (0..items).partition(|index| is_bad(*index));
    Acknowledged { id, total: items, parts, end: End::Completed { failed, outputs, by_endpoint: false } }
}

/// With all its items in one body.
async fn whole(api: &Api, world: &World, items: u64, number: u64) -> Acknowledged {
    let list: Vec<Value> = (0..items).map(|index| json!({"n": index})).collect();
    let body = json!({"processor": "http", "params": {"endpoint": "test"}, "items": list, "chunkSize": endpoint::CHUNK,
        "toleratedFailures": {"percentage": 100}});
    let id = start(api, &body, &format!("whole-{number}")).await;
    Job { api, world, id: &id }.follow().await;
    let failed = (0..items).filter(|index| endpoint::is_bad(*index)).collect();
    let outputs = (0..items).filter(|index| endpoint::has_output(*index)).collect();
    let in_part = 80 * endpoint::CHUNK;
    let parts = (0..items.div_ceil(in_part)).map(|part| (part * in_part, in_part.min(items - part * in_part))).collect();
    Acknowledged { id, total: items, parts, end: End::Completed { failed, outputs, by_endpoint: true } }
}

/// By the command, which is started again when it gives up.
async fn by_command(api: &Api, world: &World, number: u64) -> Acknowledged {
    let (file, schema, key) = (example("planes.csv"), example("planes.schema.json"), format!("command-{number}"));
    let words =
        ["submit", &file, "--processor", "json-schema", "--params", &schema, "--tolerate", "80", "--idempotency-key", &key, "--json"];
    world.live.fetch_add(1, SeqCst);
    let job = loop {
        let mut command: Command = world.home.command(&words);
        command.env("HEADWAY_URL", &world.url).env("HEADWAY_TOKEN", &world.token);
        let ended = tokio::task::spawn_blocking(move || home::run(command, "")).await.unwrap();
        match ended.code {
            Some(0) => break serde_json::from_str::<Value>(ended.stdout.trim()).unwrap(),
            Some(3) => {}
            other => panic!("the command ended with {other:?}: {} {}", ended.stdout, ended.stderr),
        }
    };
    world.live.fetch_sub(1, SeqCst);
    let id = job["id"].as_str().unwrap().to_owned();
    let answer = api.get(&format!("jobs/{id}")).await;
    assert_eq!(answer.body, job, "the end that the command was told is final");
    let rows = std::fs::read_to_string(&file).unwrap();
    let failed = rows.lines().skip(1).zip(0..).filter(|(row, _)| row.split(',').nth(1) == Some("NA")).map(|(_, index)| index).collect();
    let total = rows.lines().count() as u64 - 1;
    let outputs = (0..total).filter(|index| !BTreeSet::contains(&failed, index)).collect();
    Acknowledged { id, total, parts: vec![(0, total)], end: End::Completed { failed, outputs, by_endpoint: false } }
}

/// Cancelled when some of its parts are there.
async fn cancelled(api: &Api, world: &World, endpoint: &Endpoint, items: u64, number: u64) -> Acknowledged {
    let body = json!({"processor": "http", "params": {"endpoint": "test"}, "sealed": false, "chunkSize": CHUNK,
        "toleratedFailures": {"count": items}});
    let id = start(api, &body, &format!("cancelled-{number}")).await;
    let job = Job { api, world, id: &id };
    let parts = places(items);
    let (_, ()) = futures::join!(job.follow(), async {
        job.put_all(&parts, |index| index.to_string()).await;
        let answer = job.act("cancel").await;
        assert_eq!((answer.status, answer.body["status"].as_str()), (200, Some("Cancelled")), "{answer:?}");
        endpoint.cancelled(&id);
    });
    Acknowledged { id, total: items, parts, end: End::Cancelled }
}

fn is_bad(index: u64) -> bool {
    // One here and there, and one whole chunk.
    index % 37 == 5 || (500..500 + CHUNK).contains(&index)
}

fn places(items: u64) -> Vec<(u64, u64)> {
    (0..items.div_ceil(PART)).map(|part| (part * PART, PART.min(items - part * PART))).collect()
}

async fn start(api: &Api, body: &Value, key: &str) -> String {
    let send = Send { key: Some(key.to_owned()), media_type: JSON, body: body.to_string() };
    let first = api.call(Method::POST, "jobs", &send).await;
    assert_eq!(first.status, 202, "{first:?}");
    let again = api.call(Method::POST, "jobs", &send).await;
    assert_eq!((again.status, &again.body["id"]), (202, &first.body["id"]), "the same key gave another job");
    first.body["id"].as_str().unwrap().to_owned()
}

/// A job that is being submitted and followed.
struct Job<'a> {
    api: &'a Api,
    world: &'a World,
    id: &'a str,
}

impl Job<'_> {
    async fn put_all(&self, parts: &[(u64, u64)], item: impl Fn(u64) -> String) {
        let puts = parts.iter().zip(0_u64..).map(|(&(first, items), number)| {
            let lines: Vec<String> = (first..first + items).map(&item).collect();
            self.put(number, first, lines.join("\n"))
        });
        futures::stream::iter(puts).buffer_unordered(IN_FLIGHT).collect::<()>().await;
    }

    async fn put(&self, number: u64, first: u64, body: String) {
        let path = format!("jobs/{}/parts/{number}?firstIndex={first}", self.id);
        let send = Send { media_type: "application/x-ndjson", body, ..Send::default() };
        let answer = self.api.call(Method::PUT, &path, &send).await;
        assert!(matches!(answer.status, 200 | 201), "part {number} was refused: {answer:?}");
        self.world.progress.fetch_add(1, SeqCst);
        if number.is_multiple_of(4) {
            let again = self.api.call(Method::PUT, &path, &send).await;
            assert_eq!(again.status, 200, "part {number} had been acknowledged: {again:?}");
        }
    }

    async fn seal(&self, parts: usize) {
        let path = format!("jobs/{}/seal", self.id);
        let send = Send { media_type: JSON, body: json!({"parts": parts}).to_string(), ..Send::default() };
        let answer = self.api.call(Method::POST, &path, &send).await;
        assert_eq!((answer.status, &answer.body["sealed"]), (200, &json!(true)), "{answer:?}");
    }

    async fn act(&self, action: &str) -> Answer {
        self.api.call(Method::POST, &format!("jobs/{}/{action}", self.id), &Send::default()).await
    }

    /// Reads it until it has ended.
    async fn follow(&self) {
        self.world.live.fetch_add(1, SeqCst);
        let mut watch = Watch::default();
        loop {
            let answer = self.api.get(&format!("jobs/{}", self.id)).await;
            assert_eq!(answer.status, 200, "an acknowledged job is gone: {answer:?}");
            self.world.progress.fetch_add(watch.look(&answer.body), SeqCst);
            if watch.has_ended() {
                break;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.world.live.fetch_sub(1, SeqCst);
    }
}
