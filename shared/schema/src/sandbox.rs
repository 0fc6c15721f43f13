//! Child processes in which schemas are compiled and items checked. `docs/decisions/sandbox.md` has the reasons.
//!
//! A child is this same program, run again: [`enter`] is the first call of every `main`. Each child belongs to a thread
//! (`driver`) that gives it batches and kills it if it exceeds a limit. `scheduler` decides which owner's batch is next,
//! and `blame` decides which item or schema made a child end.

mod blame;
mod bounds;
mod call_items;
mod cause;
mod child;
mod child_position;
mod driver;
mod process;
mod scheduler;
mod source;
mod verdict;
mod wire;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;

use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::oneshot;

pub use cause::{LimitExceeded, Unusable};
pub use source::Source;
pub use verdict::{Checked, NoVerdict};

use call_items::CallItems;
use driver::Shared;
use scheduler::{Reply, Request, Work};

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

    /// The program stops: requests that wait for a turn are answered at once with [`NoVerdict::Unavailable`], and so are all later
    /// requests. Running batches end by themselves, or after two seconds.
    pub fn stop(&self) {
        self.0.stop();
    }

    /// Checks an item for an owner, as [`Self::check_all`] does.
    ///
    /// # Errors
    ///
    /// [`NoVerdict`], which says why.
    pub async fn check(&self, owner: &str, source: &Arc<Source>, item: Box<RawValue>) -> Result<Checked, NoVerdict> {
        self.check_all(owner, source, vec![item]).await.pop().unwrap_or_else(|| Err(gone()))
    }

    /// Checks items of one schema for an owner; returns a verdict for each, in their order. Owners take turns. An item that has
    /// waited too long, and is not being checked, gets [`NoVerdict::Unavailable`], so that its caller can try it again. If an item
    /// exceeds a limit, only that item fails.
    pub async fn check_all(&self, owner: &str, source: &Arc<Source>, items: Vec<Box<RawValue>>) -> Vec<Result<Checked, NoVerdict>> {
        let call_items = Arc::new(CallItems::new(items.len()));
        let _caller = Caller(&call_items);
        let owner: Arc<str> = owner.into();
        let request = |(index, item)| Request::new(owner.clone(), source, Work::Item(item), Reply::OfCall(call_items.clone(), index));
        self.0.submit(items.into_iter().enumerate().map(request).collect());
        let mut wait = bounds::WAIT_MAX;
        while tokio::time::timeout(wait, call_items.over()).await.is_err() {
            call_items.give_up_waiting(no_turn);
            // The others are being checked, and that will end.
            wait = bounds::STILL_EVERY;
        }
        call_items.take().into_iter().map(|verdict| verdict.unwrap_or_else(|| Err(gone()))).collect()
    }

    /// Compiles a schema to find out what is wrong with it.
    ///
    /// # Errors
    ///
    /// [`NoVerdict::Schema`] with what is wrong, [`NoVerdict::Unavailable`] if that cannot be found out now.
    pub async fn compile(&self, owner: &str, source: &Arc<Source>) -> Result<(), NoVerdict> {
        let (reply, answer) = oneshot::channel();
        self.0.submit(vec![Request::new(owner.into(), source, Work::Compile, Reply::Async(reply))]);
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
        self.0.submit(vec![Request::new(owner.into(), source, Work::Compile, Reply::Blocking(reply))]);
        let error = |error| if error == mpsc::RecvTimeoutError::Timeout { no_turn() } else { gone() };
        answer.recv_timeout(bounds::COMPILE_WAIT_MAX).unwrap_or_else(|failed| Err(error(failed))).map(|_| ())
    }
}

impl Sandbox {
    /// What is wrong with the `paramsSchema` of these processors, one line each. No job can be started with such a processor.
    pub async fn unusable<'a>(&self, schemas: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Vec<String> {
        let mut found = Vec::new();
        for (processor, schema) in schemas.into_iter().filter(|(_, schema)| !allows_anything(schema)) {
            let why = match self.compile("operator", &Arc::new(Source::new(schema.to_string(), false))).await {
                Ok(()) | Err(NoVerdict::Unavailable(_)) => continue,
                Err(NoVerdict::Schema(unusable)) => unusable.refusals().iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
                Err(NoVerdict::LimitExceeded(exceeded)) => exceeded.to_string(),
            };
            found.push(format!("the paramsSchema of the processor {processor} cannot be used: {why}"));
        }
        found
    }
}

fn allows_anything(schema: &Value) -> bool {
    schema.as_object().is_some_and(serde_json::Map::is_empty)
}

/// The caller that waits for the verdicts. If it is dropped before they are there, they are not needed any more.
struct Caller<'a>(&'a CallItems);

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        self.0.is_dropped();
    }
}

fn no_turn() -> NoVerdict {
    NoVerdict::Unavailable("other items of its owner take long, and its turn did not come".into())
}

fn gone() -> NoVerdict {
    NoVerdict::Unavailable("the thread that drives the child process has ended".into())
}
