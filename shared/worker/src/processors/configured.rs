//! What the processors `http` and `lambda` have in common: the job's params name something that the operator configured.

use headway_core::{Item, ItemError, Options, Output};

/// The failure of items whose params name a `kind` ("endpoint") that is not among the `known` ones. The operator configures
/// them in `variable`.
pub(super) fn unknown<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a str>, variable: &str) -> ItemError {
    let known: Vec<&str> = known.collect();
    let known = match known.as_slice() {
        [] => format!("none is configured; the operator names them in {variable}"),
        known => format!("known are {}", known.join(", ")),
    };
    ItemError::permanent(kind, format!("there is no {kind} {name:?}: {known}"))
}

/// The same error for every item of a call.
pub(super) fn for_all(items: &[Item], error: &ItemError) -> Vec<Result<Output, ItemError>> {
    items.iter().map(|_| Err(error.clone())).collect()
}

/// The options of a processor as long as it is not known which of the `configured` ones a job names: the largest value of any,
/// with the description and schema of `described`.
pub(super) fn largest(described: Options, configured: impl Iterator<Item = Options>) -> Options {
    let largest = configured.reduce(|a, b| Options {
        batch: a.batch.max(b.batch),
        concurrency: a.concurrency.max(b.concurrency),
        item_timeout: a.item_timeout.max(b.item_timeout),
        attempts_max: a.attempts_max.max(b.attempts_max),
        ..a
    });
    let Options { description, params_schema, .. } = described;
    Options { description, params_schema, limit: None, ..largest.unwrap_or_default() }
}
