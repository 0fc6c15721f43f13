//! `http`: sends each item to an endpoint that the operator configured.

use headway_processor::Options;
use serde::Deserialize;

/// What jobs name it by.
pub const NAME: &str = "http";

/// The `params` of a job: `{"endpoint": "crm"}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The name of an endpoint that is configured.
    pub endpoint: String,
}

/// Its options, where these endpoints are configured; of none, none is known here.
pub fn options(endpoints: &[&str]) -> Options {
    let endpoint = match endpoints {
        [] => serde_json::json!({"type": "string"}),
        names => serde_json::json!({"type": "string", "enum": names}),
    };
    Options {
        description: "Posts each item to an HTTP endpoint that the operator configured".to_owned(),
        params_schema: serde_json::json!({
            "type": "object",
            "required": ["endpoint"],
            "properties": {"endpoint": endpoint},
            "additionalProperties": false
        }),
        ..Options::default()
    }
}
