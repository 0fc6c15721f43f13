//! The commands, one file each. Each is a struct of options with a `run` that returns the exit code.

pub mod act;
pub mod columns;
pub mod completions;
pub mod delete;
pub mod doctor;
pub mod estimate;
pub mod failures;
pub mod list;
pub mod new;
pub mod parts;
pub mod processors;
pub mod results;
pub mod retry;
pub mod status;
pub mod submit;
pub mod token;
pub mod watch;
