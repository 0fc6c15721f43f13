//! What to say of a description that AWS did not give.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use headway_core::error_chain;

use crate::doctor::Check;
use crate::doctor::signed::SignedError;

/// Of an SDK. `missing` is what to say where there is no such thing.
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
    let fix = "see that region and credentials are right (AWS_REGION, AWS_PROFILE), then look again";
    Check::bad(name, format!("not looked at: {}", error_chain(error)), fix)
}

/// The credentials do not allow it.
pub(super) fn denied(name: &'static str, action: &str) -> Check {
    let fix = format!("allow {action} to whoever looks, or look with other credentials (AWS_PROFILE)");
    Check::bad(name, format!("not looked at: these credentials may not call {action}"), fix)
}

/// Of a call that is signed here.
pub(super) fn unknown(name: &'static str, action: &str, error: &SignedError) -> Check {
    if error.is_denied() {
        return denied(name, action);
    }
    Check::bad(name, format!("not looked at: {}", error_chain(error)), "see that region and credentials are right, then look again")
}
