//! Failures and results, as JSON, as NDJSON, and as CSV.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::world::{Answer, World};

/// Every page of an NDJSON or CSV list, from the first to the last, following `Link`.
async fn all_pages(world: &World, path: &str, query: &str) -> Vec<Answer> {
    let (mut pages, mut query) = (Vec::new(), query.to_owned());
    loop {
        let page = world.get(&format!("{path}{query}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let next = page.next_query();
        // Bug found: where something on the way dropped `Link`, the list seemed to end with its first page.
        assert_eq!(page.header("headway-more"), if next.is_some() { "true" } else { "false" });
        pages.push(page);
        match next {
            Some(next) => query = next,
            None => return pages,
        }
    }
}

async fn job_with_failures(world: &World) -> String {
    let items = json!([
        {"id": "a", "fail": "=1+1"}, {"id": "b"}, {"id": "c", "fail": "line 1\nline \"2\", end"}, {"id": "d", "fail": "-5"}, {"id": "-x", "fail": "x"}
    ]);
    let id = world.start_with(json!({"items": items, "idField": "id", "toleratedFailures": {"count": 9}, "chunkSize": 1})).await;
    world.work().await;
    id
}

/// The JSON that programs rely on.
#[tokio::test]
async fn failures_as_json() {
    let world = World::new();
    let id = job_with_failures(&world).await;
    let page = world.get(&format!("/v1/jobs/{id}/failures?pageSize=1")).await;
    assert_eq!((page.header("content-type"), page.header("cache-control")), ("application/json", "no-store"));
    let failure = r#"{"failures":[{"index":0,"id":"a","kind":"Permanent","code":"asked","message":"=1+1","attempts":1,"item":{"fail":"=1+1","id":"a"},"corrected":false,"newItem":null}],"nextPageToken":""#;
    assert!(page.body.starts_with(failure), "{}", page.body);
    let all = world.get(&format!("/v1/jobs/{id}/failures")).await.json();
    let indexes: Vec<_> = all["failures"].as_array().unwrap().iter().map(|failure| failure["index"].clone()).collect();
    assert_eq!((Value::from(indexes), &all["nextPageToken"]), (json!([0, 2, 3, 4]), &Value::Null));
    assert_eq!(page.next_query(), None, "the token is in the body");
}

/// The pages together are one file with one header row, and no cell is a formula.
#[tokio::test]
async fn failures_as_csv() {
    let world = World::new();
    let id = job_with_failures(&world).await;
    let path = format!("/v1/jobs/{id}/failures");
    let whole = world.get(&format!("{path}?format=csv")).await;
    assert_eq!(whole.header("content-type"), "text/csv; charset=utf-8");
    let expected = "index,id,kind,code,message,attempts,item\r\n\
        0,a,Permanent,asked,'=1+1,1,\"{\"\"fail\"\":\"\"=1+1\"\",\"\"id\"\":\"\"a\"\"}\"\r\n\
        2,c,Permanent,asked,\"line 1\nline \"\"2\"\", end\",1,\"{\"\"fail\"\":\"\"line 1\\nline \\\"\"2\\\"\", end\"\",\"\"id\"\":\"\"c\"\"}\"\r\n\
        3,d,Permanent,asked,-5,1,\"{\"\"fail\"\":\"\"-5\"\",\"\"id\"\":\"\"d\"\"}\"\r\n\
        4,'-x,Permanent,asked,x,1,\"{\"\"fail\"\":\"\"x\"\",\"\"id\"\":\"\"-x\"\"}\"\r\n";
    assert_eq!(whole.body, expected);
    for size in 1..=3 {
        let pages = all_pages(&world, &path, &format!("?format=csv&pageSize={size}")).await;
        let joined: String = pages.iter().map(|page| page.body.as_str()).collect();
        assert_eq!(joined, expected, "pages of {size}");
    }
}

/// A line is one record, whatever white space the item had.
#[tokio::test]
async fn results_as_lines() {
    let world = World::new();
    let body = "{\"processor\":\"echo\",\"items\":[{\r\n\t\"n\": 1.50\n}, \"\\n\", [1,\n2]]}";
    let id = world.post("/v1/jobs", body).await.json()["id"].as_str().unwrap().to_owned();
    world.work().await;
    let path = format!("/v1/jobs/{id}/results");
    let whole = world.get(&format!("{path}?format=ndjson")).await;
    assert_eq!(whole.header("content-type"), "application/x-ndjson");
    let expected = "{\"index\":0,\"id\":null,\"output\":{  \t\"n\": 1.50 },\"outputOmitted\":false}\n\
        {\"index\":1,\"id\":null,\"output\":\"\\n\",\"outputOmitted\":false}\n\
        {\"index\":2,\"id\":null,\"output\":[1, 2],\"outputOmitted\":false}\n";
    assert_eq!(whole.body, expected);
    let pages = all_pages(&world, &path, "?format=ndjson&pageSize=1").await;
    assert_eq!(pages.iter().map(|page| page.body.as_str()).collect::<String>(), expected);
}

/// Bug found: an output that is `null` was shown as one that had been too large to keep.
#[tokio::test]
async fn null_is_an_output_like_any_other() {
    let world = World::new();
    let id = world.start_with(json!({"items": [null, 0]})).await;
    world.work().await;
    let lines = "{\"index\":0,\"id\":null,\"output\":null,\"outputOmitted\":false}\n\
        {\"index\":1,\"id\":null,\"output\":0,\"outputOmitted\":false}\n";
    for (list, body) in [
        ("results?format=ndjson", lines),
        ("results?format=csv", "index,id,output\r\n0,,null\r\n1,,0\r\n"),
        ("results?format=csv&columns=outputs", "_index,_id,_item\r\n0,,null\r\n1,,0\r\n"),
        (
            "items?format=csv",
            "index,id,status,correction,kind,code,message,attempts,output\r\n0,,Processed,,,,,,null\r\n1,,Processed,,,,,,0\r\n",
        ),
    ] {
        assert_eq!(world.get(&format!("/v1/jobs/{id}/{list}")).await.body, body, "{list}");
    }
    let item = world.get(&format!("/v1/jobs/{id}/items")).await.json()["items"][0].clone();
    assert_eq!((&item["output"], &item["outputOmitted"]), (&Value::Null, &json!(false)));
}

/// The results of a running job can be followed: in order, none missing, none twice.
#[tokio::test]
async fn results_are_followed_while_the_job_runs() {
    let world = World::new();
    let id = world.start_with(json!({"items": [0, 1, 2, 3], "chunkSize": 1})).await;
    let mut messages = world.take();
    let last = messages.split_off(3);
    let (second, rest) = (messages.remove(1), messages);
    world.deliver(vec![second]).await;
    let path = format!("/v1/jobs/{id}/results");
    let page = world.get(&path).await.json();
    assert_eq!(page["results"], json!([]), "the first chunk is not settled");
    let follow = async |page: &Value| world.get(&format!("{path}?pageToken={}", page["nextPageToken"].as_str().unwrap())).await.json();
    world.deliver(rest).await;
    let page = follow(&page).await;
    let outputs: Vec<_> = page["results"].as_array().unwrap().iter().map(|result| result["output"].clone()).collect();
    assert_eq!(outputs, [0, 1, 2]);
    world.deliver(last).await;
    let page = follow(&page).await;
    assert_eq!((&page["results"][0]["output"], &page["nextPageToken"]), (&json!(3), &Value::Null));
}

/// An output with many quotes doubles in size in CSV. The page still keeps its limit, and nothing is lost between
/// pages.
#[tokio::test]
async fn a_page_is_limited_in_bytes_as_sent() {
    let world = World::new();
    let line = json!("\"".repeat(7_000)).to_string();
    let id = world.start_with(json!({"sealed": false, "chunkSize": 1})).await;
    for part in 0..3 {
        let lines = vec![line.as_str(); 50].join("\n");
        assert_eq!(world.put_part(&id, part, u64::from(part) * 50, &lines).await.status, 201);
    }
    world.post(&format!("/v1/jobs/{id}/seal"), r#"{"parts":3}"#).await;
    world.work().await;
    let pages = all_pages(&world, &format!("/v1/jobs/{id}/results"), "?format=csv&pageSize=1000").await;
    assert!(pages.len() > 1);
    assert!(pages.iter().all(|page| page.body.len() <= headway_core::limits::PAGE_BYTES_MAX));
    let rows = pages.iter().map(|page| page.body.matches("\r\n").count()).sum::<usize>();
    assert_eq!(rows, 151);
}

/// A token is valid for one list in one format. An unknown format is refused.
#[tokio::test]
async fn tokens_and_formats_are_kept_apart() {
    let world = World::new();
    let id = job_with_failures(&world).await;
    let other = job_with_failures(&world).await;
    let token = world.get(&format!("/v1/jobs/{id}/failures?pageSize=1")).await.json()["nextPageToken"].as_str().unwrap().to_owned();
    let refused = [
        format!("/v1/jobs/{other}/failures?pageToken={token}"),
        format!("/v1/jobs/{id}/results?pageToken={token}"),
        format!("/v1/jobs/{id}/failures?format=csv&pageToken={token}"),
    ];
    for path in refused {
        assert_eq!(world.get(&path).await.problem(), "page-token", "{path}");
    }
    assert_eq!(world.get(&format!("/v1/jobs/{id}/failures?pageToken={token}")).await.status, 200);
    world.clock.pass(TimeDelta::hours(24));
    assert_eq!(world.get(&format!("/v1/jobs/{id}/failures?pageToken={token}")).await.problem(), "page-token");
    for query in ["format=xml", "format=CSV", "pageSize=-1"] {
        assert_eq!(world.get(&format!("/v1/jobs/{id}/failures?{query}")).await.problem(), "malformed", "{query}");
    }
}

/// Failures at a glance: the largest group first, and the answer says if not all were counted.
#[tokio::test(start_paused = true)]
async fn failures_are_grouped() {
    let world = World::new();
    let items = json!([
        {"id": "a", "fail": "1", "code": "rare"}, {"id": "b"}, {"id": "c", "fail": "2"}, {"id": "d", "fail": "3"},
        {"id": "e", "fail": "4"}, {"id": "f", "fail": "5"}, {"id": "g", "fail": "6", "code": "also rare"}, {"id": "h", "fail": "7", "code": ""}
    ]);
    let id = world.start_with(json!({"items": items, "idField": "id", "toleratedFailures": {"count": 9}, "chunkSize": 3})).await;
    let path = format!("/v1/jobs/{id}/failures/groups");
    let none = world.get(&path).await;
    assert_eq!((none.body.as_str(), none.header("cache-control")), (r#"{"groups":[],"countedFailures":0,"complete":true}"#, "no-store"));
    world.work().await;
    let groups = world.get(&path).await.json();
    let example = |index: u64, id: &str, message: &str| json!({"index": index, "id": id, "message": message});
    let expected = json!({"countedFailures": 7, "complete": true, "groups": [
        {"code": "asked", "kind": "Permanent", "count": 4, "examples": [example(2, "c", "2"), example(3, "d", "3"), example(4, "e", "4")]},
        {"code": "Permanent", "kind": "Permanent", "count": 1, "examples": [example(7, "h", "7")]},
        {"code": "also rare", "kind": "Permanent", "count": 1, "examples": [example(6, "g", "6")]},
        {"code": "rare", "kind": "Permanent", "count": 1, "examples": [example(0, "a", "1")]},
    ]});
    assert_eq!(groups, expected);
    world.call("ann", "POST", &format!("/v1/jobs/{id}/retry")).await;
    assert_eq!(world.get(&path).await.json()["countedFailures"], 0, "of the current round");
}

/// The first ten thousand failures are counted, and the hundred largest groups returned.
#[tokio::test(start_paused = true)]
async fn groups_are_limited() {
    let world = World::new();
    for (failures, complete) in [(10_000, true), (10_001, false)] {
        let items: Vec<_> = (0..failures).map(|i| json!({"fail": "x", "code": (i % 200).to_string()})).collect();
        let id = world.start_with(json!({"items": items, "toleratedFailures": {"count": 20_000}})).await;
        world.work().await;
        let groups = world.get(&format!("/v1/jobs/{id}/failures/groups")).await.json();
        assert_eq!((&groups["countedFailures"], &groups["complete"]), (&json!(10_000), &json!(complete)));
        let groups = groups["groups"].as_array().unwrap();
        assert!(groups.len() == 100 && groups.iter().all(|group| group["count"] == 50));
    }
}
