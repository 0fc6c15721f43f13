//! Files of items, read as a stream: only one item is in memory at a time, whatever the file's size.
//!
//! Its map: [`Source`] is the file that the command line names; [`Opened`] reads its bytes twice. `text` turns bytes
//! into UTF-8 and knows the place of each; `not_text` identifies files that are not text, `foreign` text that is another
//! kind of file; `misnamed` finds UTF-8 for which another encoding was given. `csv`, `ndjson` and `json_array` turn text
//! into items, and `item` checks these like the service. `value` reads a file that is one JSON value.

mod csv;
mod error;
mod escapes;
mod foreign;
mod format;
mod garbled;
mod hint;
mod item;
mod items;
mod joined;
mod json_array;
mod misnamed;
mod ndjson;
mod not_text;
mod not_utf8;
mod open;
mod place;
mod record_max;
mod source;
mod text;
mod value;

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
pub use value::json_file;
