//! Operators: with the scope `jobs:operate` they can see and hold every owner's job, but see no item.

use axum::body::Body;
use chrono::TimeDelta;
use http::Request;
use serde_json::{Value, json};

use crate::owners::{CALLS, call};
use crate::world::{Answer, World};

/// A text in every place of Ann's jobs that comes from items.
const CANARY: &str = "canary-7e57";
const OPERATE: &[&str] = &["jobs:operate"];
/// The calls on a job that an operator may make.
const ALLOWED: [(&str, &str); 7] = [
    ("GET", ""),
    ("HEAD", ""),
    ("POST", "/pause"),
    ("POST", "/resume"),
    ("POST", "/cancel"),
    ("GET", "/parts"),
    ("GET", "/failures/groups"),
];

async fn ask(world: &World, token: &str, method: &str, path: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
    world.send(request.body(Body::empty()).unwrap()).await
}

fn ids(list: &Value) -> Vec<&str> {
    list["jobs"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap()).collect()
}

/// Every call of the API's table. A call that the scope does not allow is answered as for a job that does not exist, or
/// with a missing scope.
#[tokio::test(start_paused = true)]
async fn the_scope_allows_its_calls_on_any_job_and_no_others() {
    for required in [false, true] {
        let world = World::with(|auth| if required { auth.with_scopes_required() } else { auth });
        let writer = world.token("ann", &["jobs:read", "jobs:write"]);
        let ops = world.token("ops", OPERATE);
        let absent = "00000000-0000-4000-8000-000000000000";
        for this in CALLS {
            let body = json!({"processor": "echo", "sealed": false}).to_string();
            let request = Request::post("/v1/jobs").header("authorization", format!("Bearer {writer}"));
            let started = world.send(request.header("content-type", "application/json").body(Body::from(body)).unwrap()).await.json();
            let id = started["id"].as_str().unwrap();
            let answer = call(&world, &ops, id, this).await;
            if ALLOWED.contains(&(this.0, this.1)) {
                assert_eq!(answer.status, 200, "{this:?}: {}", answer.body);
                continue;
            }
            let mut nothing = call(&world, &ops, absent, this).await;
            assert_eq!(answer.status, if required { 403 } else { 404 }, "{this:?}: {}", answer.body);
            assert_eq!(answer.body.replace(id, absent), nothing.body, "{this:?}");
            nothing.headers.remove("x-request-id");
            let mut headers = answer.headers;
            headers.remove("x-request-id");
            assert_eq!(headers, nothing.headers, "{this:?}");
        }
    }
}

/// What a job has cost so far is for operators alone: not even its owner sees it.
#[tokio::test(start_paused = true)]
async fn only_operators_see_what_a_job_costs() {
    let world = World::new();
    let id = world.start(json!([1, 2, 3])).await;
    let (ops, owner) = (world.token("ops", OPERATE), world.token("ann", &["jobs:read", "jobs:write"]));
    let cost = async |token: &str, path: &str| {
        let body = ask(&world, token, "GET", path).await.json();
        body.pointer("/jobs/0/cost").unwrap_or(&body["cost"]).clone()
    };
    let usd = |cost: &Value| cost["usd"].as_str().unwrap().parse::<f64>().unwrap();
    let path = format!("/v1/jobs/{id}");
    let before = cost(&ops, &path).await;
    let decimals = before["usd"].as_str().unwrap().split_once('.').map(|(_, decimals)| decimals.len());
    assert_eq!((decimals, &before["estimated"]), (Some(6), &json!(true)), "{before}");
    world.work().await;
    let after = cost(&ops, &path).await;
    assert!(usd(&before) > 0.0 && usd(&after) > usd(&before), "{before} {after}");
    assert_eq!(cost(&ops, "/v1/jobs?owner=ann").await, after);
    for path in ["/v1/jobs", &path] {
        assert_eq!(cost(&owner, path).await, Value::Null, "{path}");
    }
}

