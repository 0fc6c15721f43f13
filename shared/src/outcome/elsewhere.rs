//! Which extra row a record is in.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Where a record is, if it is not in the outcome row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elsewhere {
    /// The name of the extra row.
    pub row: Uuid,
    /// What it is.
    pub holds: Holds,
}

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Holds {
    /// A failure.
    Failure,
    /// An output.
    Output,
    /// An item that has to run again in this round: in the extra row as an item, or in its failure of an earlier round.
    Again {
        /// The round.
        round: u32,
    },
}

impl Holds {
    /// The round in which the item has to run again, if it has to.
    pub fn again(self) -> Option<u32> {
        if let Self::Again { round } = self { Some(round) } else { None }
    }
}
