//! A problem (RFC 9457): what the server answers instead of a result, and what `--json` prints for any error.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::client::ClientError;
use crate::exit::{self, Exit, Stopped, Unfinished};

/// One problem, as the API's `ApiErrorResponse`. Members that this version does not know are kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// A URN that programs branch on.
    #[serde(rename = "type", default = "blank")]
    pub kind: String,
    /// The same for every problem of the type.
    #[serde(default)]
    pub title: String,
    /// The HTTP status; null if the problem never was an answer.
    #[serde(default)]
    pub status: Option<u16>,
    /// What went wrong this time.
    #[serde(default)]
    pub detail: Option<String>,
    /// The path that was asked for.
    #[serde(default)]
    pub instance: Option<String>,
    /// What exactly is wrong with a body.
    #[serde(default)]
    pub errors: Vec<ProblemEntry>,
    /// Members of single types: `limit`, `known`, `jobStatus`, …
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// One thing that is wrong with a body.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProblemEntry {
    /// A JSON pointer into the body.
    #[serde(default)]
    pub pointer: String,
    /// What is wrong there.
    #[serde(default)]
    pub detail: String,
}

impl Problem {
    /// The problem that stands for an error of the command.
    #[must_use]
    pub fn of(error: &anyhow::Error) -> Problem {
        if let Some(stopped) = error.downcast_ref::<Stopped>() {
            return Problem::stopped(stopped);
        }
        if let Some(Unfinished { job_id, advice, cause }) = error.downcast_ref() {
            return Problem::of(cause).with_job(Some(job_id), advice);
        }
        if let Some(ClientError::Refused(refusal)) = error.downcast_ref::<ClientError>() {
            return refusal
                .problem
                .clone()
                .unwrap_or_else(|| Problem { status: Some(refusal.status), ..Problem::new("http", "The server refused", error) });
        }
        match exit::code(error) {
            Exit::Usage => Problem::new("usage", "The command was called wrongly", error),
            Exit::Unreachable => Problem::new("unreachable", "The server was not reached", error),
            _ => Problem::new("command", "The command failed", error),
        }
    }

    /// Whether this is `urn:headway:problem:<short>`.
    #[must_use]
    pub fn is(&self, short: &str) -> bool {
        self.kind.strip_prefix("urn:headway:problem:") == Some(short)
    }

    /// The problem as one line of JSON.
    #[must_use]
    pub fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| format!("{{\"type\":{:?}}}", self.kind))
    }

    fn new(short: &str, title: &str, detail: impl std::fmt::Display) -> Problem {
        Problem {
            kind: format!("urn:headway:problem:{short}"),
            title: title.to_owned(),
            status: None,
            detail: Some(format!("{detail:#}")),
            instance: None,
            errors: Vec::new(),
            more: Map::new(),
        }
    }

    fn stopped(stopped: &Stopped) -> Problem {
        let (short, title) = match stopped.exit {
            Exit::Timeout => ("timeout", "The job has not ended in time"),
            _ => ("interrupted", "The command was interrupted"),
        };
        Problem::new(short, title, &stopped.what).with_job(stopped.job_id.as_ref(), &stopped.advice)
    }

    fn with_job(mut self, job_id: Option<&String>, advice: &[String]) -> Problem {
        self.more.insert("jobId".into(), job_id.map_or(Value::Null, |id| Value::String(id.clone())));
        self.more.insert("advice".into(), advice.into());
        self
    }

    /// A problem for a command line that the argument parser refused.
    #[must_use]
    pub fn usage(detail: &str) -> Problem {
        Problem::new("usage", "The command was called wrongly", detail)
    }
}

fn blank() -> String {
    "about:blank".to_owned()
}
