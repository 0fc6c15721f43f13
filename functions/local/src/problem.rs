//! A problem (RFC 9457): the server's answer in case of an error, and what `--json` prints for any error.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A problem, as the API's `ApiErrorResponse`. Members that this version does not know are kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// A URN for programs.
    #[serde(rename = "type", default = "blank")]
    pub kind: String,
    /// The same for every problem of the type.
    #[serde(default)]
    pub title: String,
    /// The HTTP status. Null if the problem is not an answer of the server.
    #[serde(default)]
    pub status: Option<u16>,
    /// What went wrong this time, and what to do.
    #[serde(default)]
    pub detail: Option<String>,
    /// The path of the request.
    #[serde(default)]
    pub instance: Option<String>,
    /// What exactly is wrong in the body.
    #[serde(default)]
    pub errors: Vec<ProblemEntry>,
    /// Members of particular types: `limit`, `known`, `jobStatus`, …
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// One thing that is wrong in a body.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProblemEntry {
    /// A JSON pointer into the body.
    #[serde(default)]
    pub pointer: String,
    /// What is wrong there.
    #[serde(default)]
    pub detail: String,
}

impl fmt::Display for ProblemEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer.as_str() {
            "" => f.write_str(&self.detail),
            pointer => write!(f, "{pointer}: {}", self.detail),
        }
    }
}

impl Problem {
    /// True if this is `urn:headway:problem:<short>`.
    #[must_use]
    pub fn is(&self, short: &str) -> bool {
        self.kind.strip_prefix("urn:headway:problem:") == Some(short)
    }

    /// The problem as one line of JSON.
    #[must_use]
    pub fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| format!("{{\"type\":{:?}}}", self.kind))
    }

    /// A problem `urn:headway:problem:<short>` of the command itself.
    #[must_use]
    pub fn new(short: &str, title: &str, detail: &str) -> Problem {
        Problem {
            kind: format!("urn:headway:problem:{short}"),
            title: title.to_owned(),
            status: None,
            detail: Some(detail.to_owned()),
            instance: None,
            errors: Vec::new(),
            more: Map::new(),
        }
    }

    /// Adds the job that is left unfinished, and what can be done next.
    #[must_use]
    pub fn with_job(mut self, job_id: Option<&str>, advice: &[String]) -> Problem {
        self.more.insert("jobId".into(), job_id.into());
        self.more.insert("advice".into(), advice.into());
        self
    }

    /// Adds what became of the job, for people.
    #[must_use]
    pub fn with_state(mut self, state: &str) -> Problem {
        self.more.insert("state".into(), state.into());
        self
    }

    /// A command line that the argument parser refused.
    #[must_use]
    pub fn usage(detail: &str) -> Problem {
        Problem::new("usage", "The command was used wrongly", detail)
    }
}

fn blank() -> String {
    "about:blank".to_owned()
}
