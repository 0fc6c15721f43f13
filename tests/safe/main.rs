//! What keeps owners apart and the service in bounds, over the whole service in one process: which calls each function
//! makes, what a stranger's question costs, what is logged, who waits for whom.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fuzzed;
mod house;
mod neighbours;
mod reads;
mod recorder;
mod roles;
mod strays;
