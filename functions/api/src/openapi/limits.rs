//! Limits that the derived document lacks: those of the code that reads requests.

use headway_core::limits::{METADATA_KEY_CHARS_MAX, METADATA_PAIRS_MAX, METADATA_VALUE_CHARS_MAX};
use serde_json::json;
use utoipa::openapi::schema::{AdditionalProperties, SchemaType};
use utoipa::openapi::{Object, OpenApi as Document, RefOr, Schema, Type};

use crate::record_table::{NAMES, NAMES_MAX};

const METADATA: &str = "metadata";
const PAGE_SIZE: &str = "pageSize";
/// The shortest text that is a JSON array.
const ARRAY_CHARS_MIN: usize = "[]".len();

/// Limits the members of requests, a page's size, and the names of columns.
pub(super) fn limit(document: &mut Document) {
    for (name, schema) in document.components.iter_mut().flat_map(|components| components.schemas.iter_mut()) {
        let RefOr::T(Schema::Object(object)) = schema else { continue };
        object.properties.get_mut(METADATA).into_iter().for_each(limit_metadata);
        if name == "StartJobRequest" {
            object.extensions = Some(items_or_parts());
        }
    }
    let operations = document.paths.paths.values_mut().filter_map(|item| item.get.as_mut());
    for parameter in operations.filter_map(|operation| operation.parameters.as_mut()).flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        let Some(RefOr::T(Schema::Object(object))) = &mut parameter.schema else { continue };
        match parameter.name.as_str() {
            // Too large a size is lowered, so it has no largest value. A format would be one.
            PAGE_SIZE => object.format = None,
            NAMES => limit_names(object),
            _ => {}
        }
    }
}

/// The text is JSON: tools that know these keywords read it, and others know at least that it is not empty.
fn limit_names(object: &mut Object) {
    object.min_length = Some(ARRAY_CHARS_MIN);
    let names = json!({"type": "array", "items": {"type": "string"}, "uniqueItems": true, "maxItems": NAMES_MAX});
    let keywords = [("contentMediaType", json!("application/json")), ("contentSchema", names)];
    object.extensions.get_or_insert_default().merge(keywords.into_iter().collect());
}

fn limit_metadata(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::Object(object)) = schema else { return };
    let mut value = Object::with_type(SchemaType::Array(vec![Type::String, Type::Number, Type::Boolean, Type::Null]));
    value.max_length = Some(METADATA_VALUE_CHARS_MAX);
    let mut key = Object::with_type(Type::String);
    (key.min_length, key.max_length) = (Some(1), Some(METADATA_KEY_CHARS_MAX));
    object.max_properties = Some(METADATA_PAIRS_MAX);
    object.property_names = Some(Box::new(Schema::Object(key)));
    object.additional_properties = Some(Box::new(AdditionalProperties::RefOr(RefOr::T(Schema::Object(value)))));
}

/// Either the items are in the body, or `sealed` is false and they follow as parts. Generators of clients do not know these
/// keywords and make one type of it.
fn items_or_parts() -> utoipa::openapi::extensions::Extensions {
    let keywords = [
        ("if", json!({"properties": {"sealed": {"const": false}}, "required": ["sealed"]})),
        ("then", json!({"properties": {"items": {"type": "null"}}})),
        ("else", json!({"properties": {"items": {"type": "array"}, "expectedItems": {"type": "null"}}, "required": ["items"]})),
    ];
    keywords.into_iter().collect()
}
