//! The trait that every processor implements.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::value::RawValue;

use crate::ids::UserId;
use crate::item::Item;
use crate::item_error::ItemError;
use crate::options::Options;
use crate::output::Output;

/// Works on one item at a time. Items are processed at least once and counted exactly once: make the side effect
/// idempotent with [`Item::idempotency_key`].
///
/// ```
/// use headway_processor::{Item, ItemError, ItemProcessor, Output, async_trait};
///
/// /// Doubles numbers.
/// struct Double;
///
/// #[async_trait]
/// impl ItemProcessor for Double {
///     async fn process(&self, item: Item) -> Result<Output, ItemError> {
///         // An item that is no number fails for good, and is listed with the code `malformed`.
///         let number: f64 = item.parse()?;
///         Output::json(&(number * 2.0))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), ItemError> {
/// let Output::Json(doubled) = Double.process(Item::example(&21)).await? else { panic!("there is an output") };
/// assert_eq!(doubled.get(), "42.0");
/// assert!(matches!(Double.process(Item::example("x")).await, Err(ItemError::Permanent { .. })));
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait ItemProcessor: Send + Sync {
    /// Processes one item. If it panics or exceeds its time limit, only this item fails.
    ///
    /// # Errors
    ///
    /// [`ItemError::Retryable`] if the failure may be temporary, [`ItemError::Throttled`] if the downstream asks to
    /// wait, [`ItemError::Unreachable`] if the downstream could not be reached, [`ItemError::Permanent`] if trying
    /// again would not help.
    async fn process(&self, item: Item) -> Result<Output, ItemError>;

    /// Called once for each job and warm process with the job's `params`. Returns a processor bound to them, so that
    /// expensive work on the params is done once. `None` means that this processor is used as it is. A permanent error
    /// or a panic fails the job once, with that error, and its items are kept for a retry. So does a call that kills
    /// its worker twice.
    ///
    /// # Errors
    ///
    /// [`ItemError::Permanent`] if the params cannot be used, [`ItemError::Retryable`] if the failure may be temporary.
    fn prepare(&self, params: &RawValue) -> Result<Option<Arc<dyn ItemProcessor>>, ItemError> {
        let _ = params;
        Ok(None)
    }

    /// Like [`Self::prepare`], but knows whose job it is: for a processor that shares something scarce among owners while
    /// it prepares.
    ///
    /// # Errors
    /// As [`Self::prepare`].
    fn prepare_for(&self, user: &UserId, params: &RawValue) -> Result<Option<Arc<dyn ItemProcessor>>, ItemError> {
        let _ = user;
        self.prepare(params)
    }

    /// How items are run.
    fn options(&self) -> Options {
        Options::default()
    }
}
