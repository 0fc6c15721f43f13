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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_of_an_id_is_an_id() {
        let text = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
        assert_eq!(JobId::parse(text).unwrap().to_string(), text);
        for other in
            ["7C9E6679-7425-40DE-944B-E07FC1F90AE7", "7c9e6679742540de944be07fc1f90ae7", "{7c9e6679-7425-40de-944b-e07fc1f90ae7}", ""]
        {
            assert_eq!(JobId::parse(other), None, "{other}");
        }
    }
}
