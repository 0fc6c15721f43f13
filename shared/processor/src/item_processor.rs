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
    /// Works on one item. A panic or a call past the time limit fails that item only.
    ///
    /// # Errors
    /// [`ItemError::Retryable`] for what may pass, [`ItemError::Throttled`] if the downstream asks to wait,
    /// [`ItemError::Unreachable`] if it was not reached, [`ItemError::Permanent`] for what will not pass.
    async fn process(&self, item: Item) -> Result<Output, ItemError>;

    /// Called once a job and warm process with the job's `params`: whatever is costly to build from them, as a
    /// processor bound to them. `None` goes on with this one. An error for good, or a panic, fails the job with it, once; its
    /// items are kept for a retry. So does a call that kills its worker twice.
    ///
    /// # Errors
    /// [`ItemError::Permanent`] if the params are of no use, [`ItemError::Retryable`] for what may pass.
    fn prepare(&self, params: &RawValue) -> Result<Option<Arc<dyn ItemProcessor>>, ItemError> {
        let _ = params;
        Ok(None)
    }

    /// As [`Self::prepare`], told whose job it is: for a processor that shares something scarce among owners while it
    /// prepares.
    ///
    /// # Errors
    /// As [`Self::prepare`].
    fn prepare_for(&self, user: &UserId, params: &RawValue) -> Result<Option<Arc<dyn ItemProcessor>>, ItemError> {
        let _ = user;
        self.prepare(params)
    }

    /// How items are to be run.
    fn options(&self) -> Options {
        Options::default()
    }
}
