//! Files of items, read as a stream: whatever their size, one item is held at a time.
//!
//! The map: [`Source`] is what was named on the command line, [`Opened`] gives its bytes twice. `text` turns bytes into
//! UTF-8 and knows the place of each; `not_text` names what is no text, `misnamed`
//! finds UTF-8 that was called something else. `csv`, `ndjson` and `json_array` turn text into
//! items, which `item` checks as the service would.

mod csv;
mod error;
mod escapes;
mod format;
mod hint;
mod item;
mod items;
mod json_array;
mod misnamed;
mod ndjson;
mod not_text;
mod open;
mod place;
mod source;
mod text;

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod tests;

pub use error::InputError;
pub use format::{Delimiter, Format, NamedEncoding, Reading};
pub use items::Items;
pub use open::items;
pub use place::Place;
pub use source::{Opened, Source};
