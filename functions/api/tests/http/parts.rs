//! Jobs that are submitted in parts.

use std::io::Write as _;

use axum::body::Body;
use headway_core::limits::PART_BYTES_MAX;
use serde_json::{Value, json};

use crate::world::World;

async fn open_job(world: &World) -> String {
    world.start_with(json!({"sealed": false, "toleratedFailures": {"count": 9}, "chunkSize": 2})).await
}

async fn seal(world: &World, job: &str, parts: u32) -> crate::world::Answer {
    world.post(&format!("/v1/jobs/{job}/seal"), json!({ "parts": parts }).to_string()).await
}

/// Parts in any order, run as they arrive, sent twice, and joined by the seal.
#[tokio::test]
async fn a_job_in_parts() {
    let world = World::new();
    let job = open_job(&world).await;
    let second = world.put_part(&job, 1, 3, "4\n5\n").await;
    assert_eq!(second.status, 201);
    world.work().await;
    let known = world.get(&format!("/v1/jobs/{job}")).await.json();
    assert_eq!((&known["totalItems"], &known["processedItems"], &known["sealed"]), (&json!(2), &json!(2), &json!(false)));
    assert_eq!(known["estimatedCompletionAt"], Value::Null);

    assert_eq!(seal(&world, &job, 2).await.problem(), "part-missing");
    let first = world.put_part(&job, 0, 0, "1\r\n\n2\n{\"fail\":\"no\"}").await;
    assert_eq!(first.status, 201);
    assert_eq!(
        first.body,
        r#"{"part":0,"firstIndex":0,"totalItems":3,"chunks":2,"chunkSize":2,"fingerprint":"9a39b1c4d8ec68f03d97aa94eded91d8","settled":"","open":"0-1","parked":"","begun":"","processedItems":0,"failedItems":0,"updatedAt":"2026-11-24T08:00:00.000Z"}"#
    );
    let again = world.put_part(&job, 0, 0, "1\r\n\n2\n{\"fail\":\"no\"}").await;
    assert_eq!((again.status.as_u16(), &again.body), (200, &first.body));
    assert_eq!(world.put_part(&job, 0, 0, "1\n2\n3").await.problem(), "part-differs");

    assert_eq!(seal(&world, &job, 1).await.problem(), "part-missing", "there is a part with a higher number");
    let sealed = seal(&world, &job, 2).await;
    assert_eq!((sealed.status.as_u16(), &sealed.json()["sealed"]), (200, &json!(true)));
    assert_eq!(seal(&world, &job, 2).await.body, sealed.body, "the same again");
    assert_eq!(seal(&world, &job, 3).await.problem(), "sealed");
    assert_eq!(world.put_part(&job, 2, 5, "6").await.problem(), "sealed");

    world.work().await;
    let ended = world.get(&format!("/v1/jobs/{job}")).await.json();
    assert_eq!((&ended["status"], &ended["processedItems"], &ended["failedItems"]), (&json!("Completed"), &json!(4), &json!(1)));
    assert_eq!(world.put_part(&job, 2, 5, "6").await.problem(), "job-ended");

    let ledger = world.get(&format!("/v1/jobs/{job}/parts?pageSize=1")).await.json();
    assert_eq!((&ledger["parts"][0]["settled"], &ledger["parts"][0]["failedItems"]), (&json!("0-1"), &json!(1)));
    let next = ledger["nextPageToken"].as_str().unwrap();
    let ledger = world.get(&format!("/v1/jobs/{job}/parts?pageSize=1&pageToken={next}")).await.json();
    assert_eq!((&ledger["parts"][0]["part"], &ledger["nextPageToken"]), (&json!(1), &Value::Null));
}

/// A gap between parts would leave indexes without an item.
#[tokio::test]
async fn parts_must_leave_no_gap() {
    let world = World::new();
    let job = open_job(&world).await;
    assert_eq!(world.put_part(&job, 0, 0, "1\n2").await.status, 201);
    assert_eq!(world.put_part(&job, 1, 3, "4").await.status, 201);
    let refused = seal(&world, &job, 2).await;
    assert_eq!((refused.status.as_u16(), refused.problem().as_str()), (409, "part-missing"));
    assert!(refused.json()["detail"].as_str().unwrap().contains("part 1"), "{}", refused.body);
}

