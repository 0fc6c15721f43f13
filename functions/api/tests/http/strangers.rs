//! Random calls of a stranger: every call on another owner's job is answered as if it did not exist, and no answer
//! shows anything of it. `make test-strangers` makes 100,000 of them.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::world::{Answer, World};

/// How many calls a run makes, unless `HEADWAY_CALLS` says otherwise.
const CALLS: usize = 6_000;
/// A text in every place of Ann's jobs that can contain one.
const CANARY: &str = "canary-7e57";

/// Ann's jobs, in every state that a job can have, and tokens and ETags that she was given.
struct Treasure {
    ids: Vec<String>,
    tokens: Vec<String>,
    tags: Vec<String>,
}

impl Treasure {
    async fn bury(world: &World) -> Self {
        let items = json!([{"n": CANARY}, {"fail": CANARY, "code": CANARY}, {"fail": CANARY}]);
        let members = json!({"items": items, "metadata": {"k": CANARY}, "params": {"p": CANARY}, "toleratedFailures": {"count": 9}});
        let completed = world.start_with(members.clone()).await;
        let failed = world.start(items.clone()).await;
        world.work().await;
        let cancelled = world.start_with(members.clone()).await;
        world.call("ann", "POST", &format!("/v1/jobs/{cancelled}/cancel")).await;
        let paused = world.start_with(members.clone()).await;
        world.call("ann", "POST", &format!("/v1/jobs/{paused}/pause")).await;
        let live = world.start_with(members).await;
        let open = world.start_with(json!({"sealed": false, "metadata": {"k": CANARY}})).await;
        world.put_part(&open, 0, 0, &format!("\"{CANARY}\"\n")).await;
        let (mut tokens, mut tags) = (Vec::new(), Vec::new());
        for path in ["/v1/jobs?pageSize=1".to_owned(), format!("/v1/jobs/{completed}/failures?pageSize=1")] {
            tokens.push(world.get(&path).await.json()["nextPageToken"].as_str().unwrap().to_owned());
        }
        let ids = vec![completed, failed, cancelled, paused, live, open];
        for id in &ids {
            tags.push(world.get(&format!("/v1/jobs/{id}")).await.header("etag").to_owned());
        }
        Self { ids, tokens, tags }
    }

    /// Everything that Ann can see.
    async fn seen(&self, world: &World) -> Vec<String> {
        let mut seen = vec![world.get("/v1/jobs?pageSize=100").await.body];
        for id in &self.ids {
            for path in ["", "/parts", "/failures", "/failures/groups", "/results", "/items"] {
                seen.push(world.get(&format!("/v1/jobs/{id}{path}")).await.body);
            }
        }
        seen
    }
}

struct Dice(fastrand::Rng);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0.usize(..end)
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    fn uuid(&mut self) -> String {
        uuid::Builder::from_random_bytes(std::array::from_fn(|_| self.0.u8(..))).into_uuid().to_string()
    }
}

/// A call with a placeholder for a job's id.
#[derive(Debug, Clone)]
struct Call {
    method: String,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Call {
    fn random(dice: &mut Dice, paths: &[String], treasure: &Treasure) -> Self {
        let methods = ["GET", "GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"];
        let numbers = ["0", "1", "01", "x", "4294967296"];
        let number = *dice.of(&numbers);
        let path = dice.of(paths).replace("{n}", number);
        let values = ["", "0", "1", "99999999999999999999", "-1", "csv", "ndjson", "Failed", "ann", "*", "%00", "%F0%9F%A6%80"];
        let names = ["pageSize", "format", "status", "owner", "firstIndex", "pageToken", "x"];
        let query: Vec<String> = (0..dice.below(4))
            .map(|_| match dice.below(4) {
                0 => format!("pageToken={}", dice.of(&treasure.tokens)),
                _ => format!("{}={}", dice.of(&names), dice.of(&values)),
            })
            .collect();
        let types = ["application/json", "application/x-ndjson", "text/plain", ""];
        let mut headers = vec![("content-type", (*dice.of(&types)).to_owned())];
        if dice.below(3) == 0 {
            headers.push(("if-none-match", dice.of(&treasure.tags).clone()));
        }
        if dice.below(4) == 0 {
            headers.push(("content-encoding", (*dice.of(&["gzip", "identity", "br"])).to_owned()));
        }
        let bodies = ["", "{}", r#"{"round":1}"#, r#"{"parts":1}"#, "1\n2\n", "[", "\u{feff}", r#"{"processor":"echo","items":[1]}"#];
        let body = (*dice.of(&bodies)).to_owned();
        Self { method: (*dice.of(&methods)).to_owned(), path: format!("{path}?{}", query.join("&")), headers, body }
    }

    async fn make(&self, world: &World, token: &str, id: &str) -> Answer {
        let request = Request::builder().method(self.method.as_str()).uri(self.path.replace("{job_id}", id));
        let request = request.header("authorization", format!("Bearer {token}"));
        let request = self.headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        world.send(request.body(Body::from(self.body.clone())).unwrap()).await
    }
}

/// An answer without what differs in every answer: the request's id, and the job's id that was asked for.
fn words(mut answer: Answer, id: &str) -> String {
    answer.headers.remove("x-request-id");
    format!("{} {:?} {}", answer.status, answer.headers, answer.body.replace(id, "{job_id}"))
}

#[tokio::test(start_paused = true)]
async fn random_calls_leak_nothing() {
    let calls = std::env::var("HEADWAY_CALLS").map_or(CALLS, |calls| calls.parse().unwrap());
    let world = World::new();
    let treasure = Treasure::bury(&world).await;
    let before = treasure.seen(&world).await;
    assert!(before.iter().any(|body| body.contains(CANARY)));
    let document = world.get("/openapi.json").await.json();
    let paths: Vec<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
    let mut dice = Dice(fastrand::Rng::with_seed(7));
    let bob = world.token("bob", &[]);
    let mut about_jobs = 0;
    for _ in 0..calls / 2 {
        let call = Call::random(&mut dice, &paths, &treasure);
        let (hers, nobodys) = (dice.of(&treasure.ids).clone(), dice.uuid());
        let one = words(call.make(&world, &bob, &hers).await, &hers);
        let other = words(call.make(&world, &bob, &nobodys).await, &nobodys);
        assert!(!one.contains(CANARY) && !treasure.ids.iter().any(|id| one.contains(id.as_str())), "{call:?}: {one}");
        if call.path.contains("{job_id}") {
            about_jobs += 1;
            assert_eq!(one, other, "{call:?}");
            assert!(!one.starts_with('2') || call.method == "OPTIONS", "{call:?}: {one}");
        }
    }
    assert!(about_jobs > calls / 4);
    assert_eq!(treasure.seen(&world).await, before, "nor was anything changed");
    let listed: Value = world.call("bob", "GET", "/v1/jobs").await.json();
    assert!(listed["jobs"].as_array().unwrap().iter().all(|job| job["createdBy"] == "bob"));
}
