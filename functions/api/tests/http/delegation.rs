//! A backend acts for an owner that it names in `Headway-Owner`. It needs the scope `jobs:delegate`.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::owners::CALLS;
use crate::world::{Answer, World};

const DELEGATE: &[&str] = &["jobs:delegate"];

/// A call with this token, for the owner that `names` gives; several names are several headers.
async fn send(world: &World, token: &str, names: &[&str], (method, path, media_type, body): (&str, &str, &str, &str)) -> Answer {
    let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
    let request = names.iter().fold(request.header("content-type", media_type), |request, name| request.header("headway-owner", *name));
    world.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

/// Every call that needs a token: those on a job, and the others.
fn calls(id: &str) -> Vec<(&'static str, String, &'static str, &'static str)> {
    let on_a_job = CALLS.iter().map(|&(method, path, media_type, body)| (method, format!("/v1/jobs/{id}{path}"), media_type, body));
    let start = r#"{"processor":"echo","items":[1]}"#;
    let others = [("GET", "/v1/jobs", "", ""), ("GET", "/v1/processors", "", ""), ("POST", "/v1/jobs", "application/json", start)];
    on_a_job.chain(others.map(|(method, path, media_type, body)| (method, path.to_owned(), media_type, body))).collect()
}

/// A header that is ignored would let anybody believe to act for somebody, or a backend work on its own jobs.
#[tokio::test]
async fn without_the_scope_every_call_is_refused() {
    let world = World::new();
    let id = world.start(json!([1])).await;
    for (scopes, names, status) in [
        (&[][..], &["ann"][..], 403),
        (&["jobs:read", "jobs:write", "jobs:operate"], &["ann"], 403),
        (&[], &[""], 403),
        (DELEGATE, &[""], 400),
        (DELEGATE, &["  "], 400),
        (DELEGATE, &["ann", "bob"], 400),
        (DELEGATE, &["ann", "ann"], 400),
        (DELEGATE, &[&"x".repeat(129)], 400),
    ] {
        let token = world.token("ann", scopes);
        for (method, path, media_type, body) in calls(&id) {
            let answer = send(&world, &token, names, (method, &path, media_type, body)).await;
            assert_eq!(answer.status, status, "{method} {path} {scopes:?} {names:?}");
            if method != "HEAD" {
                assert_eq!(answer.problem(), if status == 403 { "scope" } else { "malformed" }, "{method} {path}");
            }
        }
    }
    let nobody = Request::get("/v1/jobs").header("headway-owner", "ann").body(Body::empty()).unwrap();
    assert_eq!(world.send(nobody).await.status, 401, "a name is no token");
    assert_eq!(world.get(&format!("/v1/jobs/{id}")).await.json()["status"], "Pending", "nothing was done");
}

/// With every call a backend can do for Ann what Ann can do, and nothing with the jobs of Bob.
#[tokio::test(start_paused = true)]
async fn a_backend_can_do_what_the_named_owner_can() {
    let world = World::new();
    let (backend, ann, absent) = (world.token("backend", DELEGATE), world.token("ann", &[]), "00000000-0000-4000-8000-000000000000");
    for (at, (kind, what, ..)) in CALLS.iter().enumerate() {
        let mine = world.start(json!([1])).await;
        // Tokens name the job. What changes a job is done with another one.
        let delegated = if matches!(*kind, "GET" | "HEAD") || *what == "/tokens" { mine.clone() } else { world.start(json!([1])).await };
        let words = |answer: Answer, id: &str| (answer.status, answer.body.replace(id, absent));
        let (method, path, media_type, body) = calls(&mine).swap_remove(at);
        let own = words(send(&world, &ann, &[], (method, &path, media_type, body)).await, &mine);
        let (_, path, ..) = calls(&delegated).swap_remove(at);
        let other = send(&world, &backend, &["bob"], (method, &path, media_type, body)).await;
        assert_eq!(other.status, 404, "{method} {path}");
        let itself = send(&world, &backend, &[], (method, &path, media_type, body)).await;
        assert_eq!(itself.status, 404, "without a name the backend has its own jobs only: {method} {path}");
        let answer = words(send(&world, &backend, &["ann"], (method, &path, media_type, body)).await, &delegated);
        assert_eq!(answer, own, "{method} {path}");
    }
}

/// The job, its `Idempotency-Key` and its place in the list are the named owner's. Who started it is the backend.
#[tokio::test]
async fn a_job_that_a_backend_starts_belongs_to_the_named_owner() {
    let world = World::new();
    let backend = world.token("backend", DELEGATE);
    let start = async |owner: &str| {
        let request = Request::post("/v1/jobs").header("authorization", format!("Bearer {backend}")).header("headway-owner", owner);
        let request = request.header("content-type", "application/json").header("idempotency-key", "k");
        world.send(request.body(Body::from(r#"{"processor":"echo","items":[1]}"#)).unwrap()).await.json()["id"].clone()
    };
    let (for_ann, again, for_bob) = (start("ann").await, start("ann").await, start("bob").await);
    assert_eq!(for_ann, again);
    assert_ne!(for_ann, for_bob, "a key is one owner's");
    let listed = |answer: Answer| answer.json()["jobs"].as_array().unwrap().iter().map(|job| job["id"].clone()).collect::<Vec<Value>>();
    assert_eq!(listed(world.call("ann", "GET", "/v1/jobs").await), std::slice::from_ref(&for_ann));
    assert_eq!(listed(send(&world, &backend, &["bob"], ("GET", "/v1/jobs", "", "")).await), [for_bob]);
    assert!(listed(world.call("backend", "GET", "/v1/jobs").await).is_empty());
    assert_eq!(world.get(&format!("/v1/jobs/{}", for_ann.as_str().unwrap())).await.json()["createdBy"], "backend");
}
