//! Logs: one JSON line for each event whatever the input contains, and nothing of the input in them.

use std::cell::RefCell;
use std::io::Write;

use headway_aws::telemetry;
use headway_worker::processors::{Endpoints, Http};
use serde_json::{Value, json};

use crate::house::House;

const CANARY: &str = "canary\n\r\u{2028}\u{1b}[31m\"}{\u{0}zq7e57";
/// A part of the canary that survives every way of quoting.
const MARK: &str = "zq7e57";

thread_local! {
    /// What this thread logs, since other tests run at the same time.
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

#[derive(Debug)]
struct Sink;

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Puts a canary into every place that a caller, an endpoint or a message can fill. Returns how many requests were
/// made.
async fn sing(house: &House) -> usize {
    let (text, fails, panics) = (json!(CANARY), json!({"fail": CANARY}), json!({"panic": CANARY}));
    let everywhere = json!({"items": [text, {CANARY: CANARY}, fails, panics], "params": {CANARY: CANARY}, "metadata": {"k": CANARY},
        "toleratedFailures": {"count": 9}});
    let id = house.start("owner-zq7e57", everywhere).await.id();
    house.work().await;
    let bodies = [
        json!({"processor": CANARY, "items": [CANARY]}).to_string(),
        json!({"processor": "echo", "items": [{"id": CANARY}, {"id": CANARY}], "idField": "id"}).to_string(),
        json!({"processor": "echo", CANARY: CANARY}).to_string(),
        format!("{{\"{MARK}\":1,\"{MARK}\":2}}"),
        format!("{{\"processor\": \"{MARK}"),
        json!({"processor": "json-schema", "params": {"schema": {"type": CANARY}}, "items": [CANARY]}).to_string(),
        json!({"processor": "json-schema", "params": {"schema": {"const": 1}}, "items": [CANARY]}).to_string(),
    ];
    let calls = bodies.len();
    for body in bodies {
        house.call("owner-zq7e57", "POST", "/v1/jobs", "application/json", &body).await;
    }
    house.work().await;
    for path in ["/v1/jobs/zq7e57", "/zq7e57?x=zq7e57", "/v1/jobs?pageToken=zq7e57&status=zq7e57", "/v1/jobs?pageToken=zq7e57"] {
        house.get("owner-zq7e57", path).await;
    }
    let request = http::Request::get("/v1/jobs/zq7e57").header("authorization", "Bearer zq7e57.zq7e57.zq7e57").header("x-zq7e57", "zq7e57");
    house.send(request.header("origin", "https://zq7e57").body(axum::body::Body::empty()).unwrap()).await;
    for path in ["", "/failures?format=csv", "/results", "/retry"] {
        let method = if path == "/retry" { "POST" } else { "GET" };
        house.call("owner-zq7e57", method, &format!("/v1/jobs/{id}{path}"), "", "").await;
    }
    house.work().await;
    let own = house.embedded.queue().arn.clone();
    let ours = json!({"v": 1, "kind": MARK, "job": MARK, "part": MARK, "items": MARK}).to_string();
    let wrong_type = json!({"v": 1, "kind": "chunk", "job": id, "part": 0, "chunk": 0, "n": 1, "items": MARK}).to_string();
    for source in [own, house.embedded.dead_letters().arn.clone()] {
        house.deliver(&source, &[("a", MARK), ("b", &ours), ("c", &format!("{{\"v\": \"{MARK}\"}}")), ("d", &wrong_type)]).await;
    }
    1 + calls + 4 + 1 + 4
}

#[tokio::test(start_paused = true)]
async fn one_line_an_event_and_nothing_of_the_input() {
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(telemetry::filter("trace"));
    // For the whole process: a subscriber for one thread would miss what other threads have used first.
    subscriber.with_target(false).with_writer(|| Sink).init();
    let usual = std::panic::take_hook();
    telemetry::report_panics();
    telemetry::starting();
    assert!(std::panic::catch_unwind(|| panic!("a variable is missing")).is_err());
    telemetry::started();
    let house = House::new().await;
    let requests = sing(&house).await;
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let endpoints =
        format!(r#"{{"crm": {{"url": "https://localhost:1/zq7e57", "secret": "{secret}", "headers": {{"x-zq7e57": "zq7e57"}}}}}}"#);
    let http = Http::new(Endpoints::parse(&endpoints).unwrap());
    assert!(!format!("{http:?}").contains(MARK) && !format!("{http:?}").contains(&secret[6..]));
    std::panic::set_hook(usual);
    let text = String::from_utf8(LOGGED.take()).unwrap();
    let mut answered = 0;
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        answered += usize::from(matches!(event["message"].as_str(), Some("request" | "request failed")));
        assert!(!line.contains(MARK), "{line}");
    }
    assert_eq!(answered, requests, "a line a request");
    assert!(text.contains("a variable is missing"), "a panic at the start says why");
    assert!(!text.contains(&house.token("owner-zq7e57")[..40]));
}
