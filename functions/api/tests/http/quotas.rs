//! Quotas: one owner's limits, refused as `quota`. They affect neither other owners nor a request that is sent again.

use chrono::TimeDelta;
use headway_core::quota::Quotas;
use serde_json::json;

use crate::world::{Answer, World};

const QUOTAS: Quotas = Quotas { live_jobs: 3, live_items: 10, starts_per_minute: 5 };

async fn start(world: &World, user: &str, key: Option<&str>, items: usize) -> Answer {
    let mut request = world.request(user, "POST", "/v1/jobs").header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let body = json!({"processor": "echo", "items": vec![json!({"fail": "no"}); items]}).to_string();
    world.send(request.body(axum::body::Body::from(body)).unwrap()).await
}

fn refused(answer: &Answer) -> (u16, String, serde_json::Value, &str) {
    (answer.status.as_u16(), answer.problem(), answer.json()["limit"].clone(), answer.header("retry-after"))
}

/// Each owner has an own quota; a key that has started its job is never refused; after a minute there is room again.
#[tokio::test]
async fn starts_are_limited_by_the_minute() {
    let world = World::with_quotas(Quotas { live_jobs: 100, ..QUOTAS });
    for n in 0..5 {
        assert_eq!(start(&world, "ann", Some(&n.to_string()), 1).await.status, 202);
        world.clock.pass(TimeDelta::seconds(2));
    }
    for _ in 0..3 {
        assert_eq!(refused(&start(&world, "ann", None, 1).await), (429, "quota".to_owned(), json!(5), "50"));
    }
    assert_eq!(start(&world, "ann", Some("0"), 1).await.status, 202, "the same start");
    assert_eq!(start(&world, "ann", Some("0"), 2).await.problem(), "idempotency-key-reused");
    assert_eq!(start(&world, "bob", Some("0"), 1).await.status, 202, "another owner");
    world.clock.pass(TimeDelta::seconds(50));
    assert_eq!(start(&world, "ann", None, 1).await.status, 202);
    assert_eq!(start(&world, "ann", None, 1).await.header("retry-after"), "2");
}

/// An ended job makes room, and a retry uses that room again.
#[tokio::test(start_paused = true)]
async fn live_jobs_are_limited() {
    let world = World::with_quotas(QUOTAS);
    let first = start(&world, "ann", None, 1).await.json()["id"].as_str().unwrap().to_owned();
    world.work().await;
    world.clock.pass(TimeDelta::minutes(1));
    for _ in 0..3 {
        assert_eq!(start(&world, "ann", None, 1).await.status, 202, "the first one has failed");
    }
    world.clock.pass(TimeDelta::minutes(1));
    assert_eq!(refused(&start(&world, "ann", None, 1).await), (429, "quota".to_owned(), json!(3), "30"));
    let path = format!("/v1/jobs/{first}/retry");
    let retry = || world.call("ann", "POST", &path);
    assert_eq!(retry().await.problem(), "quota");
    assert_eq!(world.get(&format!("/v1/jobs/{first}")).await.json()["round"], 1, "the refused retry has not begun");
    world.work().await;
    world.clock.pass(TimeDelta::seconds(5));
    assert_eq!(retry().await.status, 202);
    assert_eq!(start(&world, "ann", None, 1).await.status, 202);
    assert_eq!(start(&world, "ann", None, 1).await.status, 202);
    assert_eq!(start(&world, "ann", None, 1).await.problem(), "quota", "a retried job is live");
}

/// Items count as they are submitted, and a part that is sent again counts once.
#[tokio::test]
async fn live_items_are_limited() {
    let world = World::with_quotas(QUOTAS);
    assert_eq!(start(&world, "ann", None, 4).await.status, 202);
    assert_eq!(refused(&start(&world, "ann", None, 7).await), (429, "quota".to_owned(), json!(10), "30"));
    let open = world.start_with(json!({"sealed": false})).await;
    for _ in 0..3 {
        assert!(world.put_part(&open, 1, 3, "4\n5\n").await.status.is_success());
    }
    assert_eq!(world.put_part(&open, 2, 5, "6\n7\n").await.problem(), "quota");
    assert_eq!(world.get(&format!("/v1/jobs/{open}/parts")).await.json()["parts"].as_array().unwrap().len(), 1);
    assert_eq!(world.put_part(&open, 0, 0, "1\n2\n3\n").await.status, 201);
    assert_eq!(world.put_part(&open, 2, 5, "6\n").await.status, 201, "as many as there is room for");
    world.work().await;
    world.clock.pass(TimeDelta::seconds(5));
    assert_eq!(world.put_part(&open, 3, 6, "7\n8\n").await.status, 201, "the other job has ended");
}

/// With concurrent requests the limit is as exact as with sequential ones.
#[tokio::test]
async fn concurrent_starts_are_counted_exactly() {
    let world = World::with_quotas(Quotas { live_jobs: 100, live_items: 1_000, starts_per_minute: 20 });
    let answers = futures::future::join_all((0..40).map(|_| start(&world, "ann", None, 1))).await;
    let statuses = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((statuses(202), statuses(429)), (20, 20));
    assert_eq!(world.get("/v1/jobs?pageSize=100").await.json()["jobs"].as_array().unwrap().len(), 20);
}
