//! Virtual time for a simulation of one thread, in place of tokio's paused clock: the same order of events for a third of the work.
//!
//! [`run`] runs a future and what it spawns. Only when none of them can go on does time pass, to the next moment that one waits for.
//! Waiters for the same millisecond wake in the order in which they began to wait, as with tokio; a test compares the two.
//!
//! All state belongs to the thread. A task may be woken only on the thread that runs it.

mod instant;
mod tasks;
mod timeout;
mod timers;

pub use instant::Instant;
pub use tasks::{Task, run, spawn};
pub use timeout::{Elapsed, Timeout, timeout, timeout_at};
pub use timers::{Sleep, sleep, sleep_until};
