//! Refuses query parameters that a call does not have. Without `validateOnly` a job is started, and without `replace` a
//! correction is overwritten: whoever misspells a name, or is newer than the server, has to be told.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use headway_core::limits::cut_to_chars;
use http::Method;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{OpenApi as Document, RefOr};

use crate::edge::EMBED;
use crate::problem::ApiErrorResponse;
use crate::query::Query;

/// The most characters of an unknown name that are repeated.
const NAME_CHARS_MAX: usize = 60;

/// The names of the query parameters of each call that needs a token, as the OpenAPI document has them.
#[derive(Debug, Clone)]
pub(crate) struct QueryNames(Arc<HashMap<(Method, String), Vec<String>>>);

impl QueryNames {
    pub(crate) fn of(document: &Document) -> Self {
        let calls = document.paths.paths.iter().flat_map(|(path, item)| {
            let operations = [
                (Method::GET, &item.get),
                (Method::POST, &item.post),
                (Method::PUT, &item.put),
                (Method::PATCH, &item.patch),
                (Method::DELETE, &item.delete),
            ];
            operations.into_iter().filter_map(|(method, operation)| {
                let operation = operation.as_ref().filter(|operation| operation.security.is_some())?;
                Some(((method, path.clone()), in_query(operation)))
            })
        });
        Self(Arc::new(calls.collect()))
    }
}

fn in_query(operation: &Operation) -> Vec<String> {
    let parameters = operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
        RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => Some(parameter.name.clone()),
        _ => None,
    });
    parameters.collect()
}

/// Answers a request that has a parameter which its call does not have. Others are passed on.
pub(crate) async fn refuse(
    State(QueryNames(calls)): State<QueryNames>,
    path: MatchedPath,
    query: Query,
    request: Request,
    next: Next,
) -> Result<Response, ApiErrorResponse> {
    if query.is_empty() {
        return Ok(next.run(request).await);
    }
    let method = if request.method() == Method::HEAD { Method::GET } else { request.method().clone() };
    let path = path.as_str();
    let path = path.strip_prefix(EMBED).unwrap_or(path);
    if let Some(known) = calls.get(&(method, path.to_owned()))
        && let Some(name) = query.names().find(|name| !known.iter().any(|known| known == name))
    {
        let has = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let name = cut_to_chars(name, NAME_CHARS_MAX).escape_debug();
        return Err(ApiErrorResponse::malformed(format!("the call has no query parameter \"{name}\"; it has: {has}")));
    }
    Ok(next.run(request).await)
}
