//! A schema in the form that is given to children.

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use super::bounds::CUTS_UNTIL_ALONE;
use super::cause::Unusable;

/// A schema, and what is known about it. There is one for each job, shared by its items.
pub struct Source {
    /// Unique among the schemas in this process: children keep compiled schemas under it.
    pub(super) id: u64,
    pub(super) schema: Box<str>,
    pub(super) text: bool,
    /// How many items were cut off so far.
    cuts: AtomicU32,
    /// How many children were killed from outside while they compiled it, and when the last one was. Children that were killed at
    /// the same moment count once: only a child that was started after the last kill is counted.
    kills: Mutex<(u32, Option<Instant>)>,
    /// Set once the schema is known to be unusable.
    pub(super) unusable: OnceLock<Unusable>,
}

impl Source {
    /// A schema as JSON. With `text`, texts in items are converted to what it wants.
    pub fn new(schema: impl Into<Box<str>>, text: bool) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { id, schema: schema.into(), text, cuts: AtomicU32::new(0), kills: Mutex::default(), unusable: OnceLock::new() }
    }

    /// Records that an item was cut off, or killed its child.
    pub(super) fn note_cut(&self) {
        self.cuts.fetch_add(1, Ordering::Relaxed);
    }

    /// Records that a child, started at this time, was killed from outside before it could use the schema. Returns how many
    /// children in a row were killed so.
    pub(super) fn note_kill(&self, spawned: Instant) -> u32 {
        let mut kills = self.kills();
        let (count, last) = *kills;
        if last.is_none_or(|last| spawned > last) {
            *kills = (count + 1, Some(Instant::now()));
        }
        kills.0
    }

    /// Records that the schema was compiled.
    pub(super) fn forget_kills(&self) {
        *self.kills() = (0, None);
    }

    fn kills(&self) -> MutexGuard<'_, (u32, Option<Instant>)> {
        self.kills.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True if one of its items was cut off already.
    pub(super) fn is_suspect(&self) -> bool {
        self.cuts.load(Ordering::Relaxed) > 0
    }

    /// True if its items are run one at a time.
    pub(super) fn runs_alone(&self) -> bool {
        self.cuts.load(Ordering::Relaxed) >= CUTS_UNTIL_ALONE
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("id", &self.id).field("bytes", &self.schema.len()).field("text", &self.text).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bug found: Ctrl-C killed three children that compiled the same schema, and it was blamed.
    #[test]
    fn kills_of_all_children_at_once_count_once() {
        let source = Source::new("{}", false);
        let spawned = Instant::now();
        assert_eq!([(); 3].map(|()| source.note_kill(spawned)), [1; 3]);
        assert_eq!(source.note_kill(Instant::now()), 2, "a child that was started after that");
        source.forget_kills();
        assert_eq!(source.note_kill(Instant::now()), 1);
    }
}
