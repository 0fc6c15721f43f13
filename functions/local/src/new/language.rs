//! The languages that a project can be written in.

use clap::ValueEnum;

/// The language of a project's processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// A worker of one's own.
    Rust,
    /// A function, with the kit in `kits/python`.
    Python,
    /// A function, with the kit in `kits/node`.
    Node,
}
