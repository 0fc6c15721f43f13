//! The embedded SQS: standard queues in SQLite with SQS's semantics, behind a connector that speaks SQS's protocol.
//!
//! Delivery is at least once: a received message is invisible until its visibility timeout, is deleted only with the
//! receipt handle of its latest receive, and goes to the dead-letter queue after too many receives. Receives are shared
//! among message groups ([`Fairness`]). A send is answered once it is on disk.

mod address;
mod attributes;
mod connector;
mod consumer_time;
mod fairness;
mod fault;
mod handle;
mod noisy;
mod operations;
mod order;
mod queues;
mod receive;
mod receive_request;
mod schema;
mod send;
mod settle;
mod store;
mod wire;

pub use address::QueueAddress;
pub(crate) use attributes::{Attributes, QueueId};
pub(crate) use connector::Connector;
pub use fairness::{Fairness, UnknownFairness};
pub(crate) use fault::Fault;
pub(crate) use handle::Handle;
pub(crate) use operations::check_name;
pub(crate) use queues::{FILE as QUEUE_FILE, Queues};
pub(crate) use receive::Received;
pub(crate) use receive_request::ReceiveRequest;
pub(crate) use store::Settings;
