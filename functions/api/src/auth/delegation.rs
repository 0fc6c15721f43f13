//! A backend that acts for an owner: it has the scope `jobs:delegate` and names the owner in `Headway-Owner`. The header
//! is never ignored: without the scope, or with a name that is no owner's, the call is refused. Otherwise a backend that
//! forgot the name would work on jobs of its own.

use headway_core::UserId;
use http::HeaderMap;
use http::header::HeaderName;

use super::error::AuthError;

/// Names the owner that the caller acts for.
const OWNER_HEADER: HeaderName = HeaderName::from_static("headway-owner");

/// The scope that allows it.
pub(super) const SCOPE: &str = "jobs:delegate";

/// The owner that the request names, if it names one.
pub(super) fn named_owner(headers: &HeaderMap, may_delegate: bool) -> Result<Option<UserId>, AuthError> {
    let mut values = headers.get_all(OWNER_HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if !may_delegate {
        return Err(AuthError::Scope(SCOPE));
    }
    let name = std::str::from_utf8(value.as_bytes()).ok().filter(|_| values.next().is_none());
    name.map(str::trim).and_then(UserId::new).map(Some).ok_or(AuthError::Owner)
}
