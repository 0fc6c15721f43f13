//! JSON Schema for schemas that strangers write. A schema, its patterns and the items it is applied to are like programs
//! of strangers: they can run for hours, take all memory or overflow the stack. So they run in child processes, which are
//! killed if they exceed their limits; see [`sandbox`].
//!
//! Its map: [`sandbox`] runs and limits the child processes. In a child, `reading` checks a schema, using `dialect`,
//! `idle` and `pattern`, and `loops` finds what would never end; then `program` compiles it and checks items. `wanted_types`, `alternatives`, `choose`, `text` and `edit` convert text to types, and
//! `formats` checks formats that the validator checks too loosely, and `exact` numbers
//! that it would round, as `decimal`s. `raw` has JSON as it is written. `violations` describes what is wrong with an item;
//! `unfit` and `refusal`, what is wrong with a schema, and `every_fault` finds all of it. `pointer` has JSON pointers, and `uri_reference` what references may be.

mod alternatives;
mod choose;
mod decimal;
mod dialect;
mod edit;
mod every_fault;
mod exact;
mod formats;
mod idle;
mod loops;
mod pattern;
mod pointer;
mod program;
mod raw;
mod reading;
mod refusal;
pub mod sandbox;
mod text;
mod unfit;
mod uri_reference;
mod violations;
mod wanted_types;

pub use program::Verdict;
pub use refusal::Refusal;
pub use sandbox::{Sandbox, Source};
pub use violations::{Misfit, Violation};
