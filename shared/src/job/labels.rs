//! What a job only carries, from its submission to every answer about it.

use serde::{Deserialize, Serialize};

use super::notice_kind::Target;

/// What a job carries: what its caller gave it and gets back, and whether its events are put on the operator's bus. The table
/// keeps all members as one JSON text, so a new member changes only this struct, the request and the answer. Rules may
/// read a member, as [`Self::asks_for`] does, but none changes once the job has started, and no condition of a store names it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Labels {
    /// The endpoint that is told when the job ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<String>,
    /// True if events of the job are put on the operator's bus. Set when the job is started, not by the caller: either all
    /// starts and ends of the job are events, or none.
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
    /// True if notices of the job are for this target too.
    pub fn asks_for(&self, target: Target) -> bool {
        match target {
            Target::Endpoint => self.callback.is_some(),
            Target::Bus => self.events,
        }
    }

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
