//! `/v1/processors`: what jobs can name: processors, and endpoints for callbacks.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use headway_core::ProcessorInfo;
use headway_core::config::{ConfigError, Env, described_processors};
use headway_schema::Sandbox;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::auth::Scope;
use crate::json_answer::json_answer;
use crate::jwt_extractor::JwtExtractor;
use crate::problem::ApiErrorResponse;
use crate::state::AppState;

/// A processor.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProcessorResponse<'a> {
    /// The name that jobs use.
    name: &'a str,
    /// One line for people.
    description: &'a str,
    /// The JSON Schema of `params`.
    #[schema(value_type = Object)]
    params_schema: &'a Value,
    /// The most items in a chunk.
    #[schema(minimum = 1, maximum = 250)]
    chunk_size: u16,
    /// The most items that one call of the processor gets.
    #[schema(minimum = 1, maximum = 250)]
    batch: u16,
    /// The most attempts for an item whose failures may be temporary.
    #[schema(minimum = 1, maximum = 1_000)]
    max_attempts: u32,
    /// The longest that one call may take, with all of its items, in whole seconds, rounded up.
    #[schema(minimum = 0, maximum = 3_600)]
    item_timeout_seconds: u64,
}

/// What jobs can name.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProcessorList<'a> {
    /// All processors, in order of name.
    processors: Vec<ProcessorResponse<'a>>,
    /// The names of the endpoints that a job can have as its `callback`.
    callbacks: &'a [String],
}

/// Why the processors that the operator describes cannot be used. The function does not start, so that whoever deploys it learns of it.
#[derive(Debug, thiserror::Error)]
pub enum DescribedError {
    /// The description is not a list of processors.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Some have a `paramsSchema` that is not a JSON Schema, or not one that is checked in time: no job could be started with them.
    #[error("HEADWAY_PROCESSORS: {}", .0.join("; "))]
    ParamsSchemas(Vec<String>),
}

/// The built-in processors, and those that the operator describes: the worker's own, whose code is not in this function.
/// A description replaces that of a built-in processor with the same name.
///
/// # Errors
///
/// [`DescribedError`].
pub async fn with_described(built_in: Vec<ProcessorInfo>, env: Env<'_>) -> Result<Vec<ProcessorInfo>, DescribedError> {
    Ok(by_name(built_in, described(env).await?))
}

/// The processors of a worker in the same process, and those that the operator describes beside them. If both have a name, the
/// worker's counts, as it does where workers announce them.
///
/// # Errors
///
/// [`DescribedError`].
pub async fn beside_described(own: Vec<ProcessorInfo>, env: Env<'_>) -> Result<Vec<ProcessorInfo>, DescribedError> {
    Ok(by_name(described(env).await?, own))
}

async fn described(env: Env<'_>) -> Result<Vec<ProcessorInfo>, DescribedError> {
    let described = described_processors(env)?;
    let unusable = Sandbox::global().unusable(described.iter().map(|info| (info.name.as_str(), &info.params_schema))).await;
    if unusable.is_empty() { Ok(described) } else { Err(DescribedError::ParamsSchemas(unusable)) }
}

/// Both, in order of name. Of two with one name, the one in `counts`.
fn by_name(others: Vec<ProcessorInfo>, counts: Vec<ProcessorInfo>) -> Vec<ProcessorInfo> {
    let all = others.into_iter().chain(counts).map(|info| (info.name.clone(), info));
    all.collect::<BTreeMap<_, _>>().into_values().collect()
}

impl<'a> ProcessorResponse<'a> {
    fn new(info: &'a ProcessorInfo) -> Self {
        Self {
            name: &info.name,
            description: &info.description,
            params_schema: &info.params_schema,
            chunk_size: info.chunk_size,
            batch: info.batch,
            max_attempts: info.max_attempts,
            item_timeout_seconds: info.item_timeout_seconds,
        }
    }
}

/// The processors that jobs can use, and the endpoints that they can name as their callback.
#[utoipa::path(
    get,
    path = "/v1/processors",
    tag = "processors",
    security(("jwt" = [])),
    responses(
        (status = 200, body = ProcessorList<'static>),
        (status = 401, body = ApiErrorResponse), (status = 403, body = ApiErrorResponse),
        (status = 503, body = ApiErrorResponse),
    )
)]
pub async fn list_processors(State(state): State<Arc<AppState>>, JwtExtractor(claims): JwtExtractor) -> Result<Response, ApiErrorResponse> {
    claims.require(Scope::Read)?;
    let all = state.app.processors.all().await?;
    let processors = all.iter().map(|info| ProcessorResponse::new(info)).collect();
    json_answer(&ProcessorList { processors, callbacks: &state.app.callbacks })
}

#[cfg(test)]
mod tests {
    use headway_core::Options;

    use super::*;

    /// A job can use a worker's own processor.
    #[tokio::test]
    async fn described_processors_are_added() {
        let built_in = || vec![ProcessorInfo::new("http", &Options::default())];
        let list = r#"[{"name": "mine", "chunkSize": 10}, {"name": "http", "description": "ours"}]"#;
        let infos = with_described(built_in(), &|_| Some(list.to_owned())).await.unwrap();
        let seen: Vec<_> = infos.iter().map(|info| (info.name.as_str(), info.description.as_str(), info.chunk_size)).collect();
        assert_eq!(seen, [("http", "ours", 250), ("mine", "", 10)]);
        assert_eq!(with_described(built_in(), &|_| None).await.unwrap().len(), 1);

        let infos = beside_described(built_in(), &|_| Some(list.to_owned())).await.unwrap();
        assert_eq!(
            infos.iter().map(|info| (info.name.as_str(), info.description.as_str())).collect::<Vec<_>>(),
            [("http", ""), ("mine", "")]
        );
        assert!(beside_described(built_in(), &|_| Some("{".to_owned())).await.is_err());
    }
}
