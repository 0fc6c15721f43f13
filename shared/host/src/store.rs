//! Which store keeps the jobs.

use std::sync::Arc;

use headway_aws::DynamoLedger;
use headway_core::Store;
use headway_core::config::{ConfigError, Env};
use strum::{IntoStaticStr, VariantArray};

/// The kind of the store: `dynamodb` unless set.
pub const HEADWAY_STORE: &str = "HEADWAY_STORE";

/// The kinds of stores. Another kind is a variant, its arms in [`StoreKind::variables`] and [`store_from_env`], and its crate in
/// this crate's `Cargo.toml`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum StoreKind {
    /// A table in DynamoDB, or the embedded one.
    #[default]
    DynamoDb,
}

impl StoreKind {
    /// All kinds.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The variables that only this kind reads. `headway doctor` reports others as misspelt.
    pub const fn variables(self) -> &'static [&'static str] {
        match self {
            // Its table's name is also read elsewhere, so it is in `config`.
            Self::DynamoDb => &[],
        }
    }

    /// The kind that `HEADWAY_STORE` names.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`], which lists the kinds.
    pub fn from_env(env: Env<'_>) -> Result<Self, ConfigError> {
        let Some(value) = env(HEADWAY_STORE) else { return Ok(Self::default()) };
        let name = |kind: &Self| <&'static str>::from(*kind);
        let kind = Self::ALL.iter().find(|kind| name(kind) == value).copied();
        let expected = || format!("one of {}", Self::ALL.iter().map(name).collect::<Vec<_>>().join(", "));
        kind.ok_or_else(|| ConfigError::Invalid { name: HEADWAY_STORE, value, expected: expected() })
    }
}

/// The store that `HEADWAY_STORE` names. The host opens DynamoDB's table, since it knows whether that is AWS's or an embedded one.
///
/// # Errors
///
/// [`ConfigError`], which names the variable, or the host's error.
pub async fn store_from_env<E: From<ConfigError>>(
    env: Env<'_>,
    dynamodb: impl AsyncFnOnce() -> Result<DynamoLedger, E>,
) -> Result<Arc<dyn Store>, E> {
    Ok(match StoreKind::from_env(env)? {
        StoreKind::DynamoDb => Arc::new(dynamodb().await?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bug found: a kind that is misspelt was replaced by the default, or the error did not say which kinds there are.
    #[test]
    fn a_store_that_does_not_exist_is_reported() {
        let of = |kind: Option<&str>| StoreKind::from_env(&|_| kind.map(str::to_owned)).map_err(|error| error.to_string());
        assert_eq!((of(None), of(Some("dynamodb"))), (Ok(StoreKind::DynamoDb), Ok(StoreKind::DynamoDb)));
        assert_eq!(of(Some("floppy")), Err("HEADWAY_STORE is \"floppy\": one of dynamodb".to_owned()));
    }
}
