//! Working: a worker's way with a batch of messages. What is settled is dropped, what belongs to a held job is parked, the
//! rest is processed and settled; only then is a message done.

mod batch;
mod careful;
mod dead_letters;
mod items;
mod leases;
mod patience;
mod prepared;
mod rest;
mod returned;
mod revive;
mod worked;
mod worker;

pub use revive::send_revivals;
pub use worked::Worked;
pub use worker::{Delivery, Invocation, Worker};
