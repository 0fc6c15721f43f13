//! The built-in processors as they are described to callers: names, options, and the params they take.
//!
//! The worker runs them (`headway-worker`), the HTTP API describes them and checks params. Both use this crate, so that the
//! API's binary has no code of a processor in it.

pub mod http;
pub mod json_schema;

use headway_processor::ProcessorInfo;

/// What callers are told of `http` and `json-schema` by whoever does not know the endpoints that are configured.
pub fn infos() -> Vec<ProcessorInfo> {
    vec![ProcessorInfo::new(http::NAME, &http::options(&[])), ProcessorInfo::new(json_schema::NAME, &json_schema::options())]
}
