//! What operators read. In a process of its own: which lines are wanted is remembered for a whole process, whoever asked first.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod jobs;
#[expect(dead_code, reason = "other tests need more of it")]
#[path = "../http/world.rs"]
mod world;
