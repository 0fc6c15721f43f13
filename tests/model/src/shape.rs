//! The job of a model: its parts, chunks and items, and how the rows begin.

use chrono::{DateTime, TimeDelta, Utc};
use headway_core::job::Labels;
use headway_core::outcome::extra::RowSizes;
use headway_core::split::Split;
use headway_core::{Job, JobId, ToleratedFailures, UserId};
use uuid::Uuid;

/// The maximum of parts of a model's job.
pub(crate) const PARTS_MAX: usize = 2;
/// Chunks of a part.
pub(crate) const CHUNKS_MAX: usize = 3;
/// Items of a chunk.
pub(crate) const ITEMS_MAX: usize = 3;
/// The name of its processor.
pub(crate) const PROCESSOR: &str = "p";

/// Sets of items as bits: of the whole job or of one chunk, as the name says.
pub(crate) type Items = u8;

/// The size of the job, and how many failures it tolerates.
#[derive(Debug, Clone)]
pub struct Shape {
    /// For each part the items of its chunks. At most 2 parts, 3 chunks, 3 items, and 8 items in all.
    pub parts: &'static [&'static [u8]],
    /// How many failures it tolerates.
    pub tolerated: u64,
    /// How often an item is tried while it fails for now.
    pub attempts_max: u32,
    /// True if an endpoint is told of the end of each round.
    pub tells: bool,
    /// True if failed items may be corrected.
    pub corrects: bool,
    /// The most items of a call of the processor.
    pub batch: u8,
    /// True if no record has room in its outcome row, so that each is in an extra row of its own.
    pub moves_out: bool,
}

impl Shape {
    /// A job with these chunks that tolerates this many failures.
    pub const fn of(parts: &'static [&'static [u8]], tolerated: u64) -> Self {
        Self { parts, tolerated, attempts_max: 3, tells: false, corrects: false, batch: 1, moves_out: false }
    }

    /// The index of a chunk's first item.
    pub(crate) fn first(&self, part: usize, chunk: usize) -> u8 {
        let before: u8 = self.parts[..part].iter().flat_map(|chunks| chunks.iter()).sum();
        before + self.parts[part][..chunk].iter().sum::<u8>()
    }

    /// All items of a chunk, as the chunk's bits.
    pub(crate) fn whole(&self, part: usize, chunk: usize) -> Items {
        (1 << self.parts[part][chunk]) - 1
    }

    /// The chunk's items as the job's bits.
    pub(crate) fn in_job(&self, part: usize, chunk: usize, items: Items) -> Items {
        items << self.first(part, chunk)
    }

    /// All items of a part.
    pub(crate) fn part_items(&self, part: usize) -> u8 {
        self.parts[part].iter().sum()
    }

    /// All items of these parts (bits), as the job's bits.
    pub(crate) fn items_of(&self, parts: u8) -> Items {
        let of = |part: usize| (0..self.parts[part].len()).map(move |c| self.in_job(part, c, self.whole(part, c))).sum::<u8>();
        (0..self.parts.len()).filter(|part| parts & (1 << part) != 0).map(of).sum()
    }

    /// All items.
    pub(crate) fn total(&self) -> u8 {
        (0..self.parts.len()).map(|part| self.part_items(part)).sum()
    }

    /// The maximum number of items in a chunk.
    pub(crate) fn chunk_size(&self) -> u16 {
        self.parts.iter().flat_map(|chunks| chunks.iter()).copied().max().unwrap_or(1).into()
    }

    /// How many bytes of records its rows have.
    pub(crate) fn row_sizes(&self) -> RowSizes {
        if self.moves_out { RowSizes::SMALLEST } else { RowSizes::default() }
    }

    /// The job as it is created.
    pub(crate) fn job(&self) -> Job {
        let callback = self.tells.then(|| "endpoint".to_owned());
        Job {
            labels: Labels { callback, ..Labels::default() },
            processor: PROCESSOR.to_owned(),
            tolerated: ToleratedFailures::Count(self.tolerated),
            split: Split::of(self.chunk_size()),
            ..Job::new(job_id(), owner(), self.total().into(), time(NOW))
        }
    }
}

/// The one job.
pub(crate) fn job_id() -> JobId {
    JobId(Uuid::from_u128(1))
}

/// Its owner.
#[expect(clippy::expect_used, reason = "a constant within the limits")]
pub(crate) fn owner() -> UserId {
    UserId::new("u").expect("one character")
}

/// The present hour. It never changes; instead what is older is made older.
pub(crate) const NOW: u16 = 2_000;
/// How old a time can be, in hours: just now; longer than anything runs; longer than a submission may stay open; longer
/// than a job is kept. Older times make no difference.
const AGES: [u16; 4] = [0, 3, 25, 31 * 24];

/// The time of an hour. Rows have only hours, and nothing in a model depends on less.
pub(crate) fn time(hour: u16) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::hours(hour.into())
}

/// The hour of a time.
pub(crate) fn hour(time: DateTime<Utc>) -> u16 {
    (time - self::time(0)).num_hours() as u16
}

/// The hour after this many more have passed.
pub(crate) fn aged(hour: u16, passed: u16) -> u16 {
    let then = hour - passed;
    if then > NOW {
        // A time in the future is a job's whole time away.
        return hour;
    }
    let age = AGES.iter().rev().find(|age| NOW - then >= **age);
    NOW - age.copied().unwrap_or(0)
}