/// Item texts appear in many answers: outputs, failures, the error that ended a job.
#[tokio::test(start_paused = true)]
async fn no_item_is_shown() {
    let world = World::new();
    let items = json!([{"n": CANARY}, {"fail": CANARY, "code": "bad"}, {"fail": CANARY}]);
    let tolerant = world.start_with(json!({"items": items, "toleratedFailures": {"count": 9}})).await;
    let failed = world.start(items).await;
    world.work().await;
    let ops = world.token("ops", OPERATE);
    for id in [&tolerant, &failed] {
        for path in ["", "/parts", "/failures", "/failures?format=csv", "/failures/groups", "/results", "/items"] {
            let answer = ask(&world, &ops, "GET", &format!("/v1/jobs/{id}{path}")).await;
            assert!(!answer.body.contains(CANARY), "{path}: {}", answer.body);
        }
    }
    for list in ["/v1/jobs?owner=ann", "/v1/jobs?owner=*"] {
        assert!(!ask(&world, &ops, "GET", list).await.body.contains(CANARY), "{list}");
    }
    let groups = ask(&world, &ops, "GET", &format!("/v1/jobs/{tolerant}/failures/groups")).await.json();
    assert_eq!(groups["groups"][0], json!({"code": "asked", "kind": "Permanent", "count": 1, "examples": []}));
    let owners = world.get(&format!("/v1/jobs/{failed}")).await.json();
    assert!(owners["errorMessage"].as_str().unwrap().contains(CANARY), "the owner is told: {owners}");
    let operators = ask(&world, &ops, "GET", &format!("/v1/jobs/{failed}")).await.json();
    assert_eq!(operators["errorMessage"], "item 1 failed: see the job's failure groups");
}

/// `actions` lists what this caller can do: an operator three things, an owner everything, and an operator everything
/// with its own jobs.
#[tokio::test(start_paused = true)]
async fn actions_are_the_callers() {
    let world = World::with(|auth| auth.with_scopes_required());
    let all = ["jobs:read", "jobs:write", "jobs:operate"];
    let body = json!({"processor": "echo", "sealed": false}).to_string();
    let request = Request::post("/v1/jobs").header("authorization", format!("Bearer {}", world.token("ann", &all)));
    let started = world.send(request.header("content-type", "application/json").body(Body::from(body)).unwrap()).await.json();
    let path = format!("/v1/jobs/{}", started["id"].as_str().unwrap());
    let actions = async |user: &str, scopes: &[&str]| ask(&world, &world.token(user, scopes), "GET", &path).await.json()["actions"].clone();
    assert_eq!(actions("ann", &all).await, json!(["cancel", "pause", "seal"]));
    assert_eq!(actions("ann", &["jobs:read", "jobs:write"]).await, json!(["cancel", "pause", "seal"]));
    assert_eq!(actions("ann", &["jobs:read"]).await, json!([]));
    assert_eq!(actions("ann", OPERATE).await, json!(["cancel", "pause"]));
    assert_eq!(actions("ops", &all).await, json!(["cancel", "pause"]), "writing is allowed on own jobs only");
    ask(&world, &world.token("ops", OPERATE), "POST", &format!("{path}/pause")).await;
    assert_eq!(actions("ops", OPERATE).await, json!(["cancel", "resume"]));
    ask(&world, &world.token("ops", OPERATE), "POST", &format!("{path}/cancel")).await;
    assert_eq!(actions("ops", OPERATE).await, json!([]));
    assert_eq!(actions("ann", &all).await, json!(["delete"]));
}

