//! `lambda`: invokes a Lambda function that the operator has configured, with several items at a time.

use headway_processor::Options;
use serde::Deserialize;

use crate::configured;

/// The name that jobs use.
pub const NAME: &str = "lambda";

/// The `params` of a job: `{"function": "resize"}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The name of a configured function.
    pub function: String,
}

/// Its options, with the names of these functions. An empty list means that they are not known here.
pub fn options(functions: &[&str]) -> Options {
    configured::options("Invokes a Lambda function that the operator configured, with several items at a time", "function", functions)
}
