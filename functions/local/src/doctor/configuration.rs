//! The environment's variables: each one that is set can be read by the function that uses it, and none is misspelt.

use std::sync::Arc;

use headway_api::auth::{Authenticator, Host};
use headway_api::cors::Origins;
use headway_api::params::unusable_schemas;
use headway_core::{SystemClock, config};
use headway_host::StoreKind;
use headway_worker::processors::{self, Endpoints};
use tracing_subscriber::EnvFilter;

use super::Check;

const NAME: &str = "configuration";
const PREFIX: &str = "HEADWAY_";

/// Every variable that a function or this command reads, without the prefix.
const KNOWN: &[&str] = &[
    "AUTH",
    "CALLBACKS",
    "DATA",
    "DEAD_LETTER_QUEUE_ARN",
    "EVENT_BUS",
    "EVENT_LOG",
    "HTTP_ENDPOINTS",
    "HTTP_ENDPOINTS_SECRET",
    "JWKS",
    "JWT_AUDIENCE",
    "JWT_ISSUER",
    "LAMBDA_FUNCTIONS",
    "LOG",
    "METRICS",
    "ORIGINS",
    "OWNER_CLAIM",
    "PROCESSORS",
    "QUEUE_FAIRNESS",
    "QUEUE_URL",
    "QUOTAS",
    "RETENTION_DAYS",
    "SCOPES",
    "STORE",
    "TABLE",
    "TOKEN",
    "TOKEN_COMMAND",
    "URL",
    "WORKERS_ENDED",
];

/// One check for each variable that cannot be read, or a single one that says that all can be.
pub async fn look() -> Vec<Check> {
    let set: Vec<String> =
        std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).filter(|name| name.starts_with(PREFIX)).collect();
    let mut wrong: Vec<Check> = set.iter().filter_map(|name| misspelt(name)).collect();
    wrong.extend(unreadable().await.into_iter().map(|(detail, fix)| Check::bad(NAME, detail, fix)));
    if let Ok(infos) = config::described_processors(&config::optional) {
        let unusable = unusable_schemas(infos.iter().map(|info| (info.name.as_str(), &info.params_schema))).await;
        wrong.extend(unusable.into_iter().map(|what| Check::bad(NAME, what, "correct it in HEADWAY_PROCESSORS: docs/json-schema.md")));
    }
    if wrong.is_empty() {
        wrong.push(Check::good(NAME, if set.is_empty() { "no variable is set: the defaults apply".to_owned() } else { listed(set) }));
    }
    wrong
}

fn listed(mut set: Vec<String>) -> String {
    set.sort();
    format!("can be read: {}", set.join(", "))
}

fn misspelt(name: &str) -> Option<Check> {
    let known = name.strip_prefix(PREFIX).is_some_and(|rest| KNOWN.contains(&rest));
    let fix = || format!("correct the name or unset it; there are {PREFIX}{{{}}}", KNOWN.join(","));
    (!known).then(|| Check::bad(NAME, format!("{name} is set, but nothing reads it"), fix()))
}

/// What is wrong with the variables that are set, and what to do.
async fn unreadable() -> Vec<(String, String)> {
    // The development key is checked elsewhere, and reading it here would create it.
    let env = |name: &str| match (name, config::optional(name).as_deref()) {
        ("HEADWAY_AUTH", None | Some("hs256")) => Some("gateway".to_owned()),
        _ => config::optional(name),
    };
    let auth = Authenticator::from_env(&env, Host::Local, Arc::new(SystemClock));
    let filter = config::optional(config::HEADWAY_LOG)
        .map_or(Ok(()), |filter| EnvFilter::try_new(&filter).map(|_| ()).map_err(|_| NoFilter(filter)));
    let found = [
        told(auth.map(|_| ()), "follow the message, or unset it here"),
        told(Origins::from_env(&config::optional).map(|_| ()), "list origins, separated by commas"),
        told(config::retention_days(&config::optional).map(drop), "set it to whole days, or unset it for 30"),
        told(config::quotas(&config::optional).map(drop), "see Quotas in template.yaml"),
        told(config::described_processors(&config::optional).map(drop), "see Processors in template.yaml"),
        told(processors::built_in().await.map(drop), "see HttpEndpoints, HttpEndpointsSecret and LambdaFunctions in template.yaml"),
        told(unknown_callbacks(), "name endpoints of HEADWAY_HTTP_ENDPOINTS, separated by commas: docs/callbacks.md"),
        told(config::events_to(&config::optional).map(drop), "set it to the name or ARN of a bus, or unset it: docs/events.md"),
        told(StoreKind::from_env(&config::optional).map(drop), "correct it, or unset it for dynamodb"),
        told(filter, "set HEADWAY_LOG to error, warn, info, debug, or a filter by target; until then the level is info"),
    ];
    found.into_iter().flatten().collect()
}

/// Every callback is an endpoint, if there are endpoints here: on AWS only the worker has them.
fn unknown_callbacks() -> Result<(), UnknownCallbacks> {
    let names = config::callbacks(&config::optional)?;
    let Some(endpoints) = Endpoints::from_env().ok().filter(|endpoints| endpoints.names().next().is_some()) else { return Ok(()) };
    let unknown: Vec<String> = names.into_iter().filter(|name| endpoints.get(name).is_none()).collect();
    if unknown.is_empty() { Ok(()) } else { Err(UnknownCallbacks::NoEndpoint(unknown.join(", "))) }
}

#[derive(Debug, thiserror::Error)]
enum UnknownCallbacks {
    #[error(transparent)]
    Config(#[from] config::ConfigError),
    #[error("HEADWAY_CALLBACKS has names that are not endpoints: {0}")]
    NoEndpoint(String),
}

#[derive(Debug, thiserror::Error)]
#[error("HEADWAY_LOG is {0:?}, which is not a log filter")]
struct NoFilter(String);

fn told<E: std::error::Error>(read: Result<(), E>, fix: &str) -> Option<(String, String)> {
    read.err().map(|error| (headway_core::error_chain(&error), fix.to_owned()))
}
