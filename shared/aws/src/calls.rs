//! What calls to AWS have in common: how an error is told, and how long to wait before the next try.

use std::error::Error;
use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use headway_core::error::{Cause, JobError, error_chain};

/// How often what a call left undone is asked for again. The SDK's own retries come on top.
pub(crate) const ATTEMPTS_MAX: u32 = 8;

const BACKOFF_FIRST: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// The error of a call as the ports have it. Its text has the service's code and message, or every cause of a call
/// that did not come that far; never the request or the rows an answer holds, which are the users' items.
pub(crate) fn unavailable<E, R>(what: &'static str, error: SdkError<E, R>) -> JobError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    JobError::unavailable(what, Cause::from(text(&error)))
}

/// Waits before attempt number `attempt` (from 1) is followed by the next: exponential, with full jitter, from the same
/// generator as the SDK's own retries, which a simulation can seed.
pub(crate) async fn back_off(attempt: u32) {
    let ceiling = BACKOFF_FIRST.saturating_mul(1 << attempt.min(10)).min(BACKOFF_MAX);
    tokio::time::sleep(ceiling.mul_f64(fastrand::f64())).await;
}

fn text<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    match error.as_service_error() {
        Some(service) => {
            let code = service.code().unwrap_or("an error without a code");
            service.message().map_or_else(|| code.to_owned(), |message| format!("{code}: {message}"))
        }
        None => error_chain(error),
    }
}
