//! `http`: sends each item to an endpoint that the operator has configured.

use headway_processor::Options;
use serde::Deserialize;

use crate::configured;

/// The name that jobs use.
pub const NAME: &str = "http";

/// The `params` of a job: `{"endpoint": "crm"}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The name of a configured endpoint.
    pub endpoint: String,
}

/// Its options, with the names of these endpoints. An empty list means that they are not known here.
pub fn options(endpoints: &[&str]) -> Options {
    configured::options("Posts each item to an HTTP endpoint that the operator configured", "endpoint", endpoints)
}
