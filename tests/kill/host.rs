//! Where a server's worker runs.

use std::fmt;

use headway_testkit::home::beside_binary;

/// How many worker processes a server has.
const WORKERS: &str = "2";

/// Where a server's worker runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// In the server's own process.
    InProcess,
    /// In processes of its own, as on Lambda. They are killed too.
    Processes,
}

impl Host {
    /// What `serve` is told about it.
    pub(crate) fn words(self) -> Vec<String> {
        match self {
            Self::InProcess => Vec::new(),
            Self::Processes => ["--worker", beside_binary("worker").to_str().unwrap(), "--workers", WORKERS].map(str::to_owned).into(),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InProcess => "one process",
            Self::Processes => "worker processes",
        })
    }
}
