//! What names an owner, a job, a part and a chunk.

pub use headway_processor::{JobId, UserId};

/// Which part of which job.
pub type PartId = (JobId, u32);

/// Which chunk of which part of which job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkId {
    /// The job.
    pub job: JobId,
    /// The part's number.
    pub part: u32,
    /// The chunk's number in the part.
    pub chunk: u16,
}
