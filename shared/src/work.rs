//! Working: what a worker does with the messages of an invocation.
//!
//! The stages of a chunk, in `work::chunk`: **find** its rows; the **gate** decides (drop, settled, parked, bury or
//! run); **run** its items (`each`: several calls at a time, each with one item or a group of them; or `careful`); **settle** the results; **return** the rest as a new message; **look
//! upward**. Each stage takes what the one before returned. Only then is the message done.

mod backoff;
mod bundles;
mod bury;
mod call;
mod call_threads;
mod careful;
mod checkpoint;
mod chunk;
mod chunk_context;
mod closing;
mod delivery;
mod each;
mod find;
mod for_now;
mod gate;
mod group;
mod in_time;
mod item;
mod leases;
mod may_begin;
mod messages;
mod mode;
mod notify;
mod patience;

mod prepared;
mod ran;
mod ready;
mod return_rest;
mod returned;
mod revive;
mod run;
mod run_entry;
mod stray;
mod suspects;
mod turns;
mod values_now;
mod waits_for;
mod worked;
mod worker;

pub use delivery::{Delivery, Invocation};
pub use mode::CAREFUL_FROM_RECEIVES;
pub use revive::send_revivals;
pub use stray::STRAYS;
pub use worked::Worked;
pub use worker::Worker;
