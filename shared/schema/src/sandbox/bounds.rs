//! The limits of a child. `docs/json-schema.md` lists them for users.

use std::time::Duration;

/// How much processor time checking an item, and compiling a schema, may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) item: Duration,
    pub(super) compile: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self { item: ITEM_CPU_MAX, compile: COMPILE_CPU_MAX }
    }
}

/// How much processor time checking an item may take.
pub(super) const ITEM_CPU_MAX: Duration = Duration::from_secs(1);
/// How much processor time compiling a schema may take.
pub(super) const COMPILE_CPU_MAX: Duration = Duration::from_secs(2);
/// On a busy machine a check, or compiling a schema, ends after this time by the clock. Together with [`WAIT_MAX`] that
/// is well before a worker's shortest deadline of 60 s, and before a request's of 25 s.
pub(super) const ITEM_WALL_MAX: Duration = Duration::from_secs(20);
pub(super) const COMPILE_WALL_MAX: Duration = Duration::from_secs(10);
/// An item that exceeds the time by the clock has taken too much if it got at least this fraction of its processor
/// time. If the child got less, the item is not to blame and is tried again.
pub(super) const BLAMED_FROM_PART: u32 = 4;
/// An item is returned once it has waited this long in all, unless it is being checked.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(15);
/// After its wait is over, it is checked this often whether an item is still being checked.
pub(super) const STILL_EVERY: Duration = Duration::from_millis(250);
/// The limit for waiting for a turn and compiling together.
pub(super) const COMPILE_WAIT_MAX: Duration = Duration::from_secs(22);
/// Memory besides the program itself and the stack.
pub(super) const HEAP_BYTES_MAX: u64 = 96 << 20;
/// The stack on which a child works.
pub(super) const STACK_BYTES: usize = 32 << 20;
/// A batch gives up its turn after this time.
pub(super) const TURN: Duration = Duration::from_millis(50);
/// A child sends its results at least this often, between two items.
pub(super) const TELL_EVERY: Duration = Duration::from_millis(5);
/// The most items and bytes in a batch; a single item always fits.
pub(super) const BATCH_ITEMS_MAX: usize = 128;
pub(super) const BATCH_BYTES_MAX: usize = 128 << 10;
/// How many compiled schemas a child keeps, as long as they take less than half of its memory.
pub(super) const PROGRAMS_MAX: usize = 16;
/// A child ends after it has had nothing to do for this long.
pub(super) const IDLE_MAX: Duration = Duration::from_secs(10);
/// After this many items were cut off, a job's items are run one at a time.
pub(super) const CUTS_UNTIL_ALONE: u32 = 2;
/// If this many children in a row were killed at the same item or schema, by something else on the machine, it is blamed.
pub(super) const KILLS_UNTIL_BLAMED: u32 = 3;
/// Once the program stops, what is being compiled or checked may take this much longer.
pub(super) const STOPPING_MAX: Duration = Duration::from_secs(2);
/// A thread pauses this long after its child was killed, so that a machine that is short of memory recovers.
pub(super) const AFTER_A_KILL: Duration = Duration::from_millis(100);
/// How much lower the children's priority is than the program's, so that the program still answers.
pub(super) const NICENESS: i32 = 5;
/// The most bytes in a frame: a batch, its schema, and one item more than fits.
pub(super) const FRAME_BYTES_MAX: usize = 16 << 20;

/// How many cores this process may use.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
