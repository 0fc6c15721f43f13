//! Secrets that all instances share. They are kept in the table.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::cupboard::{Cupboard, KeptKey, KeptRow};
use crate::error::JobError;
use crate::ledger::Written;

/// The secret with that name: `fresh` if there was none yet, and from then on always the same.
///
/// # Errors
///
/// The store is not available, or the row cannot be read.
pub async fn secret(cupboard: &dyn Cupboard, name: &str, fresh: &[u8]) -> Result<Vec<u8>, JobError> {
    if let Some(known) = known(cupboard, name).await? {
        return Ok(known);
    }
    match cupboard.put_kept(&key(name), &KeptRow { version: 1, text: BASE64_STANDARD.encode(fresh) }).await? {
        Written::Applied(row) | Written::Refused(row) => bytes(&row),
        Written::Gone => Err(JobError::unavailable("the table", "a secret was refused, yet there is none")),
    }
}

/// The secret with that name, if there is one.
///
/// # Errors
///
/// As [`secret`].
pub async fn known(cupboard: &dyn Cupboard, name: &str) -> Result<Option<Vec<u8>>, JobError> {
    cupboard.kept(&key(name)).await?.map(|row| bytes(&row)).transpose()
}

fn key(name: &str) -> KeptKey {
    KeptKey::lasting(format!("SECRET#{name}"), "SECRET")
}

fn bytes(row: &KeptRow) -> Result<Vec<u8>, JobError> {
    BASE64_STANDARD.decode(&row.text).map_err(|error| JobError::corrupt("a secret", error))
}
