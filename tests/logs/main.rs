//! What is logged. In a process of its own: which lines are wanted is remembered for a whole process, whoever asked first.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests need more of it")]
#[path = "../safe/house.rs"]
mod house;
mod lines;
#[expect(dead_code, reason = "other tests need more of it")]
#[path = "../safe/recorder.rs"]
mod recorder;
