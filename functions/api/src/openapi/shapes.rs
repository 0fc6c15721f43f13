//! What generators of clients need, and the derived document lacks.

use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{AdditionalProperties, KnownFormat, SchemaFormat, SchemaType};
use utoipa::openapi::{Content, Object, OneOf, OpenApi as Document, Ref, RefOr, Schema, Type};

use crate::body::{BYTES, JSON, NDJSON};

/// What a start can be answered with, by the names of the schemas: with `validateOnly`, and without.
const STARTED: [&str; 2] = ["PlannedResponse", "JobStatusResponse"];
const EITHER: &str = "StartJobResponse";

/// Some generators of clients know one success of a call, that with the lowest status. Of a start that is the answer to
/// `validateOnly`, so it names the job as well: without that, their clients start jobs and never learn the id.
pub(super) fn name_both_answers_of_a_start(document: &mut Document) {
    let start = document.paths.paths.get_mut("/v1/jobs").and_then(|item| item.post.as_mut());
    let Some(RefOr::T(planned)) = start.and_then(|start| start.responses.responses.get_mut("200")) else { return };
    let either = RefOr::Ref(Ref::from_schema_name(EITHER));
    planned.content.insert(JSON.to_owned(), RefOr::T(Content::new(Some(either))));
    let mut union = OneOf::new();
    union.items = STARTED.map(|name| RefOr::Ref(Ref::from_schema_name(name))).into();
    union.description = Some("The plan of a job if `validateOnly` was asked for, and else the job".to_owned());
    document.components.get_or_insert_default().schemas.insert(EITHER.to_owned(), RefOr::T(Schema::OneOf(union)));
}

/// Completes an operation. Returns the name of the schema that its JSON body has.
pub(super) fn complete_operation(operation: &mut Operation) -> Option<String> {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter {
            parameter.schema.iter_mut().for_each(never_null);
        }
    }
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        let headers =
            response.headers.values_mut().filter_map(|header| if let RefOr::T(header) = header { header.schema.as_mut() } else { None });
        headers.for_each(never_null);
    }
    let Some(RefOr::T(body)) = operation.request_body.as_mut() else { return None };
    if body.content.contains_key(NDJSON) {
        body.content.insert(BYTES.to_owned(), RefOr::T(bytes()));
    }
    let Some(RefOr::T(content)) = body.content.get(JSON) else { return None };
    let Some(RefOr::Ref(schema)) = &content.schema else { return None };
    schema.ref_location.rsplit('/').next().map(str::to_owned)
}

/// Objects of any members say so, and the bodies with these names say that they have no others: without that, generated
/// types have no members at all, or any.
pub(super) fn complete_schemas(document: &mut Document, bodies: &[String]) {
    for (name, schema) in document.components.iter_mut().flat_map(|components| components.schemas.iter_mut()) {
        if let RefOr::T(Schema::OneOf(union)) = schema {
            union.items.iter_mut().for_each(only_refer);
        }
        let RefOr::T(Schema::Object(object)) = schema else { continue };
        if bodies.contains(name) {
            object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
        object.properties.values_mut().for_each(open);
    }
}

/// A reference with a description is no reference to some generators.
fn only_refer(schema: &mut RefOr<Schema>) {
    if let RefOr::Ref(reference) = schema {
        reference.description.clear();
    }
}

/// A parameter or a header is left out, never null.
fn never_null(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::Object(object)) = schema else { return };
    let SchemaType::Array(types) = &object.schema_type else { return };
    if let [only, Type::Null] = types.as_slice() {
        object.schema_type = SchemaType::Type(only.clone());
    }
}

fn open(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::Object(object)) = schema else { return };
    let is_object = match &object.schema_type {
        SchemaType::Type(only) => matches!(only, Type::Object),
        SchemaType::Array(types) => types.iter().any(|one| matches!(one, Type::Object)),
        SchemaType::AnyValue => false,
    };
    if is_object && object.properties.is_empty() && object.additional_properties.is_none() {
        object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(true)));
    }
}

/// Lines of NDJSON as bytes.
fn bytes() -> Content {
    let mut object = Object::with_type(Type::String);
    object.format = Some(SchemaFormat::KnownFormat(KnownFormat::Binary));
    Content::new(Some(RefOr::T(Schema::Object(object))))
}
