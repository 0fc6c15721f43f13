//! The kinds of notices. A kind is data: its name, what it tells, and whom. Another kind is a variant and its row in
//! [`NoticeKind::spec`]; a new target also says in [`Labels::asks_for`](super::Labels::asks_for) which jobs want it.

use serde::{Deserialize, Serialize};
use strum::VariantArray;

use crate::ids::JobId;

/// What a notice tells, and whom. Of a round there is one notice of each kind at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, VariantArray)]
pub enum NoticeKind {
    /// The job's endpoint is called: the round has ended.
    #[default]
    #[serde(rename = "C")]
    Callback,
    /// An event on the bus: the round has started.
    #[serde(rename = "S")]
    JobStarted,
    /// An event on the bus: the round has ended.
    #[serde(rename = "E")]
    JobEnded,
}

/// What a notice tells of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It has started.
    Start,
    /// It has ended.
    End,
}

/// Whom a notice is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The endpoint that the job names as its callback.
    Endpoint,
    /// The operator's event bus.
    Bus,
}

/// Everything that differs between the kinds.
struct Spec {
    /// For logs and messages. For an event it is its `detail-type`.
    name: &'static str,
    /// What the notice's id has after the job and the round.
    id_suffix: &'static str,
    moment: Moment,
    target: Target,
}

impl NoticeKind {
    /// All kinds.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    const fn spec(self) -> Spec {
        let (name, id_suffix, moment, target) = match self {
            Self::Callback => ("Callback", "", Moment::End, Target::Endpoint),
            Self::JobStarted => ("JobStarted", "_started", Moment::Start, Target::Bus),
            Self::JobEnded => ("JobEnded", "_ended", Moment::End, Target::Bus),
        };
        Spec { name, id_suffix, moment, target }
    }

    /// The name, for logs and messages. For an event it is its `detail-type`.
    pub const fn as_str(self) -> &'static str {
        self.spec().name
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }

    /// The id of a notice of this kind: the same at every try.
    pub fn id(self, job: JobId, round: u32) -> String {
        format!("{job}_{round}{}", self.spec().id_suffix)
    }

    /// What it tells.
    pub const fn moment(self) -> Moment {
        self.spec().moment
    }

    /// Whom it is for.
    pub const fn target(self) -> Target {
        self.spec().target
    }

    /// True if it tells the end of a round.
    pub fn is_end(self) -> bool {
        self.moment() == Moment::End
    }

    /// True if the job's endpoint is told.
    pub fn is_callback(&self) -> bool {
        self.target() == Target::Endpoint
    }
}
