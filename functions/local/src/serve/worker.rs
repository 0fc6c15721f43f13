//! Runs the user's own worker instead of the built-in one: as processes that use Lambda's Runtime API.

use std::io::{self, Write as _};
use std::sync::Arc;

use chrono::{SecondsFormat, Utc};
use headway_core::config::{EventsTo, HEADWAY_EVENT_LOG, HEADWAY_WORKERS_ENDED};
use headway_embedded::{FUNCTION_TIMEOUT, Hosted};
use headway_lambda_host::{CommandLine, Line, LogSink, Stream, Workers};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::out::printable;

/// Starts so many processes of it. Their logs are lines of JSON, or for people; events of jobs go to there. `tried` becomes
/// true once their processors are known, or one of them has failed to start.
///
/// # Errors
/// If loopback cannot be listened on.
pub(super) async fn start(
    hosted: &Hosted,
    command: CommandLine,
    count: u16,
    json: bool,
    events: Option<EventsTo>,
    tried: watch::Sender<bool>,
    stopped: watch::Receiver<bool>,
) -> anyhow::Result<Workers> {
    let mut variables = vec![("HEADWAY_TABLE".to_owned(), Hosted::TABLE.to_owned())];
    if std::env::var_os("HEADWAY_LOG").is_none() && !json {
        // A line for each batch is useful in a log, but not on a terminal.
        variables.push(("HEADWAY_LOG".to_owned(), "warn".to_owned()));
    }
    // The processes of a server end with it, so none of an earlier server's runs any more.
    variables.push((HEADWAY_WORKERS_ENDED.to_owned(), (Utc::now() + FUNCTION_TIMEOUT).to_rfc3339()));
    if let Some(EventsTo::Log(path)) = events {
        variables.push((HEADWAY_EVENT_LOG.to_owned(), path.to_string_lossy().into_owned()));
    }
    let log: LogSink = if json { Arc::new(as_json) } else { Arc::new(for_people) };
    Ok(Workers::start(&hosted.embedded, command, usize::from(count), variables, log, tried, stopped).await?)
}

/// A line of the worker's log is passed on as it is. Any other line becomes a line of JSON.
fn as_json(line: Line) {
    let text = match serde_json::from_str::<Value>(&line.text) {
        Ok(Value::Object(mut event)) => {
            event.insert("worker".to_owned(), line.worker.into());
            Value::Object(event)
        }
        _ => json!({"timestamp": now(), "worker": line.worker, "message": line.text}),
    };
    // If standard output is closed, there is no reader.
    let _ = writeln!(io::stdout(), "{text}");
}

fn for_people(line: Line) {
    let _ = writeln!(io::stderr(), "{}", line_text(&line, &now()));
}

/// A line of a worker, after its time as the server's own lines have it. A line that is no event is of now.
fn line_text(line: &Line, now: &str) -> String {
    let (time, text) = match (line.stream, serde_json::from_str::<Value>(&line.text)) {
        (Stream::Output, Ok(Value::Object(event))) if event.contains_key("level") => {
            (event.get("timestamp").and_then(Value::as_str).map(printable), event_text(&event))
        }
        _ => (None, printable(&line.text)),
    };
    format!("{} worker {} | {text}", time.as_deref().unwrap_or(now), line.worker)
}

fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// `WARN a message is left for later  error=… part=0`: an event of the worker's log, without its time.
fn event_text(event: &serde_json::Map<String, Value>) -> String {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let [level, message] = ["level", "message"].map(|name| event.get(name).map(plain).unwrap_or_default());
    let told = ["timestamp", "level", "message", "span", "spans", "target"];
    let fields = event.iter().filter(|(name, _)| !told.contains(&name.as_str())).map(|(name, value)| format!(" {name}={}", plain(value)));
    printable(&format!("{level} {message}{}", fields.collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_line_for_people_and_cannot_take_over_the_terminal() {
        let event = json!({"timestamp": "2026", "level": "WARN", "message": "left", "part": 0, "error": "\u{1b}[2J"});
        assert_eq!(event_text(event.as_object().unwrap()), "WARN left error=\\u001b[2J part=0");
    }

    /// Bug found: lines of workers had no time, beside the server's lines, which have one.
    #[test]
    fn every_line_of_a_worker_has_its_time() {
        for (text, stream, shown) in [
            (r#"{"timestamp":"12:01","level":"INFO","message":"went"}"#, Stream::Output, "12:01 worker 2 | INFO went"),
            (r#"{"level":"INFO","message":"went"}"#, Stream::Output, "12:00 worker 2 | INFO went"),
            (r#"{"timestamp":"12:01","mine":1}"#, Stream::Output, r#"12:00 worker 2 | {"timestamp":"12:01","mine":1}"#),
            ("printed by a processor", Stream::Error, "12:00 worker 2 | printed by a processor"),
        ] {
            let line = Line { worker: 2, stream, text: text.to_owned() };
            assert_eq!(line_text(&line, "12:00"), shown);
        }
    }
}
