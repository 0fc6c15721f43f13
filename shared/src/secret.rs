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
    let key = KeptKey::lasting(format!("SECRET#{name}"), "SECRET");
    let row = match cupboard.kept(&key).await? {
        Some(row) => row,
        None => match cupboard.put_kept(&key, &KeptRow { version: 1, text: BASE64_STANDARD.encode(fresh) }).await? {
            Written::Applied(row) | Written::Refused(row) => row,
            Written::Gone => return Err(JobError::unavailable("the table", "a secret was refused, yet there is none")),
        },
    };
    BASE64_STANDARD.decode(&row.text).map_err(|error| JobError::corrupt("a secret", error))
}
