//! The tables of `docs/endpoints.md`, line by line.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::future::join_all;
use headway::{Clock, ItemError, ItemProcessor as _, Output};
use headway_worker::processors::{Endpoints, Http};
use uuid::Uuid;

use crate::cases::{Becomes, Case, LONG_SECONDS, SHORT_SECONDS, all};
use crate::scripted::Scripted;
use crate::{SECRET, item};

/// The time that the dates in the cases are reckoned from.
#[derive(Debug)]
struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339("2026-11-24T08:00:00Z").unwrap().to_utc()
    }

    fn fresh_id(&self) -> Uuid {
        Uuid::nil()
    }
}

/// Those that wait for a time limit are run side by side, and apart from all others: while they wait, nothing may keep
/// this thread busy.
#[tokio::test]
async fn every_line_holds() {
    let (slow, quick): (Vec<Case>, Vec<Case>) = all().into_iter().partition(Case::is_slow);
    let mut wrongs = Vec::new();
    for case in quick {
        wrongs.extend(wrong(case).await);
    }
    wrongs.extend(join_all(slow.into_iter().map(wrong)).await.into_iter().flatten());
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
}

/// What broke it: a line of the page that nothing shows, or a case that the page does not tell of.
#[test]
fn the_page_has_the_lines_that_are_shown() {
    let page = page();
    let cells = page.lines().filter_map(|line| line.strip_prefix("| ")).filter_map(|line| line.split(" | ").next());
    let lines = cells.filter(|cell| !cell.starts_with("---") && !cell.starts_with("what"));
    let told: BTreeSet<String> = lines.flat_map(listed).collect();
    let shown: BTreeSet<String> = all().iter().map(|case| case.line.to_owned()).collect();
    assert_eq!(told.difference(&shown).collect::<Vec<_>>(), Vec::<&String>::new(), "told, not shown");
    assert_eq!(shown.difference(&told).collect::<Vec<_>>(), Vec::<&String>::new(), "shown, not told");
}

/// What a reader copies from the page has to be read.
#[test]
fn the_pages_configuration_is_one() {
    let page = page();
    let (_, json) = page.split_once("```json\n").unwrap();
    let endpoints = Endpoints::parse(json.split_once("```").unwrap().0).unwrap();
    assert_eq!(endpoints.names().collect::<Vec<_>>(), ["crm"]);
}

fn page() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/endpoints.md")).unwrap()
}

/// A cell holds one line, or statuses with commas between them.
fn listed(cell: &str) -> Vec<String> {
    let parts: Vec<String> = cell.split(", ").map(str::to_owned).collect();
    let is_status = |part: &String| part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_digit());
    if parts.iter().all(is_status) { parts } else { vec![cell.to_owned()] }
}

async fn wrong(case: Case) -> Option<String> {
    let became = became(&case).await;
    (became != case.becomes).then(|| format!("{}: {became:?}, not {:?}", case.line, case.becomes))
}

async fn became(case: &Case) -> Becomes {
    let endpoint = match case.scripts.is_empty() {
        true => None,
        false => Some(Scripted::start(case.scripts.clone()).await),
    };
    let http = http(
        endpoint.as_ref().map_or_else(closed_port, |endpoint| endpoint.port),
        if case.is_slow() { SHORT_SECONDS } else { LONG_SECONDS },
    );
    for _ in 1..case.items {
        http.process(item("1", r#"{"endpoint": "crm"}"#)).await.unwrap();
    }
    let last = http.process(headway::Item { attempt: case.attempt, ..item("2", r#"{"endpoint": "crm"}"#) }).await;
    match last {
        Ok(Output::None) => Becomes::Done(None),
        Ok(Output::Json(json)) if json.get().len() > headway::limits::OUTPUT_BYTES_MAX => Becomes::Omitted,
        Ok(Output::Json(json)) => Becomes::Done(Some(json.get().to_owned())),
        Err(ItemError::Retryable { code, retry_after, .. }) => Becomes::ForNow(code, retry_after.map(|wait| wait.as_secs())),
        Err(ItemError::Throttled { code, after, .. }) => Becomes::Throttled(code, after.map(|wait| wait.as_secs())),
        Err(ItemError::Permanent { code, .. }) => Becomes::ForGood(code),
    }
}

fn http(port: u16, timeout_seconds: u64) -> Http {
    let url = format!("http://127.0.0.1:{port}/");
    let crm = serde_json::json!({"url": url, "secret": SECRET, "allowPrivate": true, "timeoutSeconds": timeout_seconds});
    Http::new(Endpoints::parse(&serde_json::json!({"crm": crm}).to_string()).unwrap()).with_clock(Arc::new(Fixed))
}

/// A port that nobody listens at.
fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
