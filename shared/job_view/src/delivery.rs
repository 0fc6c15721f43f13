//! The delivery of a notice to the job's endpoint, as callers see it.

use chrono::{DateTime, Utc};
use headway_core::job::{NoticeState, RoundNotice};
use serde::Serialize;
#[cfg(feature = "openapi")]
use utoipa::ToSchema;

use crate::times::time_or_null;

/// The delivery of one notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", schema(as = CallbackDelivery))]
pub struct DeliveryDocument {
    /// The round that the notice is about.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub round: u32,
    /// How many tries have failed.
    pub failed_tries: u32,
    /// When it is tried next. Null once it is delivered or given up.
    #[serde(serialize_with = "time_or_null")]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub next_try_at: Option<DateTime<Utc>>,
    /// When the endpoint accepted it.
    #[serde(serialize_with = "time_or_null")]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub delivered_at: Option<DateTime<Utc>>,
}

impl DeliveryDocument {
    pub(crate) fn of(notice: &RoundNotice) -> Self {
        let at = |state| (notice.state == state).then_some(notice.next_at);
        Self {
            round: notice.round,
            failed_tries: notice.tries,
            next_try_at: at(NoticeState::Waiting),
            delivered_at: at(NoticeState::Delivered),
        }
    }
}
