//! What each status of an answer means for the item. `docs/endpoints.md` gives the reasons.

/// What a status means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StatusMeaning {
    /// The endpoint has accepted the item.
    Done,
    /// The endpoint asks all callers to wait.
    Throttled,
    /// The endpoint may still be processing this item because of an earlier attempt.
    InProgress,
    /// The failure may be temporary.
    ForNow,
    /// The failure is permanent.
    ForGood,
}

impl StatusMeaning {
    /// For any status that HTTP allows. `asks_to_wait`: the answer has a `Retry-After` that can be read.
    pub(super) fn of(status: u16, asks_to_wait: bool) -> Self {
        match status {
            200..300 => Self::Done,
            429 => Self::Throttled,
            503 if asks_to_wait => Self::Throttled,
            409 | 423 | 425 => Self::InProgress,
            408 | 421 => Self::ForNow,
            // RFC 9110: too large for now, if the answer says when to try again.
            413 if asks_to_wait => Self::ForNow,
            501 | 505 | 506 | 508 | 510 => Self::ForGood,
            // RFC 9110: an unknown status counts as a server's error.
            500.. => Self::ForNow,
            _ => Self::ForGood,
        }
    }
}
