//! What became of the notices of a job's rounds: tries, deliveries, and how the rounds ended that a retry has left before
//! they were told. A job has at most one notice of each kind for each round.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::notice_kind::NoticeKind;
use super::rounds::RoundCounts;
use super::status::JobStatus;

/// How long after each failed try a notice is tried again. After the last one it is given up.
pub const TRY_AGAIN_AFTER: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3_600),
    Duration::from_secs(5 * 3_600),
    Duration::from_secs(10 * 3_600),
];
/// How many rounds that a retry has left may wait to be told, for each kind of notice. With more, the oldest is given up.
pub const LEFT_ROUNDS_MAX: usize = 20;

/// How far a notice has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum NoticeState {
    /// It has to be told, or told again.
    #[serde(rename = "W")]
    Waiting,
    /// Whoever it is for has accepted it.
    #[serde(rename = "D")]
    Delivered,
    /// Whoever it is for wants no notices, or has not accepted this one in any try.
    #[serde(rename = "G")]
    GivenUp,
}

impl NoticeState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Delivered, Self::GivenUp];

    /// The name in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Delivered => "Delivered",
            Self::GivenUp => "GivenUp",
        }
    }
}

/// How a round ended, and its counts when a retry left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundEnd {
    /// The status.
    #[serde(rename = "s")]
    pub status: JobStatus,
    /// Why it failed.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// When it ended.
    #[serde(rename = "c", with = "chrono::serde::ts_milliseconds")]
    pub completed_at: DateTime<Utc>,
    /// All items.
    #[serde(rename = "i")]
    pub total_items: u64,
    /// Items that had succeeded.
    #[serde(rename = "p")]
    pub processed_items: u64,
    /// Items that had failed.
    #[serde(rename = "f")]
    pub failed_items: u64,
    /// True if not all items had been submitted.
    #[serde(rename = "o", default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
}

/// What became of the notice of one round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundNotice {
    /// The round.
    #[serde(rename = "r")]
    pub round: u32,
    /// What is told, and whom.
    #[serde(rename = "k", default, skip_serializing_if = "NoticeKind::is_callback")]
    pub kind: NoticeKind,
    /// How far it has come.
    #[serde(rename = "s")]
    pub state: NoticeState,
    /// How many tries have failed.
    #[serde(rename = "t")]
    pub tries: u32,
    /// When it is told, or tried again; once it is delivered or given up: when that was.
    #[serde(rename = "n", with = "chrono::serde::ts_milliseconds")]
    pub next_at: DateTime<Utc>,
    /// When the round started. Only of a notice that tells this, and only if a retry started the round: the start of the
    /// first round is in the job's row.
    #[serde(rename = "b", with = "chrono::serde::ts_milliseconds_option", default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<DateTime<Utc>>,
    /// How the round ended, if a retry has left it. Otherwise the job's row shows it.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub end: Option<RoundEnd>,
}

/// What became of one try to send a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendResult {
    /// The target has accepted the notice.
    Delivered,
    /// The target wants no notices: it is not tried again.
    Refused,
    /// It was not accepted, for this reason.
    Failed(String),
}

impl RoundNotice {
    /// Of what happened at this time and has not been told.
    pub(super) fn new(round: u32, kind: NoticeKind, at: DateTime<Utc>) -> Self {
        Self { round, kind, state: NoticeState::Waiting, tries: 0, next_at: at, started_at: None, end: None }
    }

    /// True if it is of that round and kind.
    pub fn is_of(&self, round: u32, kind: NoticeKind) -> bool {
        self.round == round && self.kind == kind
    }

    /// As it is after a try that ended at `now`.
    #[must_use]
    pub fn after(mut self, result: &SendResult, now: DateTime<Utc>) -> Self {
        self.next_at = now;
        self.state = match result {
            SendResult::Delivered => NoticeState::Delivered,
            SendResult::Refused => NoticeState::GivenUp,
            SendResult::Failed(_) => match TRY_AGAIN_AFTER.get(self.tries as usize) {
                Some(wait) => {
                    self.next_at = now + TimeDelta::from_std(*wait).unwrap_or_default();
                    NoticeState::Waiting
                }
                None => NoticeState::GivenUp,
            },
        };
        if *result != SendResult::Delivered {
            self.tries += 1;
        }
        self
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.state == NoticeState::Waiting
    }
}

/// The notices of a job, in the order of their rounds: all that wait, and of each kind the last of the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notices(pub(super) Vec<RoundNotice>);

impl Notices {
    /// True if nothing has been written about any round.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True if a notice that waits shows the counts of this round.
    pub(super) fn show(&self, counts: &RoundCounts) -> bool {
        self.0.iter().any(|notice| notice.is_waiting() && counts.is_shown_in(notice.round))
    }

    /// As the table keeps them. Equal notices are equal texts.
    pub fn to_json(&self) -> String {
        // A list of numbers and texts can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what [`Self::to_json`] wrote.
    ///
    /// # Errors
    ///
    /// It is another text.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// With this one in place of what is known of its round and kind.
    #[must_use]
    pub fn with(&self, notice: RoundNotice) -> Self {
        let mut all: Vec<RoundNotice> = self.0.iter().filter(|known| !known.is_of(notice.round, notice.kind)).cloned().collect();
        all.push(notice);
        all.sort_by_key(|notice| (notice.round, notice.kind));
        let last = NoticeKind::ALL
            .iter()
            .filter_map(|kind| {
                all.iter().filter(|notice| notice.kind == *kind && !notice.is_waiting()).map(|notice| (notice.round, *kind)).max()
            })
            .collect::<Vec<_>>();
        all.retain(|notice| notice.is_waiting() || last.contains(&(notice.round, notice.kind)));
        for told in all.iter_mut().filter(|notice| !notice.is_waiting()) {
            (told.end, told.started_at) = (None, None);
        }
        Self(all)
    }
}
