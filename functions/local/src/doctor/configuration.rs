//! The environment's variables: each one that is set can be read by the function that uses it, and none is misspelt.

use std::sync::Arc;

use headway_api::auth::{Authenticator, Host};
use headway_api::cors::Origins;
use headway_core::{SystemClock, config};
use headway_host::StoreKind;
use headway_schema::Sandbox;
use headway_worker::processors::{self, Endpoints};
use tracing_subscriber::EnvFilter;

use super::Check;

const NAME: &str = "configuration";
const PREFIX: &str = "HEADWAY_";

/// The variables that a function or this command reads, besides those of [`config::VARIABLES`] and of the stores.
const OTHERS: &[&str] = &[
    "HEADWAY_AUTH",
    "HEADWAY_DATA",
    "HEADWAY_HTTP_ENDPOINTS",
    "HEADWAY_HTTP_ENDPOINTS_SECRET",
    "HEADWAY_JWKS",
    "HEADWAY_JWT_AUDIENCE",
    "HEADWAY_JWT_ISSUER",
    "HEADWAY_LAMBDA_FUNCTIONS",
    "HEADWAY_ORIGINS",
    "HEADWAY_OWNER_CLAIM",
    "HEADWAY_QUEUE_FAIRNESS",
    "HEADWAY_SCOPES",
    "HEADWAY_STORE",
    "HEADWAY_TOKEN",
    "HEADWAY_TOKEN_COMMAND",
    "HEADWAY_URL",
];

/// One check for each variable that cannot be read, or a single one that says that all can be.
pub async fn look() -> Vec<Check> {
    let set: Vec<String> =
        std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).filter(|name| name.starts_with(PREFIX)).collect();
    let mut wrong: Vec<Check> = set.iter().filter_map(|name| misspelt(name)).collect();
    wrong.extend(unreadable().await.into_iter().map(|(detail, fix)| Check::bad(NAME, detail, fix)));
    if let Ok(infos) = config::described_processors(&config::optional) {
        let unusable = Sandbox::global().unusable(infos.iter().map(|info| (info.name.as_str(), &info.params_schema))).await;
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
    let of_stores = StoreKind::ALL.iter().flat_map(|kind| kind.variables());
    let mut known: Vec<&str> = config::VARIABLES.iter().chain(OTHERS).chain(of_stores).copied().collect();
    known.sort_unstable();
    let fix = || {
        let endings: Vec<&str> = known.iter().filter_map(|name| name.strip_prefix(PREFIX)).collect();
        format!("correct the name or unset it; there are {PREFIX}{{{}}}", endings.join(","))
    };
    (!known.contains(&name)).then(|| Check::bad(NAME, format!("{name} is set, but nothing reads it"), fix()))
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
        fault(auth.map(|_| ()), "follow the message, or unset it here"),
        fault(Origins::from_env(&config::optional).map(|_| ()), "list origins, separated by commas"),
        fault(processors::built_in().await.map(drop), "see HttpEndpoints, HttpEndpointsSecret and LambdaFunctions in template.yaml"),
        fault(unknown_callbacks(), "name endpoints of HEADWAY_HTTP_ENDPOINTS, separated by commas: docs/callbacks.md"),
        fault(StoreKind::from_env(&config::optional).map(drop), "correct it, or unset it for dynamodb"),
        fault(filter, "set HEADWAY_LOG to error, warn, info, debug, or a filter by target; until then the level is info"),
    ];
    let settings = config::problems(&config::optional).into_iter();
    let settings = settings.map(|error| fault(Err(error), "correct or unset it: template.yaml describes each setting"));
    settings.chain(found).flatten().collect()
}

/// Every callback is an endpoint, if there are endpoints here: on AWS only the worker has them.
fn unknown_callbacks() -> Result<(), UnknownCallbacks> {
    // What cannot be read is a fault of its own.
    let names = config::callbacks(&config::optional).unwrap_or_default();
    let Some(endpoints) = Endpoints::from_env().ok().filter(|endpoints| endpoints.names().next().is_some()) else { return Ok(()) };
    let unknown: Vec<String> = names.into_iter().filter(|name| endpoints.get(name).is_none()).collect();
    if unknown.is_empty() { Ok(()) } else { Err(UnknownCallbacks(unknown.join(", "))) }
}

#[derive(Debug, thiserror::Error)]
#[error("HEADWAY_CALLBACKS has names that are not endpoints: {0}")]
struct UnknownCallbacks(String);

#[derive(Debug, thiserror::Error)]
#[error("HEADWAY_LOG is {0:?}, which is not a log filter")]
struct NoFilter(String);

fn fault<E: std::error::Error>(read: Result<(), E>, fix: &str) -> Option<(String, String)> {
    read.err().map(|error| (headway_core::error_chain(&error), fix.to_owned()))
}
