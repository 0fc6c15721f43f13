//! Which store keeps the jobs.

use std::sync::Arc;

use headway_aws::DynamoLedger;
use headway_core::Store;
use headway_core::config::{ConfigError, Env};

/// The store's kind. `dynamodb`, the only one so far, unless set.
pub const HEADWAY_STORE: &str = "HEADWAY_STORE";

/// The store that `HEADWAY_STORE` names. Another kind is an arm here, and its crate in this crate's `Cargo.toml`; it reads its
/// own variables. DynamoDB's table is opened by the host: it is AWS's or an embedded one.
///
/// # Errors
///
/// [`ConfigError`], which names the variable, or the host's error.
pub async fn store_from_env<E: From<ConfigError>>(
    env: Env<'_>,
    dynamodb: impl AsyncFnOnce() -> Result<DynamoLedger, E>,
) -> Result<Arc<dyn Store>, E> {
    match env(HEADWAY_STORE) {
        None => Ok(Arc::new(dynamodb().await?)),
        Some(kind) if kind == "dynamodb" => Ok(Arc::new(dynamodb().await?)),
        Some(value) => Err(ConfigError::Invalid { name: HEADWAY_STORE, value, expected: "dynamodb, or not set".to_owned() }.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bug found: a store that is not built in was replaced by the default one, or the error did not name the variable.
    #[test]
    fn a_store_that_does_not_exist_is_reported() {
        let unknown = |_: &str| Some("floppy".to_owned());
        let opened = store_from_env(&unknown, async || Err(ConfigError::Missing("the table")));
        let error = std::pin::pin!(opened).as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
        let std::task::Poll::Ready(Err(error)) = error else { panic!("{error:?}") };
        assert_eq!(error.to_string(), "HEADWAY_STORE is \"floppy\": dynamodb, or not set");
    }
}