/// Bug found: two parts had items with the same indexes. All ran, with the same idempotency keys, and only the seal was refused.
#[tokio::test]
async fn no_part_has_an_index_of_the_part_beside_it() {
    let world = World::new();
    let job = open_job(&world).await;
    assert_eq!(world.put_part(&job, 0, 0, "1\n2\n3").await.status, 201);
    assert_eq!(world.put_part(&job, 2, 5, "6\n7").await.status, 201);
    world.take();
    for (first_index, lines, detail) in [
        (0, "1", "part 1 would have indexes of part 0, which has 0 to 2: each item has an index of its own"),
        (2, "3\n4", "part 1 would have indexes of part 0, which has 0 to 2: each item has an index of its own"),
        (3, "4\n5\n6", "part 1 would have indexes of part 2, which has 5 to 6: each item has an index of its own"),
        (6, "7", "part 1 would have indexes of part 2, which has 5 to 6: each item has an index of its own"),
    ] {
        let refused = world.put_part(&job, 1, first_index, lines).await;
        assert_eq!((refused.status.as_u16(), refused.problem().as_str()), (409, "part-differs"));
        assert_eq!(refused.json()["detail"], detail);
    }
    assert!(world.take().is_empty(), "nothing was sent");
    assert_eq!(world.put_part(&job, 1, 3, "4\n5").await.status, 201, "a refused part leaves nothing behind");
    assert_eq!(seal(&world, &job, 3).await.status, 200);
}

/// Parts may be compressed. Their uncompressed size has the same limit.
#[tokio::test]
async fn parts_may_be_compressed() {
    let world = World::new();
    let job = open_job(&world).await;
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let send = async |headers: &[(&str, &str)], body: Vec<u8>| {
        let request = world.request("ann", "PUT", &format!("/v1/jobs/{job}/parts/0?firstIndex=0"));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        world.send(request.body(Body::from(body)).unwrap()).await
    };
    let ndjson = ("content-type", "application/x-ndjson");
    let packed = [ndjson, ("content-encoding", "gzip")];
    let bomb = send(&packed, gzip(&vec![b' '; PART_BYTES_MAX + 1])).await;
    assert_eq!((bomb.status.as_u16(), bomb.problem().as_str(), &bomb.json()["limit"]), (413, "too-large", &json!(PART_BYTES_MAX)));
    assert_eq!(send(&[ndjson], vec![b' '; PART_BYTES_MAX + 1]).await.problem(), "too-large");
    assert_eq!(send(&packed, b"1\n2".to_vec()).await.problem(), "malformed", "not compressed at all");
    assert_eq!(send(&[("content-type", "application/json")], b"1".to_vec()).await.problem(), "media-type");
    assert_eq!(send(&[ndjson, ("content-encoding", "br")], b"1".to_vec()).await.problem(), "media-type");
    assert!(world.take().is_empty());
    assert_eq!(send(&packed, gzip(b"1\n2")).await.status, 201);
    assert_eq!(send(&[ndjson, ("content-encoding", "identity")], b"1\n2".to_vec()).await.status, 200, "the same lines, uncompressed");
}

/// What a part needs, with one thing wrong at a time.
#[tokio::test]
async fn an_invalid_part_is_refused() {
    let world = World::new();
    let job = open_job(&world).await;
    let put = async |path: &str, body: &str| {
        let request = world.request("ann", "PUT", &format!("/v1/jobs/{job}/parts/{path}"));
        world.send(request.header("content-type", "application/x-ndjson").body(Body::from(body.to_owned())).unwrap()).await
    };
    for path in ["-1?firstIndex=0", "01?firstIndex=0", "x?firstIndex=0", "99999999999?firstIndex=0", "%F0?firstIndex=0"] {
        assert_eq!(put(path, "1").await.problem(), "not-found", "{path}");
    }
    for path in ["0", "0?firstIndex=", "0?firstIndex=-1", "0?firstIndex=x", "0?firstIndex=0&firstIndex=0"] {
        assert_eq!(put(path, "1").await.problem(), "malformed", "{path}");
    }
    let malformed = put("0?firstIndex=0", "1\n{").await;
    assert_eq!(malformed.problem(), "malformed");
    assert!(malformed.json()["detail"].as_str().unwrap().starts_with("line 2 "), "{}", malformed.body);
    assert_eq!(put("1000?firstIndex=0", "1").await.problem(), "invalid");
    assert_eq!(put("0?firstIndex=10000000", "1").await.problem(), "invalid");
    assert_eq!(put("0?firstIndex=18446744073709551615", "1").await.problem(), "invalid");
    for body in ["{}", "[]", r#"{"parts":-1}"#, r#"{"parts":1.5}"#, r#"{"parts":1001}"#, r#"{"parts":0,"x":1}"#] {
        assert_eq!(world.post(&format!("/v1/jobs/{job}/seal"), body).await.problem(), "invalid", "{body}");
    }
    assert_eq!(world.post(&format!("/v1/jobs/{job}/seal"), "").await.problem(), "malformed");
    assert!(world.take().is_empty());
}
