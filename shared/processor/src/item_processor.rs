//! The trait that every processor implements.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::value::RawValue;

use crate::ids::UserId;
use crate::item::Item;
use crate::item_error::ItemError;
use crate::options::Options;
use crate::output::Output;

/// Works on items: one at a time, or with [`Options::batch`] several in one call. Items are processed at least once and counted exactly once: make the side effect
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

    /// Processes up to [`Options::batch`] items of one job in one call, and returns a result for each, in the order of the
    /// items. It is called instead of [`Self::process`] if `batch` is more than 1, also with a single item. By
    /// default it calls [`Self::process`] with one item after the other.
    ///
    /// ```
    /// use headway_processor::{Item, ItemError, ItemProcessor, Options, Output, async_trait};
    ///
    /// /// Looks up many prices with one query.
    /// struct Prices;
    ///
    /// #[async_trait]
    /// impl ItemProcessor for Prices {
    ///     async fn process_many(&self, items: Vec<Item>) -> Vec<Result<Output, ItemError>> {
    ///         // Here: SELECT … WHERE article IN (…). An error is the item's own; the others are not touched by it.
    ///         items.iter().map(|item| Output::json(&(item.parse::<u32>()? * 2))).collect()
    ///     }
    ///
    ///     async fn process(&self, item: Item) -> Result<Output, ItemError> {
    ///         self.process_many(vec![item]).await.remove(0)
    ///     }
    ///
    ///     fn options(&self) -> Options {
    ///         Options { batch: 100, ..Options::default() }
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let results = Prices.process_many(vec![Item::example(&21), Item::example("x")]).await;
    /// assert!(matches!(results[..], [Ok(Output::Json(_)), Err(ItemError::Permanent { .. })]));
    /// # }
    /// ```
    ///
    /// A call can also fail as a whole: it panics, takes longer than [`Options::item_timeout`] (which is for the whole call),
    /// or returns another number of results than it got items. Then none of its results counts, and its items are run again
    /// in calls of at most half as many, until the culprit is alone. Only the culprit fails; the others are not charged an
    /// attempt. What the failed call did for them is done again, so it has to be idempotent. Items that may have killed
    /// their worker come one at a time.
    async fn process_many(&self, items: Vec<Item>) -> Vec<Result<Output, ItemError>> {
        let mut results = Vec::with_capacity(items.len());
        for item in items {
            results.push(self.process(item).await);
        }
        results
    }

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

    /// Like [`Self::prepare`], but with the job's owner: for a processor that shares a scarce resource fairly among owners
    /// while it prepares.
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
