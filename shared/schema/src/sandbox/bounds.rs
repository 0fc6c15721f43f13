//! What a child may take. The numbers are told to people in `docs/json-schema.md`.

use std::time::Duration;

/// Time of a core that checking one item, and compiling one schema, may take.
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

/// Time of a core that checking one item may take.
pub(super) const ITEM_CPU_MAX: Duration = Duration::from_secs(1);
/// Time of a core that compiling one schema may take.
pub(super) const COMPILE_CPU_MAX: Duration = Duration::from_secs(2);
/// On a busy machine a check, and the compiling of a schema, end after so long by the clock. Together with
/// [`WAIT_MAX`] that is well before a worker's shortest deadline of 60 s, and before a request's of 25 s.
pub(super) const ITEM_WALL_MAX: Duration = Duration::from_secs(20);
pub(super) const COMPILE_WALL_MAX: Duration = Duration::from_secs(10);
/// What overruns the clock has taken too much if it had this part of its time of a core. A child that was given less is not
/// to blame: its items are tried again.
pub(super) const BLAMED_FROM_PART: u32 = 4;
/// An item is given back once it has waited for so long in all, unless it is being checked.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(15);
/// How often it is asked whether an item that is being checked still is, once its wait is over.
pub(super) const STILL_EVERY: Duration = Duration::from_millis(250);
/// Waiting for a turn and compiling, together.
pub(super) const COMPILE_WAIT_MAX: Duration = Duration::from_secs(22);
/// Memory besides the program itself and the stack.
pub(super) const HEAP_BYTES_MAX: u64 = 96 << 20;
/// The stack on which a child works.
pub(super) const STACK_BYTES: usize = 32 << 20;
/// A batch gives its turn back after so long.
pub(super) const TURN: Duration = Duration::from_millis(50);
/// A child tells its results at least this often, if it comes to it between two items.
pub(super) const TELL_EVERY: Duration = Duration::from_millis(5);
/// Items and bytes of a batch at most; one item always goes.
pub(super) const BATCH_ITEMS_MAX: usize = 128;
pub(super) const BATCH_BYTES_MAX: usize = 128 << 10;
/// Compiled schemas that a child keeps, as long as they take less than half of its memory.
pub(super) const PROGRAMS_MAX: usize = 16;
/// A child that has had nothing to do for so long ends.
pub(super) const IDLE_MAX: Duration = Duration::from_secs(10);
/// From so many items that were cut off on, a job's items are run one at a time.
pub(super) const CUTS_UNTIL_ALONE: u32 = 2;
/// How much nicer than the program itself its children are, so that the program answers.
pub(super) const NICENESS: i32 = 5;
/// Bytes of a frame at most: a batch, its schema, and one item more than fits.
pub(super) const FRAME_BYTES_MAX: usize = 16 << 20;

/// The cores this process may use.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
