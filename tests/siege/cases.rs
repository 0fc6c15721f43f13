//! The table of cases: what an attacker could do to other users of the same server. The first case of each kind once
//! did harm.

use serde_json::{Value, json};

use crate::hostile;

/// One kind of attack.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) what: Attack,
}

/// How it is done.
pub(crate) enum Attack {
    /// A job, with its items as JSON text.
    Job { processor: &'static str, params: Value, items: Vec<String> },
    /// This many jobs at once, each with its own params of this many bytes.
    Jobs { count: usize, params_bytes: usize },
    /// This many connections, each of which sends this and then nothing more.
    Connections { count: usize, sends: Vec<u8>, reads: bool },
    /// The same, one byte at a time.
    Drips { count: usize, sends: Vec<u8> },
    /// An upload of which nearly everything was sent.
    Uploads { count: usize, bytes: usize },
    /// A request with this body and these additional headers.
    Body { headers: &'static [(&'static str, &'static str)], body: Vec<u8> },
    /// Calls with all kinds of ids, tokens and pages.
    Calls(Vec<(&'static str, String)>),
    /// A job of its own that is cancelled, paused, resumed, retried and deleted again and again.
    Acts,
}

/// All cases.
pub(crate) fn all() -> Vec<Case> {
    let schemas = hostile::cases().into_iter().map(schema);
    schemas.chain(downstreams()).chain(memory()).chain(server()).chain(requests()).collect()
}

/// Crash, memory and time: a schema, a pattern, and the items that are checked.
fn schema(case: hostile::Case) -> Case {
    let params = json!({"schema": case.schema, "text": case.text});
    Case { name: case.name, what: Attack::Job { processor: "json-schema", params, items: vec![case.item; 2] } }
}

/// Waits and secrets: endpoints that are slow, never end, or repeat what they were sent.
fn downstreams() -> Vec<Case> {
    let at = |name, endpoint: &str, items: usize| {
        let items = (0..items).map(|n| n.to_string()).collect();
        Case { name, what: Attack::Job { processor: "http", params: json!({"endpoint": endpoint}), items } }
    };
    vec![
        at("items of a second each", "slow", 120),
        at("an endpoint that never answers", "silent", 20),
        at("an answer without end", "flood", 6),
        at("an answer a byte at a time", "drip", 6),
        at("a head without end", "head", 6),
        at("a compressed bomb", "bomb", 6),
        at("a reset in the middle of an answer", "reset", 20),
        at("an endpoint that asks to wait for a day", "wait", 20),
        at("a redirect to a private address", "redirect", 6),
        at("an endpoint that says what it was told", "echo", 6),
        at("an endpoint that is not there", "gone", 20),
    ]
}

/// Caches and large items.
fn memory() -> Vec<Case> {
    let job = |name, params, items| Case { name, what: Attack::Job { processor: "json-schema", params, items } };
    let any = json!({"schema": true});
    let large = |bytes: usize| format!("\"{}\"", "x".repeat(bytes));
    vec![
        Case { name: "59 jobs with large params", what: Attack::Jobs { count: 59, params_bytes: 90_000 } },
        Case { name: "a flood of small jobs", what: Attack::Jobs { count: 200, params_bytes: 10 } },
        job("items as large as may be", any.clone(), vec![large(190_000); 20]),
        job("items deep within", any.clone(), vec![format!("{}1{}", "[".repeat(120), "]".repeat(120)); 500]),
        job(
            "many members",
            any.clone(),
            vec![format!("{{{}}}", (0..9_000).map(|n| format!("\"{n}\":0")).collect::<Vec<_>>().join(",")); 20],
        ),
        job("10,000 items that all fail", json!({"schema": false}), vec!["0".to_owned(); 10_000]),
        job(
            "typed items, each as large as may be",
            json!({"schema": {"type": "object"}, "text": true}),
            vec![format!("{{\"a\":{}}}", large(180_000)); 20],
        ),
    ]
}

/// Connections and uploads.
fn server() -> Vec<Case> {
    let open = |name, count, sends: &str| Case { name, what: Attack::Connections { count, sends: sends.into(), reads: true } };
    let drip = |name, sends: String| Case { name, what: Attack::Drips { count: 20, sends: sends.into() } };
    let head = "POST /v1/jobs HTTP/1.1\r\nhost: x\r\n";
    vec![
        open("half a head", 50, "GET / HTT"),
        open("a head without its last line", 50, head),
        open("connections that ask for nothing", 300, ""),
        open("a request, and then nothing", 50, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"),
        open("what is no HTTP", 20, "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}"),
        open("a head of 200 KB", 20, &format!("{head}x: {}\r\n", "x".repeat(200_000))),
        open("10,000 headers", 20, &format!("{head}{}", "x: y\r\n".repeat(10_000))),
        open("a length that is none", 20, &format!("{head}content-length: -1\r\n\r\n")),
        open("a length and chunks", 20, &format!("{head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n")),
        open("a chunk without end", 20, &format!("{head}transfer-encoding: chunked\r\n\r\nffffffff\r\n{}", " ".repeat(100_000))),
        drip("a head a byte at a time", format!("{head}{}", "x: y\r\n".repeat(1_000))),
        drip("a body a byte at a time", format!("{head}content-length: 10000\r\n\r\n{}", " ".repeat(10_000))),
        Case {
            name: "requests whose answers nobody reads",
            what: Attack::Connections { count: 20, sends: "GET / HTTP/1.1\r\nhost: x\r\n\r\n".repeat(500).into(), reads: false },
        },
        Case { name: "uploads that never end", what: Attack::Uploads { count: 60, bytes: 4_400_000 } },
    ]
}

/// Whole requests.
fn requests() -> Vec<Case> {
    let body = |name, text: String| Case { name, what: Attack::Body { headers: &[], body: text.into() } };
    let items = |items: String| format!(r#"{{"processor":"json-schema","params":{{"schema":true}},"items":[{items}]}}"#);
    let zeros = compressed(&[b' '; 20_000_000]);
    let id = "00000000-0000-4000-8000-000000000000";
    vec![
        body("a body of 100,000 brackets", "[".repeat(100_000)),
        body("items of 100,000 brackets", items("[".repeat(100_000))),
        body("more items than may be", items(vec!["0"; 600_000].join(","))),
        body("one name a million times", format!("{{{}}}", vec!["\"items\":[]"; 300_000].join(","))),
        body("a number without end", items("1".repeat(3_000_000))),
        body("escapes without end", items(format!("\"{}\"", "\\u0000".repeat(600_000)))),
        body("broken surrogates and bytes", items("\"\\ud800\"".repeat(10))),
        Case { name: "a compressed body", what: Attack::Body { headers: &[("content-encoding", "gzip")], body: zeros } },
        Case {
            name: "tokens, pages and ids that are none",
            what: Attack::Calls(vec![
                ("GET", format!("jobs?pageToken={}", "A".repeat(4_000))),
                ("GET", "jobs?pageSize=4294967296".to_owned()),
                ("GET", "jobs?pageSize=100".to_owned()),
                ("GET", format!("jobs/{id}/failures?pageToken=%00%ff")),
                ("GET", format!("jobs/{}", "../".repeat(1_000))),
                ("PATCH", format!("jobs/{id}/items")),
                ("PUT", format!("jobs/{id}/parts/4294967295?firstIndex=18446744073709551615")),
                ("DELETE", format!("jobs/{id}")),
            ]),
        },
        Case { name: "acts without end", what: Attack::Acts },
    ]
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
