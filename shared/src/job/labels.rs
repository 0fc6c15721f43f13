//! What a job only carries, from its submission to every answer about it.

use serde::{Deserialize, Serialize};

/// What the caller gives a job and gets back with it. A new member needs no other place than this struct, the request and
/// the answer: the table keeps all members as one JSON text. Only notices read two of them, the callback and the events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Labels {
    /// The endpoint that is told when the job ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<String>,
    /// True if events of the job are put on the operator's bus. Set when the job is started, not by the caller: a job either
    /// tells all its starts and ends there, or none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub events: bool,
    /// The job's title, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The caller's own key-value pairs, as the text of a JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
}

impl Labels {
    /// As the table keeps them. Members that have no value take no space.
    pub fn to_json(&self) -> String {
        // A struct of texts can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what [`Self::to_json`] wrote, also by later code with more members.
    ///
    /// # Errors
    ///
    /// It is another text.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }
}
