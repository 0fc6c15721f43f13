//! Requests from Headway to other services: only to endpoints that the operator configured, only to addresses that
//! the operator allows, and always signed.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`endpoints`] | the operator's configuration, read and checked once |
//! | `config`, `endpoints_error` | one endpoint's members, and what is wrong with a configuration |
//! | [`endpoint`] | one endpoint, and the signed request to it |
//! | `client`, `connections`, `send` | sending a request: addresses are checked, and a request on a stale connection is sent again |
//! | [`no_answer`] | why a call has no whole answer |
//! | [`body`], [`retry_after()`] | reading an answer |
//! | [`confidential`], `search`, `spellings`, `packed` | keeping the operator's secrets out of everything that is passed on from an answer |
//! | [`signature`] | secrets and signatures of Standard Webhooks 1.0 |
//! | [`rule`] | which URLs and addresses are allowed |
//! | [`address`] | what an IP address is for |
//!
//! What an answer means is decided by the caller: for an item by the `http` processor.

pub mod address;
pub mod body;
mod client;
pub mod confidential;
mod config;
mod connections;
pub mod endpoint;
pub mod endpoints;
pub mod endpoints_error;
pub mod no_answer;
mod packed;
mod retry_after;
pub mod rule;
mod search;
mod send;
pub mod signature;
mod spellings;

pub use confidential::Confidential;
pub use endpoint::{Endpoint, Secrets};
pub use endpoints::Endpoints;
pub use endpoints_error::EndpointsError;
pub use no_answer::NoAnswer;
pub use retry_after::retry_after;
pub use rule::{Rule, RuleError};
pub use signature::{NotASecret, Secret};
