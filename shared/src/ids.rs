//! The ids of owners, jobs, parts and chunks.

pub use headway_processor::{JobId, UserId};

/// A part: its job and its number.
pub type PartId = (JobId, u32);

/// A chunk: its job, its part and its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkId {
    /// The job.
    pub job: JobId,
    /// The part's number.
    pub part: u32,
    /// The chunk's number in the part.
    pub chunk: u16,
}
