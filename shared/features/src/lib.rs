//! Nothing: this crate is there for its `Cargo.toml`. A worker that depends on it has the crates of others with the same features as the
//! `headway` command has them. So what was compiled for the command is used for the worker, too.
