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
/// The most calls of a processor at a time for one job in one worker process.
pub const CONCURRENCY_MAX: usize = 10_000;
/// The most attempts for an item.
pub const ATTEMPTS_MAX: u32 = 1_000;
/// The longest that a processor may ask for one call. On Lambda the function's own limit of 15 minutes comes first.
pub const ITEM_TIMEOUT_MAX: Duration = Duration::from_secs(3_600);
/// The longest that a processor may let an item wait for its downstream.
pub const PATIENCE_MAX: Duration = Duration::from_secs(30 * 24 * 3_600);
/// A processor's description, in characters.
pub const DESCRIPTION_CHARS_MAX: usize = 1_000;
/// The name of what items wait for, in characters.
pub const LIMIT_CHARS_MAX: usize = 64;
