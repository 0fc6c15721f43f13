//! The crate that a project of your own depends on.
//!
//! Write an [`ItemProcessor`], and test it with [`Item::example`]:
//!
//! ```
//! use headway::{Item, ItemError, ItemProcessor, Output, async_trait};
//!
//! /// Greets each name.
//! struct Greet;
//!
//! #[async_trait]
//! impl ItemProcessor for Greet {
//!     async fn process(&self, item: Item) -> Result<Output, ItemError> {
//!         let name: String = item.parse()?;
//!         Output::json(&format!("Hello {name}"))
//!     }
//! }
//! ```
//!
//! With the feature `worker`, this crate also runs the worker function on Lambda. The `main` of a worker:
//!
//! ```no_run
//! # #[cfg(feature = "worker")]
//! # mod worker {
//! # use headway::{Item, ItemError, ItemProcessor, Output, async_trait};
//! # struct Greet;
//! # #[async_trait]
//! # impl ItemProcessor for Greet {
//! #     async fn process(&self, _: Item) -> Result<Output, ItemError> { Ok(Output::None) }
//! # }
//! use headway::Processors;
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), headway::Error> {
//!     headway::run(Processors::new().with("greet", Greet)).await
//! }
//! # }
//! ```
//!
//! Without the feature it needs neither AWS nor an async runtime. No feature brings SQLite or anything else of the command
//! `headway`, so your project can use any version of any crate.

pub use headway_processor::limits;
pub use headway_processor::{
    Item, ItemError, ItemProcessor, JobId, Options, Output, ProcessorInfo, Processors, RawValue, UserId, async_trait,
};
#[cfg(feature = "worker")]
pub use headway_worker::{enter, processors, run};
#[cfg(feature = "worker")]
pub use lambda_runtime::Error;
