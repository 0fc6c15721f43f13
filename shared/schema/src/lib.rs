//! JSON Schema for strangers. A schema, its patterns and the items it is applied to are programs that somebody else
//! wrote: they can run for hours, take all memory or overflow the stack. So they run in child processes that are killed
//! at their bounds; see [`sandbox`].
//!
//! The map: [`sandbox`] runs and bounds the children; in them `program` compiles a schema and checks items, after
//! `reading` has looked the schema over with `dialect` and `pattern`; `asked`, `text` and `edit` turn text into types;
//! `violations` and `unfit` put into words what is wrong with an item, and with a schema.

mod asked;
mod dialect;
mod edit;
mod pattern;
mod pointer;
mod program;
mod reading;
mod refusal;
pub mod sandbox;
mod text;
mod unfit;
mod violations;

pub use program::Verdict;
pub use refusal::Refusal;
pub use sandbox::{Sandbox, Source};
pub use violations::{Misfit, Violation};
