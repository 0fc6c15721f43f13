//! The HTTP function: starts jobs and tells their state.
