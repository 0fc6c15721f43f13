//! A schema in the form that is given to children.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

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
    /// How many children in a row were killed from outside while they compiled it.
    kills: AtomicU32,
    /// Set once the schema is known to be unusable.
    pub(super) unusable: OnceLock<Unusable>,
}

impl Source {
    /// A schema as JSON. With `text`, texts in items are converted to what it wants.
    pub fn new(schema: impl Into<Box<str>>, text: bool) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { id, schema: schema.into(), text, cuts: AtomicU32::new(0), kills: AtomicU32::new(0), unusable: OnceLock::new() }
    }

    /// Records that an item was cut off, or killed its child.
    pub(super) fn note_cut(&self) {
        self.cuts.fetch_add(1, Ordering::Relaxed);
    }

    /// Records that a child was killed from outside before it could use the schema; returns how many were, in a row.
    pub(super) fn note_kill(&self) -> u32 {
        self.kills.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Records that the schema was compiled.
    pub(super) fn forget_kills(&self) {
        self.kills.store(0, Ordering::Relaxed);
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