/// Another owner's jobs are listed as that owner sees them, but without item texts.
#[tokio::test(start_paused = true)]
async fn another_owners_jobs_are_listed() {
    let world = World::new();
    let (first, second) = (world.start(json!([1])).await, world.start(json!([2])).await);
    let ops = world.token("ops", OPERATE);
    let page = ask(&world, &ops, "GET", "/v1/jobs?owner=ann&pageSize=1").await.json();
    let token = page["nextPageToken"].as_str().unwrap();
    let next = ask(&world, &ops, "GET", &format!("/v1/jobs?owner=ann&pageSize=1&pageToken={token}")).await.json();
    let mut listed = [ids(&page), ids(&next)].concat();
    listed.sort_unstable();
    let mut expected = [first.as_str(), second.as_str()];
    expected.sort_unstable();
    assert_eq!(listed, expected);
    for elsewhere in ["owner=bob", "owner=*", ""] {
        let refused = ask(&world, &ops, "GET", &format!("/v1/jobs?{elsewhere}&pageSize=1&pageToken={token}")).await;
        assert_eq!(refused.problem(), "page-token", "{elsewhere}");
    }
    assert_eq!(ask(&world, &ops, "GET", "/v1/jobs?owner=ops").await.body, r#"{"jobs":[],"nextPageToken":null}"#);
    assert_eq!(ask(&world, &ops, "GET", "/v1/jobs").await.body, r#"{"jobs":[],"nextPageToken":null}"#);
    assert_eq!(ask(&world, &ops, "GET", &format!("/v1/jobs?owner={}", "x".repeat(129))).await.problem(), "malformed");
    let bob = world.token("bob", &[]);
    for others in ["ann", "*", "nobody", &"x".repeat(129)] {
        assert_eq!(ask(&world, &bob, "GET", &format!("/v1/jobs?owner={others}")).await.problem(), "scope", "{others}");
    }
    assert_eq!(ask(&world, &bob, "GET", "/v1/jobs?owner=bob").await.status, 200, "own jobs need no scope");
}

/// Bug found: the runbook could not work, since nobody could find jobs that no longer move. The list has all owners'
/// jobs, over any number of pages.
#[tokio::test(start_paused = true)]
async fn all_live_jobs_come_longest_untouched_first() {
    let world = World::new();
    let ops = world.token("ops", OPERATE);
    let mut started = Vec::new();
    for n in 0..5 {
        let user = ["ann", "bob"][n % 2];
        let request = world.request(user, "POST", "/v1/jobs").header("content-type", "application/json");
        let body = json!({"processor": "echo", "items": [n], "sealed": true}).to_string();
        started.push(world.send(request.body(Body::from(body)).unwrap()).await.json()["id"].as_str().unwrap().to_owned());
        world.clock.pass(TimeDelta::seconds(10));
    }
    let ended = started.remove(3);
    ask(&world, &ops, "POST", &format!("/v1/jobs/{ended}/cancel")).await;
    world.clock.pass(TimeDelta::seconds(10));
    let touched = started.remove(0);
    ask(&world, &ops, "POST", &format!("/v1/jobs/{touched}/pause")).await;
    started.push(touched);
    for size in [1, 2, 3, 100] {
        let (mut listed, mut query) = (Vec::new(), String::new());
        loop {
            let page = ask(&world, &ops, "GET", &format!("/v1/jobs?owner=*&pageSize={size}{query}")).await.json();
            assert!(page["jobs"].as_array().unwrap().len() <= size);
            listed.extend(ids(&page).into_iter().map(str::to_owned));
            let Some(token) = page["nextPageToken"].as_str() else { break };
            query = format!("&pageToken={token}");
        }
        assert_eq!(listed, started, "pages of {size}");
    }
    let completed = ask(&world, &ops, "GET", "/v1/jobs?owner=*&status=Completed").await;
    assert_eq!(completed.body, r#"{"jobs":[],"nextPageToken":null}"#, "none of them is live");
    world.work().await;
    let left = ask(&world, &ops, "GET", "/v1/jobs?owner=*").await.json();
    assert_eq!(ids(&left), [started.last().unwrap()], "only the paused job has not ended");
}
