//! How many failed items a job tolerates.

use headway_core::{Percentage, ToleratedFailures};
use serde::Serialize;
#[cfg(feature = "openapi")]
use utoipa::ToSchema;

/// `{"count": n}`, or `{"percentage": p}` with or without `"minimumSample": m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", schema(as = ToleratedFailures))]
pub enum ToleratedFailuresDocument {
    /// This many items.
    Count(ToleratedCount),
    /// A share of all items.
    Percentage(ToleratedPercentage),
}

/// The job fails when more than `count` items have failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ToleratedCount {
    /// How many failed items are tolerated.
    #[cfg_attr(feature = "openapi", schema(maximum = 9_223_372_036_854_775_807_u64))]
    pub count: u64,
}

/// The job fails when more than `percentage` percent of all items have failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ToleratedPercentage {
    /// 0 to 100, with at most 9 decimals, compared exactly.
    #[cfg_attr(feature = "openapi", schema(value_type = f64, minimum = 0, maximum = 100))]
    pub percentage: Percentage,
    /// If given, the job also fails early: once this many items are handled and more than the percentage of those
    /// failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_223_372_036_854_775_807_u64))]
    pub minimum_sample: Option<u64>,
}

impl From<ToleratedFailures> for ToleratedFailuresDocument {
    fn from(tolerated: ToleratedFailures) -> Self {
        match tolerated {
            ToleratedFailures::Count(count) => Self::Count(ToleratedCount { count }),
            ToleratedFailures::Percentage { percentage, minimum_sample } => {
                Self::Percentage(ToleratedPercentage { percentage, minimum_sample })
            }
        }
    }
}
