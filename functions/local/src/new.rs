//! A project of one's own, as `headway new` writes it.
//!
//! What is written are the repository's examples in `examples/new`, which its tests build and run, and which are compiled into this
//! command. Only the project's [`Name`] and Headway's [`Source`] are put into them.

mod files;
mod language;
mod name;
pub mod project;
mod source;

pub use language::Language;
pub use name::{Name, NameError};
pub use source::{Source, SourceError};
