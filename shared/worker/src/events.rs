//! Events of jobs, on an EventBridge bus: `JobStarted` and `JobEnded`, as docs/events.md describes them. Where there is no
//! bus they are appended to a file, in the form in which EventBridge delivers them.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::operation::put_events::PutEventsOutput;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use headway_core::config::EventsTo;
use headway_core::job::SendResult;
use headway_core::notice::{Notice, NoticeSender};
use headway_core::{Clock, error_chain};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::OnceCell;

use crate::notice_body::NoticeBody;

/// The `source` of every event.
pub const EVENT_SOURCE: &str = "headway";
/// An entry, in bytes. Source: EventBridge quotas; some regions accept more.
pub const EVENT_BYTES_MAX: usize = 256 * 1_024;
/// What the time adds to an entry. Source: EventBridge, "Calculating PutEvents event entry size".
const TIME_BYTES: usize = 14;

/// Puts events on a bus, or into a file.
#[derive(Debug)]
pub struct Events {
    to: EventsTo,
    clock: Arc<dyn Clock>,
    client: OnceCell<Client>,
}

impl Events {
    /// Sends events to this bus or file. AWS's configuration is read from the environment at the first event.
    pub fn new(to: EventsTo, clock: Arc<dyn Clock>) -> Self {
        Self { to, clock, client: OnceCell::new() }
    }

    /// Calls EventBridge with this client.
    #[must_use]
    pub fn with_client(self, client: Client) -> Self {
        Self { client: OnceCell::new_with(Some(client)), ..self }
    }

    async fn put(&self, bus: &str, notice: &Notice, detail: String) -> Result<(), String> {
        let bytes = TIME_BYTES + EVENT_SOURCE.len() + notice.kind.as_str().len() + detail.len();
        if bytes >= EVENT_BYTES_MAX {
            return Err(format!("the event has {bytes} bytes, and EventBridge accepts fewer than {EVENT_BYTES_MAX}"));
        }
        let client = self.client.get_or_init(client_from_env).await;
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(bus)
            .source(EVENT_SOURCE)
            .detail_type(notice.kind.as_str())
            .time(DateTime::from_millis(notice.timestamp.timestamp_millis()))
            .detail(detail);
        let answer = client.put_events().entries(entry.build()).send().await;
        accepted(&answer.map_err(|error| format!("EventBridge: {}", error_chain(&error)))?)
    }
}

#[async_trait]
impl NoticeSender for Events {
    async fn send(&self, notice: &Notice) -> SendResult {
        let Ok(detail) = serde_json::to_string(&NoticeBody::new(notice, self.clock.now())) else {
            return SendResult::Failed("the event cannot be written as JSON".to_owned());
        };
        let sent = match &self.to {
            EventsTo::Bus(bus) => self.put(bus, notice, detail).await,
            EventsTo::Log(path) => append(path.clone(), notice, detail).await,
        };
        match sent {
            Ok(()) => SendResult::Delivered,
            Err(reason) => SendResult::Failed(reason),
        }
    }
}

async fn client_from_env() -> Client {
    Client::new(&aws_config::load_from_env().await)
}

/// EventBridge answers 200 also if it has not accepted the entry: then the answer says why.
fn accepted(answer: &PutEventsOutput) -> Result<(), String> {
    let refused = answer.entries().iter().find(|entry| entry.error_code().is_some());
    match (answer.failed_entry_count(), refused) {
        (0, None) if answer.entries().iter().any(|entry| entry.event_id().is_some()) => Ok(()),
        (_, Some(entry)) => {
            let (code, message) = (entry.error_code().unwrap_or_default(), entry.error_message().unwrap_or_default());
            Err(format!("EventBridge refused the event: {code}: {message}"))
        }
        (failed, None) => Err(format!("EventBridge did not confirm the event (FailedEntryCount {failed})")),
    }
}

/// Appends the event as a line.
async fn append(path: PathBuf, notice: &Notice, detail: String) -> Result<(), String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let detail = RawValue::from_string(detail).map_err(|error| wrong(&error))?;
    let time = notice.timestamp.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let line = json!({
        "version": "0", "id": notice.id, "detail-type": notice.kind.as_str(), "source": EVENT_SOURCE, "account": "000000000000",
        "time": time, "region": "local", "resources": [], "detail": detail,
    });
    let file = path.clone();
    let written = tokio::task::spawn_blocking(move || append_line(&file, &format!("{line}\n"))).await;
    written.map_err(|error| wrong(&error))?.map_err(|error| wrong(&error))
}

/// One write, so that lines of several processes do not mix. If the file ends within a line, as after a full disk, a new one is begun.
fn append_line(path: &Path, line: &str) -> io::Result<()> {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).read(true).open(path)?;
    let line = if ends_within_a_line(&mut file)? { format!("\n{line}") } else { line.to_owned() };
    file.write_all(line.as_bytes())?;
    file.sync_data()
}

fn ends_within_a_line(file: &mut File) -> io::Result<bool> {
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    Ok(last != [b'\n'])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bug found: after a full disk the next event continued the half of a line, and could never be read.
    #[test]
    fn an_event_begins_a_line_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.ndjson");
        append_line(&path, "1\n").unwrap();
        std::fs::write(&path, "1\n{\"acc").unwrap();
        append_line(&path, "2\n").unwrap();
        append_line(&path, "3\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "1\n{\"acc\n2\n3\n");
    }
}
