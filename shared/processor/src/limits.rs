//! The limits for processors. Bytes are bytes and never characters, unless the name says so.

use std::time::Duration;

/// The most items in a chunk, whatever is asked for.
pub const ITEMS_PER_CHUNK_MAX: usize = 250;
/// A processor's name, in characters.
pub const PROCESSOR_NAME_CHARS_MAX: usize = 64;
/// An item's id, and an owner, in characters.
pub const ID_CHARS_MAX: usize = 128;
/// How long in all an item waits for a downstream that is throttled or unreachable, unless its processor sets another
/// time.
pub const PATIENCE_DEFAULT: Duration = Duration::from_secs(24 * 3_600);
