//! Keys for what this service signs.

use headway_core::JobError;

/// 32 bytes that nobody can guess.
pub(crate) fn random_key() -> Result<[u8; 32], JobError> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|e| JobError::unavailable("the source of randomness", e))?;
    Ok(key)
}
