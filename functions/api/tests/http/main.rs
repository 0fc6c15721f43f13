//! The HTTP API through the router, with the ledger and queue in memory: exactly what a client sees.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod acts;
mod auth;
mod corrections;
mod dashboard;
mod delegation;
mod described;
mod document;
mod edge;
mod hostile;
mod items;
mod job_tokens;
mod jobs;
mod operators;
mod owners;
mod params;
mod parts;
mod quotas;
mod records;
mod strangers;
mod world;
