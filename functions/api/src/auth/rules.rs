//! The rules that are the same for every token, with each way of checking its signature.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Map, Value};

use super::error::AuthError;

/// By how many seconds two clocks may differ when `exp` and `nbf` are checked.
pub const LEEWAY_S: i64 = 10;

/// The algorithm, issuer and audience that a token must have. Times are checked separately, with the given clock.
pub(super) fn rules<T: ToString>(algorithm: Algorithm, issuers: &[T], audiences: &[T]) -> Validation {
    let mut rules = Validation::new(algorithm);
    rules.validate_exp = false;
    rules.validate_nbf = false;
    rules.set_issuer(issuers);
    rules.set_audience(audiences);
    rules.set_required_spec_claims(&["iss", "aud"]);
    rules
}

/// The payload of a token with a valid signature, issuer and audience. The error does not tell which of them is wrong.
pub(super) fn checked(token: &str, key: &DecodingKey, rules: &Validation) -> Result<Map<String, Value>, AuthError> {
    let data = decode::<Map<String, Value>>(token, key, rules).map_err(|_| AuthError::Invalid("the token is not valid"))?;
    if data.header.crit.is_some() {
        return Err(AuthError::Invalid("the token's header asks for an extension that is not known here"));
    }
    Ok(data.claims)
}

/// `exp` must be present and in the future; `nbf`, if present, must be in the past. Both allow [`LEEWAY_S`] of
/// difference.
pub(super) fn check_times(payload: &Map<String, Value>, now: DateTime<Utc>) -> Result<(), AuthError> {
    #[expect(clippy::cast_precision_loss, reason = "seconds of this age are exact")]
    let (now, leeway) = (now.timestamp() as f64, LEEWAY_S as f64);
    let exp = payload.get("exp").and_then(Value::as_f64).ok_or(AuthError::Invalid("the token has no `exp`"))?;
    if now >= exp + leeway {
        return Err(AuthError::Invalid("the token has expired"));
    }
    match payload.get("nbf").map(Value::as_f64) {
        None => Ok(()),
        Some(Some(nbf)) if nbf <= now + leeway => Ok(()),
        Some(_) => Err(AuthError::Invalid("the token is not valid yet")),
    }
}
