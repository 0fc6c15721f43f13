//! The keys of each kind of row: made from ids, and read back.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use uuid::Uuid;

use super::schema::{PK, SK};
use headway_core::cupboard::KeptKey;
use headway_core::ids::{ChunkId, JobId, PartId, UserId};

pub(super) const JOB_SORT: &str = "JOB";
pub(super) const PART_SORT: &str = "PART";

/// A row's two keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) partition: String,
    pub(super) sort: String,
}

impl Key {
    fn new(partition: String, sort: impl Into<String>) -> Self {
        Self { partition, sort: sort.into() }
    }

    pub(super) fn job(id: JobId) -> Self {
        Self::new(format!("JOB#{id}"), JOB_SORT)
    }

    pub(super) fn params(id: JobId) -> Self {
        Self::new(format!("JOB#{id}"), "PARAMS")
    }

    pub(super) fn submission(user_id: &UserId, key_hash: &str) -> Self {
        Self::new(format!("IDEM#{user_id}#{key_hash}"), "IDEM")
    }

    pub(super) fn part(id: PartId) -> Self {
        Self::new(part_partition(id), PART_SORT)
    }

    pub(super) fn outcome(id: ChunkId) -> Self {
        Self::new(part_partition((id.job, id.part)), outcome_sort(id.chunk))
    }

    pub(super) fn extra(id: ChunkId, name: Uuid) -> Self {
        Self::new(part_partition((id.job, id.part)), format!("{EXTRA_PREFIX}{:03}#{name}", id.chunk))
    }

    pub(super) fn corrections(id: ChunkId) -> Self {
        Self::new(part_partition((id.job, id.part)), corrections_sort(id.chunk))
    }

    pub(super) fn parked(id: ChunkId, nonce: Uuid) -> Self {
        Self::new(part_partition((id.job, id.part)), format!("{PARKED_PREFIX}{}#{nonce}", id.chunk))
    }

    pub(super) fn care(id: ChunkId) -> Self {
        Self::new(part_partition((id.job, id.part)), format!("CARE#{}", id.chunk))
    }

    pub(super) fn kept(key: &KeptKey) -> Self {
        Self::new(key.of.clone(), key.what.clone())
    }

    /// As requests contain it.
    pub(super) fn into_item(self) -> HashMap<String, AttributeValue> {
        HashMap::from([(PK.to_owned(), AttributeValue::S(self.partition)), (SK.to_owned(), AttributeValue::S(self.sort))])
    }
}

/// The beginning of the sort keys of the extra rows of a part's outcomes.
const EXTRA_PREFIX: &str = "EXTRA#";

/// The beginning of the sort keys of a part's parked messages.
pub(super) const PARKED_PREFIX: &str = "PARK#";

/// The partition of all rows of a part.
pub(super) fn part_partition((job, part): PartId) -> String {
    format!("JOB#{job}#{part}")
}

/// The sort key of a chunk's outcome row; ordered by chunk.
pub(super) fn outcome_sort(chunk: u16) -> String {
    format!("OUT#{chunk:03}")
}

/// The sort key of a chunk's corrections row; ordered by chunk.
pub(super) fn corrections_sort(chunk: u16) -> String {
    format!("FIX#{chunk:03}")
}

/// The job in the partition of a job row.
pub(super) fn job_of(partition: &str) -> Option<JobId> {
    JobId::parse(partition.strip_prefix("JOB#")?)
}

/// The part in the partition of a part.
pub(super) fn part_of(partition: &str) -> Option<PartId> {
    let (job, part) = partition.strip_prefix("JOB#")?.split_once('#')?;
    Some((JobId::parse(job)?, part.parse().ok()?))
}

/// The chunk in the sort key of an outcome row.
pub(super) fn chunk_of_outcome(sort: &str) -> Option<u16> {
    sort.strip_prefix("OUT#")?.parse().ok()
}

/// The chunk and the name in the sort key of an extra row.
pub(super) fn parts_of_extra(sort: &str) -> Option<(u16, Uuid)> {
    chunk_and_id(sort.strip_prefix(EXTRA_PREFIX)?)
}

/// The chunk in the sort key of a corrections row.
pub(super) fn chunk_of_corrections(sort: &str) -> Option<u16> {
    sort.strip_prefix("FIX#")?.parse().ok()
}

/// The chunk and the nonce in the sort key of a parked row.
pub(super) fn parts_of_parked(sort: &str) -> Option<(u16, Uuid)> {
    chunk_and_id(sort.strip_prefix(PARKED_PREFIX)?)
}

fn chunk_and_id(text: &str) -> Option<(u16, Uuid)> {
    let (chunk, id) = text.split_once('#')?;
    Some((chunk.parse().ok()?, id.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_back_as_written() {
        let id = ChunkId { job: JobId(Uuid::new_v4()), part: 7, chunk: 9 };
        assert_eq!(job_of(&Key::job(id.job).partition), Some(id.job));
        assert_eq!(part_of(&Key::part((id.job, 7)).partition), Some((id.job, 7)));
        assert_eq!(chunk_of_outcome(&Key::outcome(id).sort), Some(9));
        assert_eq!(chunk_of_corrections(&Key::corrections(id).sort), Some(9));
        let nonce = Uuid::new_v4();
        assert_eq!(parts_of_parked(&Key::parked(id, nonce).sort), Some((9, nonce)));
        assert_eq!(parts_of_extra(&Key::extra(id, nonce).sort), Some((9, nonce)));
        assert_eq!(job_of(&Key::part((id.job, 7)).partition), None, "a part is not a job");
    }
}
