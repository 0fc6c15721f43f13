//! Child processes in which schemas are compiled and items checked. `docs/decisions/sandbox.md` has the reasons.
//!
//! A child is this same program, run again: [`enter`] is the first call of every `main`. Each child belongs to a thread
//! (`driver`) that gives it batches and kills it if it exceeds a limit; `turns` decides whose batch is next.

mod bounds;
mod cause;
mod child;
mod child_position;
mod driver;
mod process;
mod source;
mod turns;
mod verdict;
mod wire;

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::oneshot;

pub use cause::{Cut, Unusable};
pub use source::Source;
pub use verdict::{Checked, NoVerdict};

use driver::Shared;
use turns::{Reply, Request, Work};

/// If this process was started as a child, does a child's work and never returns; otherwise records that this program
/// can be its own child. It must be the first call of every `main` whose program checks anything against a schema.
pub fn enter() {
    if child::is_asked_for() {
        child::run();
    }
    process::this_program_can();
}

/// Runs another program as the child, for a test's program that cannot be its own. Only the first call has an effect.
pub fn use_program(program: impl Into<PathBuf>) {
    process::use_program(program.into());
}

/// The child processes of this process. Clones share them.
#[derive(Debug, Clone)]
pub struct Sandbox(Arc<Shared>);

impl Sandbox {
    /// With at most this many children.
    pub fn new(children_max: usize) -> Self {
        Self(Arc::new(Shared::new(children_max.max(1), bounds::Times::default())))
    }

    /// With less processor time for checking an item and for compiling a schema, for tests that wait until it is over.
    #[must_use]
    pub fn with_times(children_max: usize, item: Duration, compile: Duration) -> Self {
        Self(Arc::new(Shared::new(children_max.max(1), bounds::Times { item, compile })))
    }

    /// The sandbox that the whole process shares. It has one child more than there are cores, so that a child that
    /// exceeds its limits keeps no core from the others.
    pub fn global() -> &'static Self {
        static GLOBAL: OnceLock<Sandbox> = OnceLock::new();
        GLOBAL.get_or_init(|| Self::new(bounds::cores() + 1))
    }

    /// Checks an item for an owner. Owners take turns. If an item has waited too long in all and is not being checked,
    /// it is given up, so that its caller can try again.
    ///
    /// # Errors
    ///
    /// [`NoVerdict`], which says why.
    pub async fn check(&self, owner: &str, source: &Arc<Source>, item: Box<RawValue>) -> Result<Checked, NoVerdict> {
        let (reply, mut answer) = oneshot::channel();
        let request = Request::new(owner, source, Work::Item(item), Reply::Async(reply));
        let begun = request.begun.clone();
        self.0.submit(request);
        let mut wait = bounds::WAIT_MAX;
        loop {
            match tokio::time::timeout(wait, &mut answer).await {
                Ok(answer) => {
                    let checked = answer.unwrap_or_else(|_| Err(gone()))?;
                    return Ok(checked.unwrap_or_else(|| Checked::Fits(RawValue::NULL.to_owned())));
                }
                // It is being checked, and that will end.
                Err(_) if begun.load(Ordering::Relaxed) => wait = bounds::STILL_EVERY,
                Err(_) => return Err(no_turn()),
            }
        }
    }

    /// Compiles a schema to find out what is wrong with it.
    ///
    /// # Errors
    ///
    /// [`NoVerdict::Schema`] with what is wrong, [`NoVerdict::Unavailable`] if that cannot be found out now.
    pub async fn compile(&self, owner: &str, source: &Arc<Source>) -> Result<(), NoVerdict> {
        let (reply, answer) = oneshot::channel();
        self.0.submit(Request::new(owner, source, Work::Compile, Reply::Async(reply)));
        let answer = tokio::time::timeout(bounds::COMPILE_WAIT_MAX, answer).await;
        answer.map_or_else(|_| Err(no_turn()), |answer| answer.unwrap_or_else(|_| Err(gone()))).map(|_| ())
    }

    /// As [`Self::compile`], but blocks the thread.
    ///
    /// # Errors
    ///
    /// As [`Self::compile`].
    pub fn compile_blocking(&self, owner: &str, source: &Arc<Source>) -> Result<(), NoVerdict> {
        let (reply, answer) = mpsc::sync_channel(1);
        self.0.submit(Request::new(owner, source, Work::Compile, Reply::Blocking(reply)));
        let error = |error| if error == mpsc::RecvTimeoutError::Timeout { no_turn() } else { gone() };
        answer.recv_timeout(bounds::COMPILE_WAIT_MAX).unwrap_or_else(|failed| Err(error(failed))).map(|_| ())
    }
}

fn no_turn() -> NoVerdict {
    NoVerdict::Unavailable("other items of its owner take long, and its turn did not come".into())
}

fn gone() -> NoVerdict {
    NoVerdict::Unavailable("the thread that drives the child process has ended".into())
}
