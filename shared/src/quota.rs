//! An owner's quotas: a row lists what the owner started recently and which jobs have not ended. Pure rules.
//!
//! Nothing is counted up or down, so no count can become wrong. The row lists starts, and whether a start's job has
//! ended is read from the job's row when it matters. A crash may leave a start without a job; it counts for a minute.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::error::JobError;
use crate::ids::{JobId, UserId};
use crate::job::Job;
use crate::limits::{LIVE_ITEMS_MAX, LIVE_JOBS_MAX, STARTS_PER_MINUTE_MAX};

mod usage_row;

/// How long a start counts towards the starts per minute, and may still be without its job's row.
const RECENT: TimeDelta = TimeDelta::minutes(1);
/// If an owner has reached a limit of live jobs or items, all jobs are checked at most this often.
const ALL_CHECKED_EVERY: TimeDelta = TimeDelta::seconds(5);
/// When to try again after such a limit: nobody knows when a job will end.
const LIVE_RETRY_AFTER: Duration = Duration::from_secs(30);

/// The limits of one owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// How many jobs may be live.
    pub live_jobs: u32,
    /// How many items these jobs may have.
    pub live_items: u64,
    /// How many jobs, and rounds by a retry, may be started within a minute.
    pub starts_per_minute: u32,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { live_jobs: LIVE_JOBS_MAX, live_items: LIVE_ITEMS_MAX, starts_per_minute: STARTS_PER_MINUTE_MAX }
    }
}

/// A text that is no list of quotas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("limits such as liveJobs=100,liveItems=20000000,startsPerMinute=60, each once, and a whole number, 1 or more")]
pub struct NotQuotas;

impl FromStr for Quotas {
    type Err = NotQuotas;

    /// The defaults, changed by those that the text names.
    fn from_str(text: &str) -> Result<Self, NotQuotas> {
        let (mut quotas, mut named) = (Self::default(), BTreeSet::new());
        for limit in text.split(',').map(str::trim) {
            let is_new = named.insert(limit.split('=').next());
            quotas.set(limit).filter(|()| is_new).ok_or(NotQuotas)?;
        }
        Ok(quotas)
    }
}

impl Quotas {
    fn set(&mut self, limit: &str) -> Option<()> {
        let (name, number) = limit.split_once('=')?;
        let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
        match name {
            "liveJobs" => self.live_jobs = number.try_into().ok()?,
            "liveItems" => self.live_items = number,
            "startsPerMinute" => self.starts_per_minute = number.try_into().ok()?,
            _ => return None,
        }
        Some(())
    }
}

/// A quota that is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exceeded {
    /// Too many starts. The next one is possible after this time.
    Starts(u32, Duration),
    /// Too many live jobs.
    LiveJobs(u32),
    /// Too many items of live jobs.
    LiveItems(u64),
}

impl Exceeded {
    /// True if jobs that have ended in between may have made room.
    fn may_have_passed(self) -> bool {
        !matches!(self, Self::Starts(..))
    }
}

impl From<Exceeded> for JobError {
    fn from(exceeded: Exceeded) -> Self {
        let (what, limit, retry_after) = match exceeded {
            Exceeded::Starts(limit, wait) => ("jobs started within a minute", u64::from(limit), wait),
            Exceeded::LiveJobs(limit) => ("jobs that have not ended", u64::from(limit), LIVE_RETRY_AFTER),
            Exceeded::LiveItems(limit) => ("items of jobs that have not ended", limit, LIVE_RETRY_AFTER),
        };
        Self::Quota { what, limit, retry_after }
    }
}

/// The start of a job, or of a later round of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// The job.
    pub job: JobId,
    /// The round, from 1.
    pub round: u32,
    /// When it was started.
    pub at: DateTime<Utc>,
    /// The job's items, as far as they are known; `None` once the round has ended.
    pub items: Option<u32>,
}

impl Start {
    fn is_recent(&self, now: DateTime<Utc>) -> bool {
        // A start by a clock that was far ahead does not count for longer than a minute either.
        (now - self.at).abs() < RECENT
    }

