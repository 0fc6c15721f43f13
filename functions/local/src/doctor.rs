//! What `doctor` looks at, and what it says is to be mended. It only reads: nothing is made, changed or sent to a job.
//!
//! [`configuration`] reads the variables that are set, [`machine`] looks at this machine's files, [`server`] calls a
//! server, [`deployment`] looks at a stack's table, queues and functions with the caller's own AWS credentials.

use serde::Serialize;

pub mod configuration;
pub mod deployment;
pub mod machine;
pub mod server;
pub mod signed;
pub mod stack;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at, in a few words that stay the same.
    pub name: &'static str,
    /// Whether it is as it should be.
    pub ok: bool,
    /// What was found.
    pub detail: String,
    /// What to do, if anything must be mended.
    pub fix: Option<String>,
}

impl Check {
    /// As it should be.
    pub fn good(name: &'static str, detail: impl Into<String>) -> Check {
        Check { name, ok: true, detail: detail.into(), fix: None }
    }

    /// To be mended, so.
    pub fn bad(name: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Check {
        Check { name, ok: false, detail: detail.into(), fix: Some(fix.into()) }
    }

    /// Good with this detail if `ok`, else to be mended.
    pub fn of(name: &'static str, ok: bool, detail: impl Into<String>, fix: impl Into<String>) -> Check {
        if ok { Check::good(name, detail) } else { Check::bad(name, detail, fix) }
    }
}
