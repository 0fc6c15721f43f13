//! What tests of several crates share. Tests of one crate keep a world of their own and build it from these.
//!
//! The map: [`clock`] has the two clocks, held and virtual; [`json`] makes raw JSON; [`echo`] is the processor that does
//! what an item says; [`messages`] are deliveries to a worker; [`answer`] is what a router said, read to its end; [`home`]
//! runs the real binary, [`serving`] is `headway serve` under way, [`server`] one that is ready, with its client.

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
