//! Checks a job's `params` before the job is created: against the processor's `paramsSchema` and, for `json-schema`,
//! also the schema in them. Both run in the child processes of [`headway_schema::sandbox`], since callers write them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use headway_built_in::json_schema::{self, Params};
use headway_core::{ProcessorInfo, UserId, Violation};
use headway_schema::sandbox::{Checked, NoVerdict, Unusable};
use headway_schema::{Sandbox, Source};
use serde_json::value::RawValue;

use crate::problem::ApiErrorResponse;

const PARAMS: &str = "/params";
const SCHEMA: &str = "/params/schema";

/// The `paramsSchema` of each processor with which jobs were started, prepared for the child processes.
#[derive(Debug, Default)]
pub(crate) struct ParamsSchemas(Mutex<HashMap<String, Arc<Known>>>);

#[derive(Debug)]
struct Known {
    /// The schema's source: a new version of the worker may announce a different one.
    schema: serde_json::Value,
    /// `None` if every object is valid.
    source: Option<Arc<Source>>,
    /// True if the params contain a JSON Schema that has to be compiled too.
    is_json_schema: bool,
}

/// The `paramsSchema` of a processor cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the paramsSchema of the processor {processor} cannot be used: correct it in HEADWAY_PROCESSORS, or in the processor's options")]
struct ParamsSchemaError {
    processor: String,
    #[source]
    cause: Unusable,
}

impl Known {
    fn new(schema: &serde_json::Value) -> Self {
        let any = schema.as_bool() == Some(true) || schema.as_object().is_some_and(serde_json::Map::is_empty);
        let source = (!any).then(|| Arc::new(Source::new(schema.to_string(), false)));
        Self { source, is_json_schema: *schema == json_schema::options().params_schema, schema: schema.clone() }
    }
}

impl ParamsSchemas {
    /// Refuses params that the processor would refuse.
    pub(crate) async fn check(&self, owner: &UserId, info: &ProcessorInfo, params: &RawValue) -> Result<(), ApiErrorResponse> {
        let known = self.known(info);
        if let Some(source) = &known.source {
            let checked = Sandbox::global().check(owner.as_str(), source, params.to_owned()).await;
            if let Err(NoVerdict::Schema(Unusable::LimitExceeded(_))) = &checked {
                self.forget(&info.name, &known);
            }
            judge(&info.name, checked)?;
        }
        if known.is_json_schema {
            compile(owner, params).await?;
        }
        Ok(())
    }

    /// Compiling the schema exceeded a limit, perhaps because the machine was busy. So the next job compiles it again. Otherwise no
    /// job could be started with the processor until this process ends.
    fn forget(&self, processor: &str, known: &Arc<Known>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.get(processor).is_some_and(|now| Arc::ptr_eq(now, known)) {
            all.remove(processor);
        }
    }

    /// Kept from one job to the next, since child processes keep compiled schemas by their source.
    fn known(&self, info: &ProcessorInfo) -> Arc<Known> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match all.get(&info.name).filter(|known| known.schema == info.params_schema) {
            Some(known) => Arc::clone(known),
            None => {
                let known = Arc::new(Known::new(&info.params_schema));
                all.insert(info.name.clone(), Arc::clone(&known));
                known
            }
        }
    }
}

/// What the processor's `paramsSchema` says of a job's params.
fn judge(processor: &str, checked: Result<Checked, NoVerdict>) -> Result<(), ApiErrorResponse> {
    match checked {
        Ok(Checked::Fits(_) | Checked::Typed(_)) => Ok(()),
        Ok(Checked::Misfit(misfit)) => {
            let violations = misfit.violations.into_iter().map(|wrong| Violation::new(format!("{PARAMS}{}", wrong.pointer), wrong.reason));
            Err(ApiErrorResponse::invalid(violations.collect()))
        }
        Err(NoVerdict::Schema(cause)) => Err(ApiErrorResponse::internal(ParamsSchemaError { processor: processor.to_owned(), cause })),
        Err(NoVerdict::LimitExceeded(_)) => {
            Err(refused(PARAMS, "checking them against the processor's paramsSchema takes too much time or memory"))
        }
        Err(NoVerdict::Unavailable(why)) => Err(unavailable(&why)),
    }
}

async fn compile(owner: &UserId, params: &RawValue) -> Result<(), ApiErrorResponse> {
    let Params { schema, text } = Params::read(params).map_err(|error| refused(PARAMS, &error.to_string()))?;
    let source = Arc::new(Source::new(schema.get(), text));
    match Sandbox::global().compile(owner.as_str(), &source).await {
        Ok(()) => Ok(()),
        Err(NoVerdict::Schema(unusable)) => {
            let violations =
                unusable.refusals().into_iter().map(|wrong| Violation::new(format!("{SCHEMA}{}", wrong.pointer), wrong.detail));
            Err(ApiErrorResponse::invalid(violations.collect()))
        }
        Err(NoVerdict::LimitExceeded(exceeded)) => Err(refused(SCHEMA, &exceeded.to_string())),
        Err(NoVerdict::Unavailable(why)) => Err(unavailable(&why)),
    }
}

fn refused(pointer: &str, detail: &str) -> ApiErrorResponse {
    ApiErrorResponse::invalid(vec![Violation::new(pointer, detail)])
}

fn unavailable(why: &str) -> ApiErrorResponse {
    tracing::warn!(why, "params cannot be checked");
    ApiErrorResponse::busy("the params cannot be checked at the moment")
}

#[cfg(test)]
mod tests {
    use headway_core::Options;
    use serde_json::json;

    use super::*;

    /// Bug found: once compiling a processor's `paramsSchema` had been cut off, because something killed the child process that did
    /// it, every further job with that processor was answered 500, until the server ended.
    #[test]
    fn a_schema_that_exceeded_a_limit_is_compiled_again() {
        let options = Options { params_schema: json!({"type": "object"}), ..Options::default() };
        let (info, all) = (ProcessorInfo::new("p", &options), ParamsSchemas::default());
        let first = all.known(&info);
        assert!(Arc::ptr_eq(&first, &all.known(&info)), "it is kept, or each job would compile it");
        all.forget("p", &first);
        let second = all.known(&info);
        assert!(!Arc::ptr_eq(&first, &second));
        all.forget("p", &first);
        assert!(Arc::ptr_eq(&second, &all.known(&info)), "what a slower request found out about the first says nothing of the second");
    }
}
