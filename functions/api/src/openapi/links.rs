//! Links: which member of an answer is a parameter of which call.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::openapi::link::Link;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{RefOr, Response};

const ID: &str = "$response.body#/id";
const NEXT_PAGE: &str = "$response.body#/nextPageToken";

/// The calls on a job.
const CALLS_ON_A_JOB: [&str; 16] = [
    "get_job_status",
    "cancel_job",
    "pause_job",
    "resume_job",
    "retry_job",
    "delete_job",
    "make_job_token",
    "end_job_tokens",
    "list_job_parts",
    "put_job_part",
    "seal_job",
    "list_job_items",
    "correct_items",
    "list_job_failures",
    "group_job_failures",
    "list_job_results",
];

/// What a call needs besides the job's id. A retry needs no body, and some generators read none that is no text.
fn more_for(call: &str) -> Vec<(&'static str, Value)> {
    if call == "put_job_part" { vec![("n", json!(0)), ("firstIndex", json!(0))] } else { Vec::new() }
}

/// Links the answers of a call.
pub(super) fn complete(operation: &mut Operation) {
    let Some(call) = operation.operation_id.clone() else { return };
    let has_pages = operation.parameters.iter().flatten().any(|one| matches!(one, RefOr::T(one) if one.name == "pageToken"));
    let of_job = operation.parameters.iter().flatten().any(|one| matches!(one, RefOr::T(one) if one.name == "job_id"));
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        match (call.as_str(), status.as_str()) {
            ("post_job", "202") => {
                for to in CALLS_ON_A_JOB {
                    add(response, to, to, more_for(to).into_iter().chain([("job_id", json!(ID))]));
                }
            }
            ("list_jobs", "200") => add(response, "get_job_status", "get_job_status", [("job_id", json!("$response.body#/jobs/0/id"))]),
            _ => {}
        }
        if has_pages && status == "200" {
            let job = of_job.then(|| ("job_id", json!("$request.path.job_id")));
            add(response, "next_page", &call, [("pageToken", json!(NEXT_PAGE))].into_iter().chain(job));
        }
    }
}

fn add(response: &mut Response, name: &str, to: &str, parameters: impl IntoIterator<Item = (&'static str, Value)>) {
    let mut link = Link::default();
    to.clone_into(&mut link.operation_id);
    link.parameters = parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<BTreeMap<_, _>>();
    response.links.insert(name.to_owned(), RefOr::T(link));
}
