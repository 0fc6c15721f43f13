//! What is logged. Runs in a process of its own, since the first test to log decides for the whole process which lines
//! are wanted.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests need more of it")]
#[path = "../safe/house.rs"]
mod house;
mod lines;
#[expect(dead_code, reason = "other tests need more of it")]
#[path = "../safe/recorder.rs"]
mod recorder;
