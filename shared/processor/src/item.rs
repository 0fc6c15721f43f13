//! An item of a job, as a processor gets it.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

use crate::ids::{JobId, UserId};
use crate::item_error::ItemError;

/// One item of a job, and what is known of it.
///
/// ```
/// use headway_processor::Item;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Contact {
///     email: String,
/// }
///
/// let item = Item::example(&serde_json::json!({"email": "ada@example.com"}));
/// let contact: Contact = item.parse()?;
/// assert_eq!(contact.email, "ada@example.com");
/// // The same on every try of this item: send it along, so that a second try changes nothing more.
/// assert!(item.idempotency_key().ends_with("/0"));
/// # Ok::<(), headway_processor::ItemError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Item {
    /// The job it belongs to.
    pub job_id: JobId,
    /// The job's owner.
    pub user_id: UserId,
    /// Its index in the job, from 0.
    pub index: u64,
    /// Its id, if the job names an `idField`.
    pub id: Option<String>,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Which run of the job this is: 1 for the first, and one more for each retry of the job.
    pub round: u32,
    /// The item as submitted, byte for byte.
    pub value: Box<RawValue>,
    /// The job's `params`.
    pub params: Arc<RawValue>,
}

impl Item {
    /// `job/index`, the same on every attempt of an item. Use it to make the side effect idempotent.
    pub fn idempotency_key(&self) -> String {
        format!("{}/{}", self.job_id, self.index)
    }

    /// The item as a value of the processor's own type.
    ///
    /// # Errors
    ///
    /// [`ItemError::Permanent`] with the code `malformed` if it does not fit the type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ItemError> {
        serde_json::from_str(self.value.get()).map_err(|e| ItemError::permanent("malformed", e.to_string()))
    }

    /// An item with this value as a worker would pass it on, for a processor's own tests. It is the first of its job,
    /// on its first attempt, and the job has no `params`. A value that cannot be written as JSON becomes `null`.
    pub fn example<T: Serialize + ?Sized>(value: &T) -> Self {
        Self {
            job_id: JobId(Uuid::nil()),
            user_id: UserId::example(),
            index: 0,
            id: None,
            attempt: 1,
            round: 1,
            value: to_raw_value(value).unwrap_or_default(),
            params: Arc::from(to_raw_value(&serde_json::Map::new()).unwrap_or_default()),
        }
    }
}
