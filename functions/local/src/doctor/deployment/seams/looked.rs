//! The checks so far.

use super::needs::Needs;
use crate::doctor::Check;
use crate::doctor::deployment::target::Deployment;
use crate::doctor::deployment::worker::WorkerConfiguration;

/// What was checked, and what the worker's role needs for it.
pub(super) struct Looked<'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) worker: &'a WorkerConfiguration,
    pub(super) checks: Vec<Check>,
    pub(super) needs: Needs,
}
