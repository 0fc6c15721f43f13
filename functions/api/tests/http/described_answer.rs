//! Whether the OpenAPI document describes an answer.

use std::sync::LazyLock;

use http::Method;
use serde_json::Value;

use super::Answer;

/// The document as it is published.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(include_str!("../../openapi.json")).unwrap());

/// Every answer that a test gets from a call of the document is described there: its status, and for a problem its type.
///
/// Bug found: a part of an ended job, its seal, and the retry of a cancelled one were refused with a type that the document did not name.
pub(crate) fn assert_is_described(method: &Method, path: &str, answer: &Answer) {
    let fits = |template: &str| {
        let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
        template.len() == path.len() && template.iter().zip(&path).all(|(wanted, given)| wanted.starts_with('{') || wanted == given)
    };
    let calls = DOCUMENT["paths"].as_object().unwrap();
    let Some(item) = calls.iter().find_map(|(template, item)| fits(template).then_some(item)) else { return };
    let Some(call) = item.get(method.as_str().to_lowercase()) else { return };
    let response = &call["responses"][answer.status.as_str()];
    assert!(response.is_object(), "{} does not describe {}: {}", call["operationId"], answer.status, answer.body);
    if answer.header("content-type") == "application/problem+json" {
        let name = answer.problem();
        let types = &response["content"]["application/problem+json"]["examples"];
        assert!(types.get(&name).is_some(), "{} does not describe {name}", call["operationId"]);
    }
}
