//! Children that something else on the machine kills: neither the schema nor an item is to blame. A program of its own, since it
//! kills all children that it finds.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use headway_schema::sandbox::{Checked, NoVerdict};
use headway_schema::{Sandbox, Source};
use serde_json::value::RawValue;

/// One less than makes the sandbox blame what was killed.
const KILLS: usize = 2;
/// An item that takes so long that it is always being checked, or about to be, when its child is killed.
const LEVELS: usize = 31;

/// A child that does nothing is killed again and again; then one that checks.
#[tokio::test(flavor = "multi_thread")]
async fn an_item_is_not_blamed_if_its_child_was_killed_from_outside() {
    headway_schema::sandbox::use_program(env!("CARGO_BIN_EXE_headway-schema-child"));
    let sandbox = Sandbox::with_times(1, Duration::from_secs(1), Duration::from_secs(1));

    for _ in 0..3 * KILLS {
        fits(&sandbox).await;
        kill(1).await;
    }

    let endless = Arc::new(Source::new(endless_check(), false));
    // If the check's time is over before its children have been killed, then once more.
    loop {
        // What was killed before no longer counts after this.
        fits(&sandbox).await;
        let killer = tokio::spawn(kill(KILLS));
        let found = sandbox.check("ann", &endless, raw("[1]")).await;
        let Err(NoVerdict::LimitExceeded(exceeded)) = found else { panic!("{found:?}") };
        assert_eq!(exceeded.code(), "schema time", "what is left alone exceeds its time");
        killer.abort();
        if killer.await.is_ok() {
            break;
        }
    }
    fits(&sandbox).await;
}

async fn fits(sandbox: &Sandbox) {
    let honest = Arc::new(Source::new(r#"{"type": "integer"}"#, false));
    let found = sandbox.check("ann", &honest, raw("1")).await;
    assert!(matches!(found, Ok(Checked::Fits(_))), "{found:?}");
}

/// Kills as many children, one after the other.
async fn kill(times: usize) {
    let mut killed = Vec::new();
    while killed.len() < times {
        for child in children().into_iter().filter(|child| !killed.contains(child)).collect::<Vec<_>>() {
            let signal = Command::new("sh").args(["-c", &format!("kill -KILL {child}")]).stderr(Stdio::null()).status().unwrap();
            killed.extend(signal.success().then_some(child));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The processes that check for this one.
fn children() -> Vec<u32> {
    let parent = std::process::id().to_string();
    let checks = |pid: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let is_child = stat.rsplit_once(')').is_some_and(|(_, rest)| rest.split_whitespace().nth(1) == Some(parent.as_str()));
        is_child && stat.contains("(headway-schema-") && !stat.contains(") Z ")
    };
    let numbers = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    numbers.filter(checks).collect()
}

fn endless_check() -> String {
    let level = |at: usize| format!("\"{at}\":{{\"allOf\":[{{\"$ref\":\"#/$defs/{}\"}}],\"unevaluatedItems\":false}}", at + 1);
    let levels: Vec<_> = (0..LEVELS).map(level).collect();
    format!("{{\"$defs\":{{{},\"{LEVELS}\":{{\"items\":true}}}},\"$ref\":\"#/$defs/0\"}}", levels.join(","))
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}
