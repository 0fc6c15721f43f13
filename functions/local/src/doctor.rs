//! The checks of `doctor`, and what to correct. It only reads: nothing is created, changed or sent to a job.
//!
//! [`configuration`] reads the environment's variables, [`machine`] checks this machine's files, [`server`] calls a
//! server, and [`deployment`] checks a stack's table, queues and functions with the caller's own AWS credentials.

use serde::Serialize;

pub mod configuration;
pub mod deployment;
pub mod machine;
pub mod server;
pub mod signed;
pub mod stack;
mod xml;

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked, in a few words that never change.
    pub name: &'static str,
    /// True if it is in order.
    pub ok: bool,
    /// What was found.
    pub detail: String,
    /// What to do, if something has to be corrected.
    pub fix: Option<String>,
}

impl Check {
    /// In order.
    pub fn good(name: &'static str, detail: impl Into<String>) -> Check {
        Check { name, ok: true, detail: detail.into(), fix: None }
    }

    /// Not in order, and what to do.
    pub fn bad(name: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Check {
        Check { name, ok: false, detail: detail.into(), fix: Some(fix.into()) }
    }

    /// In order with this detail if `ok`; otherwise not.
    pub fn of(name: &'static str, ok: bool, detail: impl Into<String>, fix: impl Into<String>) -> Check {
        if ok { Check::good(name, detail) } else { Check::bad(name, detail, fix) }
    }
}
