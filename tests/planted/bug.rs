//! A bug: what is replaced by what, what that breaks, and which trap it is.

/// A broken variant of the code.
pub(crate) struct Bug {
    pub(crate) name: &'static str,
    pub(crate) edits: &'static [Edit],
    /// What goes wrong with it.
    pub(crate) breaks: &'static str,
    /// The trap it is.
    pub(crate) trap: &'static str,
}

/// A text that occurs once in the crate `headway-core`, and what takes its place. Which file it is in is looked up, so that code
/// may be moved between files.
pub(crate) struct Edit {
    pub(crate) find: &'static str,
    pub(crate) replace: &'static str,
}

/// Replaces this text.
pub(crate) const fn edit(find: &'static str, replace: &'static str) -> Edit {
    Edit { find, replace }
}
