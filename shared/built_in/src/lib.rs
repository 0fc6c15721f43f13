//! The descriptions of the built-in processors: names, options, and params.
//!
//! The worker runs them (`headway-worker`), the HTTP API describes them and checks params. Both use this crate, so that
//! the API's binary contains no code of a processor.
//!
//! Its map: [`json_schema`], [`http`] and [`lambda`] each describe one processor. `configured` has what `http` and `lambda`
//! share: params that name something which the operator configured.

mod configured;
pub mod http;
pub mod json_schema;
pub mod lambda;

use headway_processor::ProcessorInfo;

/// The descriptions of `http`, `json-schema` and `lambda` where the configured endpoints and functions are not known.
pub fn infos() -> Vec<ProcessorInfo> {
    vec![
        ProcessorInfo::new(http::NAME, &http::options(&[])),
        ProcessorInfo::new(json_schema::NAME, &json_schema::options()),
        ProcessorInfo::new(lambda::NAME, &lambda::options(&[])),
    ]
}
