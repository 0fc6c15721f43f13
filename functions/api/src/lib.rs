//! The HTTP function: starts jobs and tells their state.
pub mod auth;
pub mod problem;
