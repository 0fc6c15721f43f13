//! The words that a text in an answer or a query is limited to, taken from the code that writes and reads them.

use headway_core::JobStatus;
use headway_core::corrections::CorrectionUse;
use headway_core::item_states::ItemStatus;
use headway_core::job::NoticeState;
use headway_core::outcome::FailureKind;
use headway_core::waiting::WaitReason;
use serde_json::{Value, json};
use utoipa::openapi::schema::ArrayItems;
use utoipa::openapi::{OpenApi as Document, RefOr, Schema};

use crate::auth::job_token::Allow;
use crate::failures::Failures;
use crate::item_list::{correction_name, status_name};
use crate::job_status::ACTIONS;
use crate::problem::ProblemType;
use crate::record_kind::Records as _;
use crate::record_pages::Format;
use crate::results::Results;

/// The name of the extension that lists the types of problems with their meaning. They are no enum: clients have to
/// expect others.
const PROBLEM_TYPES: &str = "x-problem-types";

/// Limits each of these texts to its words.
pub(super) fn limit(document: &mut Document) {
    let statuses: Vec<_> = JobStatus::ALL.iter().map(|status| Value::from(status.as_str())).collect();
    let kinds: Vec<_> = FailureKind::ALL.iter().map(|kind| Value::from(kind.to_string())).collect();
    let corrections = CorrectionUse::ALL.iter().map(|correction| Value::from(correction_name(*correction)));
    let corrections = corrections.chain([Value::Null]).collect();
    let members = [
        ("JobStatusResponse", "status", statuses.clone()),
        ("JobStatusResponse", "actions", ACTIONS.map(Value::from).to_vec()),
        ("WaitingFor", "reason", WaitReason::ALL.iter().map(|reason| Value::from(reason.as_str())).collect()),
        ("JobTokenRequest", "allow", Allow::ALL.map(|allow| Value::from(allow.name())).to_vec()),
        (
            "JobStatusResponse",
            "callbackState",
            NoticeState::ALL.map(|state| Value::from(state.as_str())).into_iter().chain([Value::Null]).collect(),
        ),
        ("FailureResponse", "kind", kinds.clone()),
        ("FailureGroup", "kind", kinds.clone()),
        ("ItemResponse", "status", ItemStatus::ALL.iter().map(|status| Value::from(status_name(*status))).collect()),
        ("ItemResponse", "correction", corrections),
        ("ItemResponse", "kind", kinds.into_iter().chain([Value::Null]).collect()),
    ];
    let schemas = document.components.iter_mut().flat_map(|components| components.schemas.iter_mut());
    for (name, schema) in schemas {
        let RefOr::T(Schema::Object(object)) = schema else { continue };
        for (_, member, words) in members.iter().filter(|(of, ..)| of == name) {
            object.properties.get_mut(*member).into_iter().for_each(|property| set(property, words));
        }
    }
    let formats: Vec<_> = Format::ALL.iter().map(|format| Value::from(format.name())).collect();
    let calls = document.paths.paths.values_mut().filter_map(|item| item.get.as_mut());
    let parameters = calls.flat_map(|call| call.parameters.iter_mut().flatten().zip(std::iter::repeat(call.operation_id.as_deref())));
    for (parameter, call) in parameters {
        let RefOr::T(parameter) = parameter else { continue };
        let words = match parameter.name.as_str() {
            "status" => &statuses,
            "format" => &formats,
            "cells" => &vec![Value::from("raw")],
            "columns" => &vec![Value::from(if call == Some("list_job_failures") { Failures::VALUES } else { Results::VALUES })],
            _ => continue,
        };
        parameter.schema.iter_mut().for_each(|schema| set(schema, words));
    }
    let row = |kind: &ProblemType| json!({"type": kind.urn(), "status": kind.status().as_u16(), "title": kind.title()});
    let problems: Vec<_> = ProblemType::ALL.iter().map(row).collect();
    document.extensions.get_or_insert_default().merge([(PROBLEM_TYPES, json!(problems))].into_iter().collect());
}

/// Limits a text, or each text of a list.
fn set(schema: &mut RefOr<Schema>, words: &[Value]) {
    match schema {
        RefOr::T(Schema::Object(object)) => object.enum_values = Some(words.to_vec()),
        RefOr::T(Schema::Array(array)) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                set(items, words);
            }
        }
        _ => {}
    }
}