    /// The start as the job's row shows it.
    fn as_in(self, row: Option<&Job>, now: DateTime<Utc>) -> Self {
        let items = match row {
            // The row is about to be written, or brought to the round; or the process that wanted to do so has died.
            None => self.items.filter(|_| self.is_recent(now)),
            Some(job) if job.round < self.round => self.items.filter(|_| self.is_recent(now)),
            Some(job) if !job.is_live() => None,
            Some(job) if job.sealed => Some(bounded(job.total_items)),
            Some(_) => self.items,
        };
        Self { items, ..self }
    }
}

/// An owner's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The owner.
    pub user_id: UserId,
    /// 0 before the first write, and one more with each write.
    pub version: u64,
    /// When all jobs were last checked because a limit was reached.
    pub all_checked_at: Option<DateTime<Utc>>,
    /// Live or recent starts; the one not checked for longest comes first.
    pub starts: Vec<Start>,
}

impl Usage {
    /// For an owner who has started nothing.
    pub fn new(user_id: UserId) -> Self {
        Self { user_id, version: 0, all_checked_at: None, starts: Vec::new() }
    }

    /// Adds a start that happens now. An earlier start of the same job is over.
    ///
    /// # Errors
    ///
    /// The quota that has no room for it. Nothing is added.
    pub fn start(&mut self, start: Start, quotas: &Quotas) -> Result<(), Exceeded> {
        self.has_room_for_a_start(start.at, quotas)?;
        let others = || self.live().filter(|other| other.job != start.job);
        if others().count() >= quotas.live_jobs as usize {
            return Err(Exceeded::LiveJobs(quotas.live_jobs));
        }
        fits(others(), start.items, quotas)?;
        self.starts.iter_mut().filter(|other| other.job == start.job).for_each(|other| other.items = None);
        self.starts.retain(|other| other.items.is_some() || other.is_recent(start.at));
        self.starts.push(start);
        Ok(())
    }

    /// Records that a live job has at least `items`. Returns whether that changed anything. A job that is not listed
    /// yet is added.
    ///
    /// # Errors
    ///
    /// [`Exceeded::LiveItems`]. Nothing is recorded.
    pub fn grow(&mut self, job: &Job, items: u32, quotas: &Quotas) -> Result<bool, Exceeded> {
        let is_its = |start: &Start| start.job == job.id && start.items.is_some();
        let known = self.starts.iter().position(is_its);
        if known.is_some_and(|place| self.starts[place].items >= Some(items)) {
            return Ok(false);
        }
        fits(self.live().filter(|other| other.job != job.id), Some(items), quotas)?;
        match known {
            Some(place) => self.starts[place].items = Some(items),
            None => self.starts.push(Start { job: job.id, round: job.round, at: job.created_at, items: Some(items) }),
        }
        Ok(true)
    }

    /// The live jobs to check next, at most `count`.
    pub fn to_check(&self, count: usize) -> Vec<JobId> {
        self.live().map(|start| start.job).take(count).collect()
    }

    /// Updates the starts from the rows of these jobs. A job that is not among `rows` does not exist.
    pub fn check(&mut self, jobs: &[JobId], rows: &BTreeMap<JobId, Job>, now: DateTime<Utc>) {
        let (checked, others): (Vec<Start>, Vec<Start>) = self.starts.iter().partition(|start| jobs.contains(&start.job));
        let checked = checked.into_iter().map(|start| match start.items {
            Some(_) => start.as_in(rows.get(&start.job), now),
            None => start,
        });
        self.starts = others.into_iter().chain(checked).collect();
        self.starts.retain(|start| start.items.is_some() || start.is_recent(now));
    }

    /// True if checking all jobs might make room in a quota that is used up, and it is time to do so.
    pub fn is_worth_a_check(&self, exceeded: Exceeded, now: DateTime<Utc>) -> bool {
        exceeded.may_have_passed() && self.all_checked_at.is_none_or(|at| (now - at).abs() >= ALL_CHECKED_EVERY)
    }

    fn live(&self) -> impl Iterator<Item = &Start> {
        self.starts.iter().filter(|start| start.items.is_some())
    }

    fn has_room_for_a_start(&self, now: DateTime<Utc>, quotas: &Quotas) -> Result<(), Exceeded> {
        let mut recent: Vec<_> = self.starts.iter().filter(|start| start.is_recent(now)).map(|start| start.at).collect();
        recent.sort_unstable();
        // There is room again when this many starts are older than a minute.
        let Some(too_many) = recent.len().checked_sub(quotas.starts_per_minute as usize) else { return Ok(()) };
        let room_at = recent.get(too_many).map_or(now, |at| *at) + RECENT;
        let wait = (room_at - now).to_std().unwrap_or_default();
        Err(Exceeded::Starts(quotas.starts_per_minute, wait))
    }
}

