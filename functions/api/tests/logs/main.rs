//! What operators read in the logs. Runs in a process of its own, since the first test to log decides for the whole
//! process which lines are wanted.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod jobs;
#[expect(dead_code, reason = "other tests need more of it")]
#[path = "../http/world.rs"]
mod world;
