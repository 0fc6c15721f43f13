//! Examples of requests and answers, by the name of their schema, and of parameters, by their name: `examples.json`. A
//! test checks each of them against its schema.

use std::sync::LazyLock;

use serde_json::{Map, Value};
use utoipa::openapi::example::Example;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::Components;
use utoipa::openapi::{Content, Ref, RefOr, Schema};

/// By name: `schemas` (each with its named examples), `parameters`, and `texts` for bodies that are not JSON.
static EXAMPLES: LazyLock<Map<String, Value>> = LazyLock::new(|| serde_json::from_str(include_str!("examples.json")).unwrap_or_default());

/// Gives the parameters and bodies of a call their examples.
pub(super) fn complete(operation: &mut Operation) {
    let call = operation.operation_id.clone().unwrap_or_default();
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        let own = found("parameters", &format!("{call}.{}", parameter.name));
        let example = own.or_else(|| found("parameters", &parameter.name));
        if let (Some(example), Some(RefOr::T(Schema::Object(object)))) = (example, &mut parameter.schema) {
            object.examples = vec![example.clone()];
        }
    }
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        body.content.iter_mut().for_each(|(_, content)| fill(content, &call));
    }
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        response.content.iter_mut().for_each(|(media, content)| fill(content, media));
    }
}

/// What the bodies refer to.
pub(super) fn complete_components(components: &mut Components) {
    for (name, value) in EXAMPLES.get("schemas").and_then(Value::as_object).into_iter().flatten() {
        for (example, value) in named(name, value) {
            let mut shown = Example::new();
            shown.value = Some(value.clone());
            components.examples.insert(example, RefOr::T(shown));
        }
    }
}

/// The examples of a schema with the names that they have in the document.
fn named<'a>(schema: &'a str, examples: &'a Value) -> impl Iterator<Item = (String, &'a Value)> {
    examples.as_object().into_iter().flatten().map(move |(name, value)| (format!("{schema}-{name}"), value))
}

/// A body with a schema of its own has that schema's examples; a text has the one of its call, or of its media type.
fn fill(content: &mut RefOr<Content>, text: &str) {
    let RefOr::T(content) = content else { return };
    if !content.examples.is_empty() {
        return;
    }
    match &content.schema {
        Some(RefOr::Ref(schema)) => {
            let Some(name) = schema.ref_location.rsplit('/').next() else { return };
            let names = found("schemas", name).into_iter().flat_map(|examples| named(name, examples)).map(|(name, _)| name);
            content.examples = names.map(|name| (name.clone(), RefOr::Ref(Ref::new(format!("#/components/examples/{name}"))))).collect();
        }
        _ => content.example = found("texts", text).cloned(),
    }
}

fn found(kind: &str, name: &str) -> Option<&'static Value> {
    EXAMPLES.get(kind)?.get(name)
}