/// A job's items as an owner's row keeps them. No job has so many that they would not fit.
pub(crate) fn bounded(items: u64) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}

fn fits<'a>(others: impl Iterator<Item = &'a Start>, items: Option<u32>, quotas: &Quotas) -> Result<(), Exceeded> {
    let all: u64 = others.map(|start| start.items).chain([items]).flatten().map(u64::from).sum();
    if all > quotas.live_items { Err(Exceeded::LiveItems(quotas.live_items)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::job::JobStatus;

    const QUOTAS: Quotas = Quotas { live_jobs: 3, live_items: 100, starts_per_minute: 4 };

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
    }

    fn start_at(seconds: i64, items: u32) -> Start {
        Start { job: JobId(Uuid::new_v4()), round: 1, at: at(seconds), items: Some(items) }
    }

    fn usage() -> Usage {
        Usage::new(UserId::new("ann").unwrap())
    }

    fn row(start: &Start, status: JobStatus) -> Job {
        let job = Job::new(start.job, UserId::new("ann").unwrap(), 10, start.at);
        Job { status, sealed: true, round: start.round, ..job }
    }

    fn look(usage: &mut Usage, rows: &[Job], seconds: i64) {
        let jobs: Vec<JobId> = usage.starts.iter().map(|start| start.job).collect();
        let rows = rows.iter().map(|job| (job.id, job.clone())).collect();
        usage.check(&jobs, &rows, at(seconds));
    }

    /// The minute slides: when one start is older than a minute another is allowed, and the reported wait is exact.
    #[test]
    fn starts_are_counted_by_a_sliding_minute() {
        let (mut usage, quotas) = (usage(), Quotas { live_jobs: 100, ..QUOTAS });
        for seconds in [0, 10, 20, 30] {
            usage.start(start_at(seconds, 1), &quotas).unwrap();
        }
        assert_eq!(usage.start(start_at(31, 1), &quotas), Err(Exceeded::Starts(4, Duration::from_secs(29))));
        assert_eq!(usage.starts.len(), 4, "what is refused is not counted");
        usage.start(start_at(60, 1), &quotas).unwrap();
        assert_eq!(usage.start(start_at(61, 1), &quotas), Err(Exceeded::Starts(4, Duration::from_secs(9))));
        assert_eq!(usage.start(start_at(-3_600, 1), &quotas), Ok(()), "a clock that is behind is not held back by what is ahead");
        assert_eq!(usage.start(start_at(3_600, 1), &quotas), Ok(()));
    }

    #[test]
    fn live_jobs_are_limited_and_ended_jobs_make_room() {
        let mut usage = usage();
        let starts: Vec<Start> = (0..3).map(|i| start_at(i * 100, 10)).collect();
        starts.iter().for_each(|start| usage.start(*start, &QUOTAS).unwrap());
        assert_eq!(usage.start(start_at(300, 10), &QUOTAS), Err(Exceeded::LiveJobs(3)));
        let rows = [row(&starts[0], JobStatus::Completed), row(&starts[1], JobStatus::Processing), row(&starts[2], JobStatus::Pending)];
        look(&mut usage, &rows, 300);
        assert_eq!(usage.starts, starts[1..]);
        assert_eq!(usage.start(start_at(300, 81), &QUOTAS), Err(Exceeded::LiveItems(100)));
        assert_eq!(usage.start(start_at(300, 80), &QUOTAS), Ok(()));
    }

    /// Nobody is refused for ever: a start whose job or round never appeared is dropped after a minute, and not before.
    #[test]
    fn a_start_left_by_a_crash_is_dropped() {
        let mut usage = usage();
        let (never_put, never_elected) = (start_at(0, 10), Start { round: 2, ..start_at(0, 10) });
        usage.start(never_put, &QUOTAS).unwrap();
        usage.start(never_elected, &QUOTAS).unwrap();
        let ended = Job { round: 1, ..row(&never_elected, JobStatus::Failed) };
        look(&mut usage, std::slice::from_ref(&ended), 59);
        assert_eq!(usage.starts, [never_put, never_elected]);
        look(&mut usage, &[ended], 60);
        assert_eq!(usage.starts, []);
    }

    /// A retry makes its job live again, once, however often it is requested. Both starts count.
    #[test]
    fn a_retry_counts_as_another_start() {
        let mut usage = usage();
        let first = start_at(0, 10);
        usage.start(first, &QUOTAS).unwrap();
        let again = Start { round: 2, at: at(1), ..first };
        usage.start(again, &QUOTAS).unwrap();
        usage.start(again, &QUOTAS).unwrap();
        assert_eq!(usage.to_check(9), [first.job]);
        look(&mut usage, &[row(&again, JobStatus::Processing)], 2);
        assert_eq!((usage.to_check(9), usage.starts.len()), (vec![first.job], 3));
        look(&mut usage, &[row(&again, JobStatus::Cancelled)], 2);
        assert_eq!((usage.to_check(9), usage.starts.len()), (vec![], 3), "over, but started within the minute");
        look(&mut usage, &[], 70);
        assert_eq!(usage.starts, []);
    }

    /// A part that is sent again, or out of order, changes nothing. A job that was never listed is added with its first
    /// part.
    #[test]
    fn a_job_grows_by_its_parts() {
        let mut usage = usage();
        let start = start_at(0, 0);
        usage.start(start, &QUOTAS).unwrap();
        let open = Job { sealed: false, ..row(&start, JobStatus::Pending) };
        assert_eq!(usage.grow(&open, 60, &QUOTAS), Ok(true));
        assert_eq!(usage.grow(&open, 40, &QUOTAS), Ok(false));
        assert_eq!(usage.grow(&open, 101, &QUOTAS), Err(Exceeded::LiveItems(100)));
        look(&mut usage, &[open], 90);
        assert_eq!(usage.starts[0].items, Some(60), "an open job's row does not know");
        let other = row(&start_at(0, 0), JobStatus::Pending);
        assert_eq!(usage.grow(&other, 41, &QUOTAS), Err(Exceeded::LiveItems(100)));
        assert_eq!(usage.grow(&other, 40, &QUOTAS), Ok(true));
        assert_eq!(usage.starts.len(), 2);
        let sealed = row(&usage.starts[0], JobStatus::Processing);
        look(&mut usage, &[sealed, other], 90);
        assert_eq!(usage.starts[0].items, Some(10), "a sealed one does");
    }

    /// An owner who is refused all day causes few reads, and each job is checked in turn.
    #[test]
    fn jobs_are_checked_in_turn() {
        let mut usage = usage();
        let now = at(100);
        usage.all_checked_at = Some(now);
        let full = Exceeded::LiveJobs(3);
        assert!(!usage.is_worth_a_check(full, now + TimeDelta::milliseconds(4_999)));
        assert!(usage.is_worth_a_check(full, now + TimeDelta::seconds(5)));
        assert!(usage.is_worth_a_check(full, now - TimeDelta::days(1)), "a clock that was ahead");
        assert!(!usage.is_worth_a_check(Exceeded::Starts(4, Duration::ZERO), at(1_000)));
        let starts: Vec<Start> = (0..3).map(|i| start_at(i, 1)).collect();
        usage.starts = starts.clone();
        for round in 0..3 {
            let next = usage.to_check(2);
            assert_eq!(next, [starts[(2 * round) % 3].job, starts[(2 * round + 1) % 3].job]);
            usage.check(&next, &starts.iter().map(|start| (start.job, row(start, JobStatus::Pending))).collect(), at(100));
        }
    }

    /// A limit that cannot be read must not silently become the default.
    #[test]
    fn only_limits_are_read() {
        let read = |text: &str| text.parse::<Quotas>();
        assert_eq!(read("liveJobs=7, startsPerMinute=9"), Ok(Quotas { live_jobs: 7, starts_per_minute: 9, ..Quotas::default() }));
        assert_eq!(read("liveItems=5").unwrap().live_items, 5);
        let wrong =
            ["", "liveJobs", "liveJobs=0", "liveJobs=-1", "livejobs=1", "liveJobs=1,", "liveJobs=1;liveItems=2", "liveJobs=1,liveJobs=2"];
        for refused in wrong.into_iter().chain(["startsPerMinute=4294967296"]) {
            assert!(read(refused).is_err(), "{refused}");
        }
    }
}
