//! The limits that processors meet. Bytes are bytes, never characters, unless the name says so.

use std::time::Duration;

/// Items in a chunk, at most, whatever is asked for.
pub const ITEMS_PER_CHUNK_MAX: usize = 250;
/// An item's id, and an owner, in characters.
pub const ID_CHARS_MAX: usize = 128;
/// How long an item waits in all for a downstream that is throttled or away, unless its processor says otherwise.
pub const PATIENCE_DEFAULT: Duration = Duration::from_secs(24 * 3_600);
