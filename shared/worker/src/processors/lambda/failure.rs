//! Why an invocation has no answer: the table in `docs/processor-protocol.md`.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_lambda::operation::invoke::InvokeError;
use headway_core::ItemError;
use serde::Deserialize;

use crate::processors::one_line::one_line;

/// The longest wait after a call that took too long: the function may still be running.
const IN_PROGRESS_WAIT_MAX: Duration = Duration::from_secs(60);

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CallFailure {
    meaning: FailureMeaning,
    code: &'static str,
    message: String,
}

/// What it means for the items of the call.
#[derive(Debug, Clone, PartialEq, Eq)]
enum FailureMeaning {
    /// No result for any of them, and the shortest wait.
    NoResult(Option<Duration>),
    /// The same, but an item that was alone fails permanently: another try would fail in the same way.
    Culprit,
    /// All have to wait, for this long if the answer gives a time.
    Throttled(Option<Duration>),
    /// The function did not run: all wait.
    NotRun,
    /// All fail: the configuration is wrong.
    ForGood,
}

impl CallFailure {
    /// One of the items is to blame.
    pub(super) fn culprit(code: &'static str, message: impl Into<String>) -> Self {
        Self { meaning: FailureMeaning::Culprit, code, message: message.into() }
    }

    /// What it means for an item of a call with so many items.
    pub(super) fn of_item(&self, who: &str, items: usize) -> ItemError {
        let (code, message) = (self.code, format!("{who}: {}", self.message));
        match self.meaning {
            FailureMeaning::NoResult(retry_after) => ItemError::NoResult { code: code.to_owned(), message, retry_after },
            FailureMeaning::Culprit if items > 1 => ItemError::no_result(code, message),
            FailureMeaning::Throttled(after) => ItemError::throttled(code, message, after),
            FailureMeaning::NotRun => ItemError::unreachable(message),
            FailureMeaning::Culprit | FailureMeaning::ForGood => ItemError::permanent(code, message),
        }
    }
}

/// What Lambda returns in place of a function's result.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Raised {
    error_type: Option<String>,
    error_message: Option<String>,
}

/// The function ended with an error, or did not end.
pub(super) fn of_function(payload: &[u8]) -> CallFailure {
    let raised: Raised = serde_json::from_slice(payload).unwrap_or_default();
    let kind = raised.error_type.unwrap_or_default();
    let text = raised.error_message.unwrap_or_default();
    let (code, meaning) = match kind.as_str() {
        "Sandbox.Timedout" => ("function-timeout", FailureMeaning::NoResult(None)),
        _ if text.contains("Task timed out after") => ("function-timeout", FailureMeaning::NoResult(None)),
        "Function.ResponseSizeTooLarge" => ("answer-too-large", FailureMeaning::Culprit),
        kind if kind.starts_with("Runtime.") => ("function-exited", FailureMeaning::NoResult(None)),
        _ => ("function-error", FailureMeaning::NoResult(None)),
    };
    let said = [kind.as_str(), text.as_str()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
    let message = if said.is_empty() { "it ended with an error".to_owned() } else { one_line(&said) };
    CallFailure { meaning, code, message }
}

/// The call failed: Lambda refused it, or there was no answer.
pub(super) fn of_call(error: &SdkError<InvokeError, HttpResponse>, timeout: Duration) -> CallFailure {
    match error {
        SdkError::TimeoutError(_) => {
            let wait = timeout.clamp(Duration::from_secs(1), IN_PROGRESS_WAIT_MAX);
            let message = format!("no answer within {} s", timeout.as_secs());
            CallFailure { meaning: FailureMeaning::NoResult(Some(wait)), code: "timeout", message }
        }
        SdkError::ServiceError(service) => refused(service.err(), service.raw()),
        SdkError::ConstructionFailure(_) => not_sent(error),
        SdkError::DispatchFailure(dispatch) if dispatch.is_other() || was_not_opened(error) => not_sent(error),
        _ => {
            CallFailure { meaning: FailureMeaning::NoResult(None), code: "service", message: "the call of AWS Lambda broke off".to_owned() }
        }
    }
}

/// Without credentials, or without a connection, the function has not seen the items.
fn not_sent(error: &(dyn StdError + 'static)) -> CallFailure {
    let innermost = causes(error).last().map(ToString::to_string).unwrap_or_default();
    CallFailure {
        meaning: FailureMeaning::NotRun,
        code: ItemError::UNREACHABLE,
        message: format!("AWS Lambda could not be called: {}", one_line(&innermost)),
    }
}

fn was_not_opened(error: &(dyn StdError + 'static)) -> bool {
    let kinds = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    let names = causes(error).any(|cause| cause.to_string().contains("dns error"));
    names || kinds.into_iter().any(|kind| kind == io::ErrorKind::ConnectionRefused)
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| {
        let error: &'a (dyn StdError + 'static) = *error;
        error.source()
    })
}

/// `Retry-After`, in seconds.
fn retry_after(raw: &HttpResponse) -> Option<Duration> {
    raw.headers().get("retry-after")?.trim().parse().ok().map(Duration::from_secs)
}

fn refused(error: &InvokeError, raw: &HttpResponse) -> CallFailure {
    let name = error.code().unwrap_or("an error without a code");
    let (code, meaning) = match (name, raw.status().as_u16()) {
        ("TooManyRequestsException" | "EC2ThrottledException" | "ThrottlingException" | "Throttling", _) | (_, 429) => {
            ("throttled", FailureMeaning::Throttled(retry_after(raw)))
        }
        ("RequestTooLargeException", _) | (_, 413) => ("request-too-large", FailureMeaning::Culprit),
        ("InvalidRequestContentException", _) => ("invalid-request", FailureMeaning::Culprit),
        ("ResourceNotReadyException" | "ResourceConflictException" | "SnapStartNotReadyException" | "SnapStartTimeoutException", _)
        | ("ENILimitReachedException" | "SubnetIPAddressLimitReachedException", _) => (ItemError::UNREACHABLE, FailureMeaning::NotRun),
        (name, _) if name.starts_with("EFS") => (ItemError::UNREACHABLE, FailureMeaning::NotRun),
        ("InvalidRuntimeException" | "EC2AccessDeniedException" | "InvalidSecurityGroupIDException" | "InvalidSubnetIDException", _)
        | ("InvalidZipFileException" | "SnapStartException", _) => ("function-configuration", FailureMeaning::ForGood),
        (name, _) if name.starts_with("KMS") => ("function-configuration", FailureMeaning::ForGood),
        (_, 400..500) => ("function-configuration", FailureMeaning::ForGood),
        _ => ("service", FailureMeaning::NoResult(None)),
    };
    let message = error.message().map_or_else(|| name.to_owned(), |text| one_line(&format!("{name}: {text}")));
    CallFailure { meaning, code, message }
}
