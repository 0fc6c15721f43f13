//! Hostile bodies are refused quickly, whatever they contain, and leave nothing behind. Unusual but valid items come
//! out exactly as they went in.

use std::io::Write as _;
use std::time::Duration;

use axum::body::Body;
use flate2::Compression;
use flate2::write::GzEncoder;
use headway_core::limits::{BODY_BYTES_MAX, PART_BYTES_MAX};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{Answer, World};

/// The most processor time that a refusal may take; ten times as much without optimisation.
const REFUSED_WITHIN: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1_000 } else { 100 });

/// The processor time that this thread has used, as reported by Linux. Time given to other threads does not count.
fn processor_time() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split(' ').next().unwrap().parse().unwrap())
}

const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn items(item: &str) -> Vec<u8> {
    format!(r#"{{"processor":"echo","items":[{item}]}}"#).into_bytes()
}

fn members(count: usize) -> String {
    let members: Vec<String> = (0..count).map(|i| format!("\"k{i}\":0")).collect();
    format!("{{{}}}", members.join(","))
}

/// A body, with the status and the problem with which it is refused.
type Hostile = (&'static str, Vec<u8>, u16, &'static str);

fn hostile_jobs() -> Vec<Hostile> {
    let whole = items("1");
    vec![
        ("limit + 1", vec![b' '; BODY_BYTES_MAX + 1], 413, "too-large"),
        ("nested 100,000 deep", items(&("[".repeat(100_000) + &"]".repeat(100_000))), 400, "malformed"),
        ("objects nested 100,000 deep", items(&("{\"a\":".repeat(100_000) + "1" + &"}".repeat(100_000))), 400, "malformed"),
        ("a body of nothing but brackets", "[".repeat(BODY_BYTES_MAX).into_bytes(), 400, "malformed"),
        ("a quarter of a million keys", items(&members(250_000)), 400, "malformed"),
        ("as many members of the body", members(250_000).into_bytes(), 400, "malformed"),
        ("a number beyond every range", items("1e999999999"), 400, "malformed"),
        ("a number of a million digits and an exponent", items(&("9".repeat(1_000_000) + "e9")), 400, "malformed"),
        ("a member twice", items(r#"{"a":1,"a":2}"#), 400, "malformed"),
        ("a member twice, spelt differently", items("{\"a\":1,\"\\u0061\":2}"), 400, "malformed"),
        ("cut off", whole[..whole.len() - 2].to_vec(), 400, "malformed"),
        ("something behind it", [whole.clone(), b"x".to_vec()].concat(), 400, "malformed"),
        ("not UTF-8", items("\"x\"").into_iter().map(|b| if b == b'x' { 0xff } else { b }).collect(), 400, "malformed"),
        ("half a surrogate", items(r#""\ud800""#), 400, "malformed"),
        ("UTF-16", "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect(), 400, "malformed"),
        ("a NUL", b"{\0}".to_vec(), 400, "malformed"),
        ("an item that is too large", items(&format!("\"{}\"", "x".repeat(262_144))), 422, "invalid"),
        ("a million tiny items", items(&vec!["1"; 1_000_000].join(",")), 422, "invalid"),
        ("many wrong members", members(16_000).into_bytes(), 422, "invalid"),
        ("nothing", Vec::new(), 400, "malformed"),
    ]
}

fn hostile_parts() -> Vec<Hostile> {
    let whole = gzip(b"1\n2\n");
    vec![
        ("limit + 1", vec![b'1'; PART_BYTES_MAX + 1], 413, "too-large"),
        ("gzip 1000:1", gzip(&vec![b' '; 100_000_000]), 413, "too-large"),
        ("gzip in gzip", gzip(&gzip(b"1\n")), 400, "malformed"),
        ("gzip cut off", whole[..whole.len() - 1].to_vec(), 400, "malformed"),
        ("gzip with something behind it", [whole.clone(), b"x".to_vec()].concat(), 400, "malformed"),
        ("four million blank lines", vec![b'\n'; PART_BYTES_MAX], 422, "invalid"),
        ("two million lines", b"1\n".repeat(2_000_000), 422, "invalid"),
        ("one line nested 100,000 deep", "[".repeat(100_000).into_bytes(), 400, "malformed"),
        ("not UTF-8", vec![b'"', 0xc3, 0x28, b'"'], 400, "malformed"),
    ]
}

async fn refused(world: &World, path: &str, media_type: &str, (what, body, status, problem): &Hostile) {
    let encoding = if body.starts_with(&[0x1f, 0x8b]) { "gzip" } else { "identity" };
    let method = if media_type == JSON { "POST" } else { "PUT" };
    let request = world.request("ann", method, path).header("content-type", media_type).header("content-encoding", encoding);
    let request = request.body(Body::from(body.clone())).unwrap();
    let before = processor_time();
    let answer = world.send(request).await;
    let took = processor_time() - before;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (*status, *problem), "{what}: {:.300}", answer.body);
    assert!(answer.body.len() < 10_000, "{what}: the answer is bounded too");
    println!("{took:>12.1?} {what}");
    assert!(took < REFUSED_WITHIN, "{what} took {took:?}");
}

#[tokio::test(start_paused = true)]
async fn hostile_bodies_are_refused_at_once_and_leave_nothing() {
    let world = World::new();
    let open = world.start_with(json!({"sealed": false})).await;
    let before = world.get("/v1/jobs").await.body;
    for hostile in hostile_jobs() {
        refused(&world, "/v1/jobs", JSON, &hostile).await;
    }
    let path = format!("/v1/jobs/{open}/parts/0?firstIndex=0");
    for hostile in hostile_parts() {
        refused(&world, &path, NDJSON, &hostile).await;
    }
    assert_eq!(world.get("/v1/jobs").await.body, before);
    assert_eq!(world.get(&format!("/v1/jobs/{open}/parts")).await.json()["parts"], json!([]));
    assert!(world.take().is_empty(), "and nothing was sent");
}

/// The declared length does not decide how much is read, and a body that ends early is not accepted as a shorter one.
#[tokio::test]
async fn a_wrong_content_length_is_not_trusted() {
    let world = World::new();
    let send = async |length: usize, body: Body| {
        let request = world.request("ann", "POST", "/v1/jobs").header("content-type", JSON).header("content-length", length);
        world.send(request.body(body).unwrap()).await
    };
    let large = || Body::from_stream(futures::stream::iter((0..9).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1_000_000]))));
    assert_eq!(send(10, large()).await.problem(), "too-large", "it says less");
    assert_eq!(send(9_000_000_000, Body::from("{}")).await.problem(), "too-large", "it says more");
    let broken = futures::stream::iter([Ok(b"{}".to_vec()), Err(std::io::Error::other("reset"))]);
    assert_eq!(send(2, Body::from_stream(broken)).await.problem(), "malformed", "it ends early");
    assert_eq!(world.get("/v1/jobs").await.json()["jobs"], json!([]));
}

/// Items as a hostile or unusual client may write them: one line each, with every character that some reader treats as
/// the end of a line or file, or as a mark.
fn odd_items() -> impl Strategy<Value = Vec<String>> {
    const ODD: &[&str] = &[
        "\u{2028}",
        "\u{2029}",
        "\u{feff}",
        "\u{85}",
        "\\u0000",
        "\\r",
        "\\n",
        "\\u001a",
        "\"\"",
        "=",
        "+",
        "-1",
        "@",
        "\\t",
        ",",
        ";",
        "é",
        "\u{1F980}",
    ];
    let text = proptest::collection::vec(proptest::sample::select(ODD), 0..6).prop_map(|parts| parts.concat().replace('"', "\\\""));
    let item = (text.clone(), text, 0..3).prop_map(|(name, value, shape)| match shape {
        0 => format!("\"{value}\""),
        1 => format!("{{\r\"n{name}\" :\t\"{value}\"\r}}"),
        _ => format!("[\"{name}\",1.50,\"{value}\"]"),
    });
    proptest::collection::vec(item, 1..8)
}

fn equal(one: &Value, other: &str) -> bool {
    *one == serde_json::from_str::<Value>(other).unwrap()
}

/// The results of a job with these lines: as JSON, as NDJSON, and as CSV.
async fn through(lines: &str) -> [Answer; 3] {
    let world = World::new();
    let id = world.start_with(json!({"sealed": false})).await;
    let part = world.put_part(&id, 0, 0, lines).await;
    assert_eq!(part.status, 201, "{}", part.body);
    world.work().await;
    let get = async |format: &str| world.get(&format!("/v1/jobs/{id}/results?format={format}")).await;
    [get("json").await, get("ndjson").await, get("csv").await]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// As many items come out as went in, and they are equal in each format.
    #[test]
    fn odd_items_come_out_as_they_went_in(items in odd_items(), crlf in any::<bool>()) {
        let ends = if crlf { "\r\n" } else { "\n" };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let [as_json, as_lines, as_csv] = runtime.block_on(through(&items.join(ends)));
        let json = as_json.json();
        let outputs: Vec<&Value> = json["results"].as_array().unwrap().iter().map(|result| &result["output"]).collect();
        prop_assert_eq!(outputs.len(), items.len());
        let lines: Vec<Value> = as_lines.body.split_terminator('\n').map(|line| serde_json::from_str(line).unwrap()).collect();
        prop_assert_eq!(lines.len(), items.len(), "{}", as_lines.body);
        let rows: Vec<csv::StringRecord> = csv::Reader::from_reader(as_csv.body.as_bytes()).records().map(Result::unwrap).collect();
        prop_assert_eq!(rows.len(), items.len(), "{}", as_csv.body);
        for (place, item) in items.iter().enumerate() {
            prop_assert!(equal(outputs[place], item) && equal(&lines[place]["output"], item));
            let cell = rows[place].iter().next_back().unwrap();
            prop_assert!(!cell.starts_with(['=', '+', '@', '\t', '\r']), "{}", cell);
            prop_assert!(equal(&serde_json::from_str(&headway_api::csv::value_of(cell)).unwrap(), item), "{}", cell);
        }
    }
}

/// Bug found: a correction that was too large should be sent in smaller parts, and one in another encoding was told that gzip is for
/// parts alone.
#[tokio::test(start_paused = true)]
async fn a_refusal_advises_what_the_call_can_do() {
    let world = World::new();
    let open = world.start_with(json!({"sealed": false})).await;
    let failed = world.start_with(json!({"items": [{"fail": "no"}]})).await;
    world.work().await;
    let [part, retry, seal, tokens] = ["parts/0?firstIndex=0", "retry", "seal", "tokens"].map(|call| format!("/v1/jobs/{open}/{call}"));
    let items = format!("/v1/jobs/{failed}/items");
    let (jobs, large) = ("/v1/jobs".to_owned(), vec![b' '; PART_BYTES_MAX + 1]);
    let lines = |line: &str| format!("{line}\n").repeat(50_001).into_bytes();
    let (put, patch) = (("PUT", &part, NDJSON), ("PATCH", &items, NDJSON));
    let options = [("POST", &retry, JSON), ("POST", &seal, JSON), ("POST", &tokens, JSON)];
    let mut cases = vec![
        (("POST", &jobs, JSON), "gzip", large.clone(), "must not be compressed: send it uncompressed, or send its items as parts"),
        (("POST", &jobs, JSON), "br", large.clone(), "must not be compressed: send it uncompressed, or send its items as parts"),
        (
            ("POST", &jobs, JSON),
            "identity",
            large.clone(),
            "than 3000000 bytes: start the job with `\"sealed\": false` and send its items as parts",
        ),
        (put, "br", large.clone(), "the only content encoding supported is gzip"),
        (put, "identity", large.clone(), "the part is larger than 4500000 bytes as sent or unpacked: send smaller parts"),
        (put, "gzip", gzip(&large), "the part is larger than 4500000 bytes as sent or unpacked: send smaller parts"),
        (put, "identity", lines("1"), "more than 50000 items: send smaller parts"),
        (patch, "x-gzip", large.clone(), "the only content encoding supported is gzip"),
        (patch, "identity", large.clone(), "the body is larger than 4500000 bytes as sent or unpacked: send the items in several requests"),
        (patch, "gzip", gzip(&large), "the body is larger than 4500000 bytes as sent or unpacked: send the items in several requests"),
        (patch, "identity", lines("{\"index\":0,\"item\":1}"), "more than 50000 items: correct them in several requests"),
    ];
    for call in options {
        cases.push((call, "identity", large.clone(), "the body is larger than 3000000 bytes"));
        cases.push((call, "gzip", b"{}".to_vec(), "a JSON body must not be compressed: send it uncompressed"));
        cases.push((call, "identity", br#"{"rund": 1}"#.to_vec(), "/rund: is not a known member"));
    }
    for ((method, path, media_type), encoding, body, says) in cases {
        let request = world.request("ann", method, path).header("content-type", media_type).header("content-encoding", encoding);
        let answer = world.send(request.body(Body::from(body)).unwrap()).await.json();
        let errors = answer["errors"].as_array().into_iter().flatten();
        let errors = errors.map(|error| format!("{}: {}", error["pointer"].as_str().unwrap(), error["detail"].as_str().unwrap()));
        let said: Vec<String> = errors.chain(answer["detail"].as_str().map(str::to_owned)).collect();
        assert!(said.iter().any(|said| said.ends_with(says)), "{method} {path} {encoding}: {said:?} has not {says:?}");
    }
}
