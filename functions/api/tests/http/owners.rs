//! Other users: every call on another owner's job is answered as if it did not exist. Scopes allow only their own
//! calls.

use std::collections::BTreeSet;

use axum::body::Body;
use serde_json::json;

use crate::world::{Answer, World};

/// Every call on a job: method, path after the id, media type, body.
pub(crate) const CALLS: [(&str, &str, &str, &str); 18] = [
    ("GET", "", "", ""),
    ("HEAD", "", "", ""),
    ("POST", "/pause", "", ""),
    ("POST", "/resume", "", ""),
    ("POST", "/cancel", "", ""),
    ("POST", "/retry", "application/json", r#"{"round":1}"#),
    ("POST", "/retry", "text/plain", "x"),
    ("PATCH", "/items", "application/x-ndjson", "{\"index\":1,\"item\":2}\n"),
    ("PUT", "/parts/0?firstIndex=0", "application/x-ndjson", "1\n"),
    ("POST", "/seal", "application/json", r#"{"parts":1}"#),
    ("POST", "/tokens", "application/json", r#"{"allow":"act"}"#),
    ("DELETE", "/tokens", "", ""),
    ("GET", "/parts", "", ""),
    ("GET", "/failures?format=csv", "", ""),
    ("GET", "/failures/groups", "", ""),
    ("GET", "/results", "", ""),
    ("GET", "/items", "", ""),
    ("DELETE", "", "", ""),
];

pub(crate) async fn call(world: &World, token: &str, id: &str, (method, path, media_type, body): (&str, &str, &str, &str)) -> Answer {
    let request = http::Request::builder().method(method).uri(format!("/v1/jobs/{id}{path}"));
    let request = request.header("authorization", format!("Bearer {token}")).header("content-type", media_type);
    world.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

/// Bytes, status and headers are the same, so nobody can find out which ids exist.
#[tokio::test]
async fn another_owners_job_does_not_exist() {
    let world = World::new();
    let open = world.start_with(json!({"sealed": false})).await;
    let ended = world.start(json!([1, {"fail": "x"}])).await;
    world.work().await;
    let absent = "00000000-0000-4000-8000-000000000000";
    let bob = world.token("bob", &[]);
    for this in CALLS {
        let mut nothing = call(&world, &bob, absent, this).await;
        assert_eq!(nothing.status, 404, "{this:?}");
        nothing.headers.remove("x-request-id");
        for id in [&open, &ended] {
            let mut anothers = call(&world, &bob, id, this).await;
            anothers.headers.remove("x-request-id");
            assert_eq!(anothers.body.replace(id.as_str(), absent), nothing.body, "{this:?}");
            assert_eq!((anothers.status, &anothers.headers), (nothing.status, &nothing.headers), "{this:?}");
        }
    }
    assert_eq!(world.get(&format!("/v1/jobs/{open}/parts")).await.body, r#"{"parts":[],"nextPageToken":null}"#, "nothing was done");
    assert_eq!(world.get(&format!("/v1/jobs/{open}")).await.json()["actions"], json!(["cancel", "pause", "seal"]));
    assert_eq!(world.get(&format!("/v1/jobs/{ended}")).await.json()["round"], 1);
    assert_eq!(world.call("bob", "GET", "/v1/jobs").await.body, r#"{"jobs":[],"nextPageToken":null}"#);
}

/// The list of calls above is complete, so a new call cannot be forgotten.
#[tokio::test]
async fn every_call_on_a_job_is_tried() {
    let document = World::new().get("/openapi.json").await.json();
    let tried: BTreeSet<(String, String)> = CALLS
        .iter()
        .map(|(method, path, ..)| (method.to_lowercase(), path.split('?').next().unwrap().replace("/parts/0", "/parts/{n}")))
        .collect();
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some(path) = path.strip_prefix("/v1/jobs/{job_id}") else { continue };
        for method in item.as_object().unwrap().keys() {
            assert!(tried.contains(&(method.clone(), path.to_owned())), "{method} {path}");
        }
    }
}

/// A text that is not an id in lower case is answered like a job that does not exist.
#[tokio::test]
async fn an_invalid_id_is_not_found() {
    let world = World::new();
    let id = world.start(json!([1])).await;
    let ann = world.token("ann", &[]);
    let simple = id.replace('-', "");
    for text in [&id.to_uppercase(), &simple, &format!("{{{id}}}"), "x", "%FF", "..%2F", &format!("{id}%00")] {
        for this in CALLS {
            let answer = call(&world, &ann, text, this).await;
            assert_eq!(answer.status, 404, "{text} {this:?}");
            if this.0 != "HEAD" {
                assert_eq!(
                    (answer.problem().as_str(), &answer.json()["detail"]),
                    ("not-found", &json!("Job not found")),
                    "{text} {this:?}"
                );
            }
        }
    }
}

/// Without a valid token no answer differs between jobs.
#[tokio::test]
async fn without_a_token_everything_is_refused() {
    let world = World::new();
    let id = world.start(json!([1])).await;
    for this in CALLS {
        let answer = call(&world, "x.y.z", &id, this).await;
        assert_eq!(answer.status, 401, "{this:?}");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"headway\", error=\"invalid_token\"");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let answer = world.send(http::Request::get("/v1/jobs").body(Body::empty()).unwrap()).await;
    assert_eq!((answer.problem().as_str(), answer.header("www-authenticate")), ("unauthenticated", "Bearer realm=\"headway\""));
    assert_eq!(world.send(http::Request::get("/v1/processors").body(Body::empty()).unwrap()).await.problem(), "unauthenticated");
    assert_eq!(world.send(http::Request::post("/v1/jobs").body(Body::empty()).unwrap()).await.problem(), "unauthenticated");
}

/// The calls that `jobs:act` allows besides `jobs:write`.
pub(crate) const ACTS: [(&str, &str); 5] =
    [("POST", "/pause"), ("POST", "/resume"), ("POST", "/cancel"), ("POST", "/retry"), ("PATCH", "/items")];

/// Where scopes are required, reading needs one and changing another. One that acts on a job can neither start nor extend
/// nor delete one.
#[tokio::test(start_paused = true)]
async fn scopes_are_required() {
    let world = World::with(|auth| auth.with_scopes_required());
    let scopes = ["", "jobs:read", "jobs:act", "jobs:write"];
    let tokens = scopes.map(|scope| (scope, world.token("ann", &[scope])));
    let [_, (_, reader), _, (_, writer)] = &tokens;
    let start = |token: &str| {
        let request = http::Request::post("/v1/jobs").header("authorization", format!("Bearer {token}"));
        request.header("content-type", "application/json").body(Body::from(r#"{"processor":"echo","sealed":false}"#)).unwrap()
    };
    let id = world.send(start(writer)).await.json()["id"].as_str().unwrap().to_owned();
    for (scope, token) in &tokens {
        assert_eq!(world.send(start(token)).await.status == 202, *scope == "jobs:write");
        for this in CALLS {
            let answer = call(&world, token, &id, this).await;
            let needed = match this {
                ("GET" | "HEAD", ..) => &["jobs:read"][..],
                (method, path, ..) if ACTS.contains(&(method, path)) => &["jobs:act", "jobs:write"],
                _ => &["jobs:write"],
            };
            let may = needed.contains(scope);
            assert_eq!(answer.status != 403, may, "{scope}: {this:?}");
            if !may && this.0 != "HEAD" {
                assert_eq!(answer.problem(), "scope");
                assert!(answer.header("www-authenticate").contains("insufficient_scope"));
            }
        }
    }
    let id = world.send(start(writer)).await.json()["id"].as_str().unwrap().to_owned();
    let seen = call(&world, reader, &id, CALLS[0]).await;
    assert_eq!(seen.json()["actions"], json!([]), "what the caller can do");
    let actor = world.token("ann", &["jobs:read", "jobs:act"]);
    assert_eq!(call(&world, &actor, &id, CALLS[0]).await.json()["actions"], json!(["cancel", "pause"]));
}
