//! Working: what a worker does with the messages of an invocation.
//!
//! A chunk goes through these stages, in `work::chunk`. Each takes what the one before returned, and after the last one the
//! message is done:
//! - **find** its rows;
//! - the **gate** decides: drop it, it is settled already, park it, bury it (a dead letter), or run it;
//! - **run** its items: `each` makes several calls at a time, each with one item or a group of them; `careful` runs one item at
//!   a time. Before each call `may_begin` decides whether its items may begin now;
//! - **settle** the results;
//! - **return** the rest as a new message;
//! - **look upward**: count the part and end the job, if this was the last of it.

mod asked_for;
mod backoff;
mod bundles;
mod bury;
mod call;
mod call_threads;
mod careful;
mod checkpoint;
mod chunk;
mod chunk_context;
mod circuit_breaker;
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
mod notice_places;
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
mod running_workers;
mod stall;
mod stray;
mod suspects;
mod turns;
mod untried;
mod values_now;
mod waits_for;
mod worked;
mod worker;

pub use delivery::{Delivery, Invocation};
pub use revive::send_revivals;
pub use running_workers::RunningWorkers;
pub use stray::STRAYS;
pub use worked::Worked;
pub use worker::Worker;
