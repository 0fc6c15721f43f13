//! The embedded parts as their users see them: through the SDK's clients, in virtual time where time matters, and in
//! processes of their own where death matters.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "in a test, a helper may fail as the test itself may")]

mod durability;
mod fairness;
mod foreign;
mod private;
mod pump;
mod queue;
mod table;
mod world;
