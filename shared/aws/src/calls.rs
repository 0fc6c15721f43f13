//! What all calls to AWS share: the text of an error, and the wait before the next attempt.

use std::error::Error;
use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use headway_core::error::{Cause, JobError, StorageFault, error_chain};

/// How often a call is repeated for what it left undone. The SDK's own retries come in addition.
pub(crate) const ATTEMPTS_MAX: u32 = 8;

const BACKOFF_FIRST: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// A call's error as the ports expect it. Its text has the service's code and message, or all causes if the service was
/// not reached. It never has the request or the rows of an answer, which contain users' items.
pub(crate) fn unavailable<E, R>(what: &'static str, error: SdkError<E, R>) -> JobError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default();
    JobError::unavailable(what, StorageFault::of(code, text(&error)).map_or_else(Cause::from, Cause::from))
}

/// Waits after attempt number `attempt` (from 1): exponential backoff with full jitter. It uses the same random
/// generator as the SDK's retries, which a simulation can seed.
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
