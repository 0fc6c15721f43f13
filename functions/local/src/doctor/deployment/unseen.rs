//! Checks for which AWS did not return a description.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use headway_core::error_chain;

use crate::doctor::Check;
use crate::doctor::signed::SignedError;

/// For an error of an SDK. `missing` has the texts for a resource that does not exist.
pub(super) fn not_looked_at<E>(name: &'static str, action: &str, error: &SdkError<E>, missing: (&str, &str)) -> Check
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let code = error.code().unwrap_or_default();
    if code.contains("AccessDenied") || code.contains("NotAuthorized") {
        return denied(name, action);
    }
    if code.contains("ResourceNotFound") || code.contains("NonExistentQueue") || code.contains("QueueDoesNotExist") {
        return Check::bad(name, missing.0, missing.1);
    }
    let fix = "check region and credentials (AWS_REGION, AWS_PROFILE), then run the check again";
    Check::bad(name, format!("not checked: {}", error_chain(error)), fix)
}

/// The credentials do not allow the call.
pub(super) fn denied(name: &'static str, action: &str) -> Check {
    let fix = format!("allow {action} for these credentials, or use others (AWS_PROFILE)");
    Check::bad(name, format!("not checked: these credentials may not call {action}"), fix)
}

/// For an error of a call that is signed here.
pub(super) fn unknown(name: &'static str, action: &str, error: &SignedError) -> Check {
    if error.is_denied() {
        return denied(name, action);
    }
    Check::bad(name, format!("not checked: {}", error_chain(error)), "check region and credentials, then run the check again")
}
