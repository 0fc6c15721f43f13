//! The function that is called with the messages of both queues, and reports failed messages one by one: the worker.

use serde::Deserialize;

use super::queues::Queues;
use super::target::Deployment;
use super::unseen::unknown;
use super::worker::{self, API, WorkerConfiguration};
use super::{concurrency, recursion};
use crate::doctor::Check;

const MAPPINGS: &str = "event sources";
const DEPLOY: &str = "deploy template.yaml again";
/// The setting with which a function reports failed messages one by one.
const PARTIAL: &str = "ReportBatchItemFailures";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Mappings {
    event_source_mappings: Vec<Mapping>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Mapping {
    function_arn: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    function_response_types: Vec<String>,
    scaling_config: Option<ScalingConfig>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ScalingConfig {
    maximum_concurrency: Option<u64>,
}

/// The worker, if it was found, and the checks.
pub(super) async fn look(deployment: &Deployment, queues: &Queues) -> (Option<WorkerConfiguration>, Vec<Check>) {
    let mut mappings = Vec::new();
    let sources = [("the queue", Some(queues.queue.arn())), ("the dead letters", queues.dead_letters_arn())];
    for (source, arn) in sources {
        let Some(arn) = arn else { continue };
        match mapping(deployment, source, arn).await {
            Ok(mapping) => mappings.push(mapping),
            Err(check) => return (None, vec![check]),
        }
    }
    let workers_max = mappings.first().and_then(|of_the_queue| of_the_queue.scaling_config.as_ref()?.maximum_concurrency);
    let mut functions: Vec<_> = mappings.into_iter().map(|mapping| mapping.function_arn).collect();
    functions.dedup();
    let [function] = &functions[..] else {
        let detail = format!("the two queues call different functions: {}", functions.join(", "));
        return (None, vec![Check::bad(MAPPINGS, detail, DEPLOY)]);
    };
    let mut checks =
        vec![Check::good(MAPPINGS, "the worker is called with the messages of both queues, and reports failed messages one by one")];
    // An ARN is arn:aws:lambda:region:account:function:name, perhaps with :version at the end.
    let name = function.split(':').nth(6).unwrap_or(function);
    let worker = worker::look(deployment, queues, name, &mut checks).await;
    checks.push(recursion::look(&deployment.lambda, deployment.region(), name).await);
    checks.push(concurrency::look(&deployment.lambda, workers_max).await);
    (worker, checks)
}

/// The event source mapping that calls a function with a queue's messages.
async fn mapping(deployment: &Deployment, source: &str, arn: &str) -> Result<Mapping, Check> {
    let answer = deployment.lambda.get(&[API, "event-source-mappings"], &[("EventSourceArn", arn)]).await;
    let (_, body) = answer.map_err(|error| unknown(MAPPINGS, "lambda:ListEventSourceMappings", &error))?;
    let unreadable = |error| Check::bad(MAPPINGS, format!("not checked: {error}"), "run the check again");
    let Mappings { event_source_mappings } = serde_json::from_slice(&body).map_err(unreadable)?;
    let one: Result<[Mapping; 1], _> = event_source_mappings.try_into();
    let [mapping] = one.map_err(|mappings: Vec<_>| {
        let count = mappings.len();
        Check::bad(MAPPINGS, format!("{count} functions receive the messages of {source}, instead of one"), DEPLOY)
    })?;
    if !matches!(mapping.state.as_str(), "Enabled" | "Enabling" | "Creating" | "Updating") {
        let fix = "aws lambda update-event-source-mapping --enabled --uuid UUID, or deploy template.yaml again";
        return Err(Check::bad(MAPPINGS, format!("no function receives the messages of {source}: the mapping is {}", mapping.state), fix));
    }
    if !mapping.function_response_types.iter().any(|kind| kind == PARTIAL) {
        return Err(Check::bad(
            MAPPINGS,
            format!("one failed message of {source} causes its whole batch to be delivered again: {PARTIAL} is off"),
            DEPLOY,
        ));
    }
    Ok(mapping)
}
