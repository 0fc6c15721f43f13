//! The tables of `docs/endpoints.md`, line by line.

use std::collections::BTreeSet;
use std::path::Path;

use futures::future::join_all;
use headway_core::{ItemError, ItemProcessor as _, Output};
use headway_testkit::HeldClock;
use headway_worker::processors::{Endpoints, Http};

use crate::batch_cases;
use crate::cases::{Becomes, Case, LONG_SECONDS, SHORT_SECONDS, all};
use crate::scripted::Scripted;
use crate::{SECRET, item};

/// Cases that wait for a time limit run at the same time, and separately from all others: while they wait, nothing may
/// keep this thread busy.
#[tokio::test]
async fn every_line_holds() {
    let (slow, quick): (Vec<Case>, Vec<Case>) = all().into_iter().partition(Case::is_slow);
    let (http, cases) = ready(quick, LONG_SECONDS).await;
    let mut wrongs = Vec::new();
    for (name, case) in &cases {
        wrongs.extend(wrong(&http, name, case).await);
    }
    let (http, cases) = ready(slow, SHORT_SECONDS).await;
    wrongs.extend(join_all(cases.iter().map(|(name, case)| wrong(&http, name, case))).await.into_iter().flatten());
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
}

/// Bug found: a line of the page without a case, or a case that the page does not mention.
#[test]
fn the_page_and_the_cases_have_the_same_lines() {
    let page = page();
    let cells = page.lines().filter_map(|line| line.strip_prefix("| ")).filter_map(|line| line.split(" | ").next());
    let lines = cells.filter(|cell| !cell.starts_with("---") && !cell.starts_with("what"));
    let told: BTreeSet<String> = lines.flat_map(listed).collect();
    let of_batches = batch_cases::all().into_iter().map(|case| case.line);
    let shown: BTreeSet<String> = all().iter().map(|case| case.line).chain(of_batches).map(str::to_owned).collect();
    assert_eq!(told.difference(&shown).collect::<Vec<_>>(), Vec::<&String>::new(), "told, not shown");
    assert_eq!(shown.difference(&told).collect::<Vec<_>>(), Vec::<&String>::new(), "shown, not told");
}

/// The configuration that readers copy from the page must be valid.
#[test]
fn the_pages_configuration_is_valid() {
    let page = page();
    let (_, json) = page.split_once("```json\n").unwrap();
    let endpoints = Endpoints::parse(json.split_once("```").unwrap().0).unwrap();
    assert_eq!(endpoints.names().collect::<Vec<_>>(), ["crm"]);
}

fn page() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/endpoints.md")).unwrap()
}

/// A cell has one line, or statuses separated by commas.
fn listed(cell: &str) -> Vec<String> {
    let parts: Vec<String> = cell.split(", ").map(str::to_owned).collect();
    let is_status = |part: &String| part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_digit());
    if parts.iter().all(is_status) { parts } else { vec![cell.to_owned()] }
}

/// An endpoint for each case, and the processor that knows them all.
async fn ready(cases: Vec<Case>, timeout_seconds: u64) -> (Http, Vec<(String, Case)>) {
    let (mut endpoints, mut named) = (serde_json::Map::new(), Vec::new());
    for (n, case) in cases.into_iter().enumerate() {
        let port = match case.scripts.is_empty() {
            true => closed_port(),
            false => Scripted::start(case.scripts.clone()).await.port,
        };
        let url = format!("http://127.0.0.1:{port}/");
        let config = serde_json::json!({"url": url, "secret": SECRET, "allowPrivate": true, "timeoutSeconds": timeout_seconds});
        endpoints.insert(format!("case-{n}"), config);
        named.push((format!("case-{n}"), case));
    }
    let endpoints = Endpoints::parse(&serde_json::Value::Object(endpoints).to_string()).unwrap();
    (Http::new(endpoints).with_clock(HeldClock::new()), named)
}

async fn wrong(http: &Http, name: &str, case: &Case) -> Option<String> {
    let became = play(http, name, case).await;
    (became != case.becomes).then(|| format!("{}: {became:?}, not {:?}", case.line, case.becomes))
}

async fn play(http: &Http, name: &str, case: &Case) -> Becomes {
    let params = format!(r#"{{"endpoint": "{name}"}}"#);
    for _ in 1..case.items {
        http.process(item("1", &params)).await.unwrap();
    }
    became(http.process(headway_core::Item { attempt: case.attempt, ..item("2", &params) }).await)
}

pub(crate) fn became(result: Result<Output, ItemError>) -> Becomes {
    match result {
        Ok(Output::None) => Becomes::Done(None),
        Ok(Output::Omitted) => Becomes::Omitted,
        Ok(Output::Json(json)) => Becomes::Done(Some(json.get().to_owned())),
        Err(ItemError::Retryable { code, retry_after, .. }) => Becomes::ForNow(code, retry_after.map(|wait| wait.as_secs())),
        Err(ItemError::Throttled { code, after, .. }) => Becomes::Throttled(code, after.map(|wait| wait.as_secs())),
        Err(ItemError::NoResult { code, retry_after, .. }) => Becomes::NoResult(code, retry_after.map(|wait| wait.as_secs())),
        Err(ItemError::Unreachable { code, .. }) => Becomes::Unreachable(code),
        Err(ItemError::Permanent { code, .. }) => Becomes::ForGood(code),
    }
}

/// A port on which nothing listens and that no other process gets: it stays bound while the test runs.
pub(crate) fn closed_port() -> u16 {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = socket.local_addr().unwrap().port();
    std::mem::forget(socket);
    port
}
