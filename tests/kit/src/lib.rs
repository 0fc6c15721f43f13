//! Shared by the tests of several crates. Tests of one crate build their own environment from these.
//!
//! Its map: [`clock`] has the clocks for tests; [`json`] makes raw JSON; [`echo`] is the processor that does what an
//! item says; [`messages`] has deliveries to a worker; [`answer`] is a router's complete answer; [`home`] runs the real
//! binary; [`serving`] is a running `headway serve`, and [`server`] one that is ready, with its client.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

pub mod answer;
pub mod clock;
pub mod echo;
pub mod home;
pub mod json;
pub mod messages;
pub mod server;
pub mod serving;

pub use answer::Answer;
pub use clock::{HeldClock, VirtualClock};
pub use echo::Echo;
pub use json::raw;
