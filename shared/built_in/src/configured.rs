//! What `http` and `lambda` have in common: their params name an endpoint or a function that the operator configured.

use headway_processor::Options;
use serde_json::{Value, json};

/// The options of such a processor. `member` is the member of the params, and `names` are the names that it can have. An empty list
/// means that they are not known here.
pub(crate) fn options(description: &str, member: &str, names: &[&str]) -> Options {
    let mut name: Value = json!({"type": "string", "description": "A name that the operator has configured"});
    match names {
        [] => name["description"] = json!("A name that the operator has configured: ask for it, since it is not known here"),
        names => name["enum"] = json!(names),
    }
    Options {
        description: description.to_owned(),
        params_schema: json!({
            "type": "object",
            "required": [member],
            "properties": {member: name},
            "additionalProperties": false
        }),
        ..Options::default()
    }
}
