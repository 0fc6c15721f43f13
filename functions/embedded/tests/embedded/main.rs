//! The embedded table and queue through the SDK's clients: in virtual time where time matters, and in separate
//! processes where a crash matters.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "in a test, a helper may fail as the test itself may")]

mod durability;
mod fairness;
mod foreign;
mod private;
mod pump;
mod queue;
mod table;
mod world;
