//! What a user of Headway writes: an [`ItemProcessor`], registered by name in [`Processors`].
//!
//! A processor gets one [`Item`] at a time and returns an [`Output`] or an [`ItemError`]. Its [`Options`] say how items
//! are run. Callers of the HTTP API see it as a [`ProcessorInfo`].
//!
//! This crate needs neither AWS nor an async runtime, so a library of processors builds in seconds. Your own project
//! depends on the crate `headway`, which re-exports all of this.
//!
//! Its map: one file for each type, named like it; `ids` has the ids of jobs and users, and [`limits`] the limits.

mod finite;
mod ids;
mod item;
mod item_error;
mod item_processor;
pub mod limits;
mod name_error;
mod option_error;
mod options;
mod output;
mod processor_info;
mod processors;
mod processors_error;

pub use async_trait::async_trait;
pub use ids::{JobId, UserId};
pub use item::Item;
pub use item_error::ItemError;
pub use item_processor::ItemProcessor;
pub use name_error::NameError;
pub use option_error::OptionError;
pub use options::Options;
pub use output::Output;
pub use processor_info::ProcessorInfo;
pub use processors::Processors;
pub use processors_error::ProcessorsError;
pub use serde_json::value::RawValue;
