//! What keeps owners apart and the service within its limits, tested with the whole service in one process: which calls
//! each function makes, what a stranger's request costs, what is logged, who waits for whom.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fuzzed;
mod house;
mod neighbours;
mod reads;
mod recorder;
mod roles;
mod strays;
