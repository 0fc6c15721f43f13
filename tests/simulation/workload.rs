//! What a history's users ask for, and what happens around them.

use std::time::Duration;

use headway_core::ToleratedFailures;
use headway_core::limits::OPEN_WITHOUT_PART_MAX;
use serde_json::value::RawValue;

use super::faults::Faults;
use super::processor::{Fate, Preparing};
use super::receiver::Manner;

/// A whole history: its jobs, and how the system behaves.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) jobs: Vec<JobPlan>,
    /// How much slower than at maximum speed everything around the calls is: deliveries, users, the time of faults.
    pub(crate) tempo: u32,
    /// For how long faults occur.
    pub(crate) storm: Duration,
    /// How long a function may run.
    pub(crate) function_timeout: Duration,
    /// The visibility timeout of a received message.
    pub(crate) visibility: Duration,
    /// How often the sweep runs while faults occur.
    pub(crate) sweep_every: Duration,
    /// How many schedules start it.
    pub(crate) sweepers: usize,
    /// When no worker runs, and for how long.
    pub(crate) outage: Option<(Duration, Duration)>,
    /// How many items the processor gets in a call.
    pub(crate) batch: u16,
    pub(crate) retention_days: u16,
    /// True if the history continues until ended jobs have expired.
    pub(crate) until_expired: bool,
    /// True if an operator moves dead letters back from time to time.
    pub(crate) redrives: bool,
    /// True if a message arrives that is not Headway's.
    pub(crate) foreign_message: bool,
    /// True if another owner tries the jobs' ids.
    pub(crate) intruder: bool,
    /// True if the owner lists jobs and failures meanwhile.
    pub(crate) lists: bool,
    /// How the bus answers that gets events of all jobs, if there is one.
    pub(crate) bus: Option<Manner>,
}

/// A job, and what its user does.
#[derive(Debug, Clone)]
pub(crate) struct JobPlan {
    /// Its number in the history, which is in its params.
    pub(crate) number: usize,
    pub(crate) owner: usize,
    pub(crate) fates: Vec<Fate>,
    /// The number of items of each part; `None`: all in one request.
    pub(crate) streamed: Option<Vec<usize>>,
    /// `None`: the processor decides, and a deploy may change that.
    pub(crate) chunk_size: Option<u16>,
    pub(crate) tolerated: ToleratedFailures,
    /// The `Idempotency-Key`.
    pub(crate) key: Option<usize>,
    /// True if two clients send the same at once.
    pub(crate) twins: bool,
    pub(crate) sealed_by_client: bool,
    /// True if the client seals before the last part has arrived.
    pub(crate) sealed_early: bool,
    /// How long the client waits before the last part.
    pub(crate) hesitates: Duration,
    pub(crate) begins_after: Duration,
    pub(crate) cancel_after: Option<Duration>,
    pub(crate) pause_after: Option<Duration>,
    /// True if nobody resumes it.
    pub(crate) forgotten_pause: bool,
    pub(crate) retries: u64,
    /// How often failed items of it are corrected.
    pub(crate) corrections: u64,
    /// True if two clients retry it at once.
    pub(crate) retried_by_two: bool,
    /// True if its user ends the tokens for it.
    pub(crate) ends_tokens: bool,
    /// When it is deleted after its end.
    pub(crate) delete_after: Option<Duration>,
    /// The job that is submitted with the same key after this one is deleted.
    pub(crate) then: Option<usize>,
    /// What it does to a worker that prepares it.
    pub(crate) preparing: Preparing,
    /// How the endpoint answers that is told of its ends, if there is one.
    pub(crate) callback: Option<Manner>,
    /// True if it is the harmless job of another owner that is in every history.
    pub(crate) is_neighbour: bool,
}

impl Plan {
    pub(crate) fn of(faults: &Faults) -> Self {
        let tempo = match faults.pick(60) {
            0..38 => 1,
            38..58 => 60,
            _ => 1_200,
        };
        let jobs_wanted = [1, 1, 1, 1, 1, 1, 2, 2, 3][faults.pick(9) as usize];
        let mut jobs: Vec<JobPlan> = (0..jobs_wanted).map(|number| JobPlan::of(faults, number, tempo)).collect();
        for number in 0..jobs_wanted {
            let reused = jobs[number].delete_after.is_some() && jobs[number].key.is_some() && !faults.one_in(3);
            if reused {
                let next = jobs.len();
                jobs[number].then = Some(next);
                // A twin that is late would rightly be told that the key was used by another job.
                jobs[number].twins = false;
                let (owner, key) = (jobs[number].owner, jobs[number].key);
                jobs.push(JobPlan { owner, key, delete_after: None, ..JobPlan::of(faults, next, tempo) });
            }
        }
        jobs.push(JobPlan::neighbour(faults, jobs.len(), 1 - jobs[0].owner));
        let until_expired = faults.one_in(12);
        let plan = Self {
            jobs,
            tempo,
            storm: Duration::from_secs(90) * tempo,
            function_timeout: Duration::from_secs(if faults.one_in(4) { 8 } else { 20 }),
            visibility: Duration::from_secs(40) + faults.span(Duration::from_secs(60) * (tempo - 1).min(90)),
            sweep_every: Duration::from_secs(25) + Duration::from_secs(10) * tempo.min(300),
            sweepers: 1 + usize::from(faults.one_in(4)),
            outage: faults.one_in(6).then(|| (faults.span(Duration::from_secs(20) * tempo), faults.span(Duration::from_secs(30) * tempo))),
            batch: [1, 1, 2, 3, 4][faults.pick(5) as usize],
            retention_days: if until_expired { 1 } else { 30 },
            until_expired,
            redrives: faults.one_in(5),
            foreign_message: faults.one_in(10),
            intruder: faults.one_in(12),
            lists: faults.one_in(8),
            bus: None,
        };
        let mut plan = plan.with_callbacks(faults);
        if let Some(theme) = faults.theme() {
            theme.shape(faults, &mut plan);
        }
        plan
    }

    /// True if anything is told of its jobs.
    pub(crate) fn tells(&self) -> bool {
        self.bus.is_some() || self.jobs.iter().any(|job| job.callback.is_some())
    }

    /// Whoever tells of an end looks first whether the job is settled, which only clocks that agree can tell.
    fn with_callbacks(mut self, faults: &Faults) -> Self {
        let is_possible = faults.clocks_agree();
        for job in &mut self.jobs {
            job.callback = faults.one_in(2).then(|| Manner::of(faults)).filter(|_| is_possible);
        }
        self.bus = faults.one_in(2).then(|| Manner::of_a_bus(faults)).filter(|_| is_possible);
        self
    }
}

impl JobPlan {
    fn of(faults: &Faults, number: usize, tempo: u32) -> Self {
        let items = match faults.pick(24) {
            0 => 0,
            1 | 2 => 1,
            3 => 20 + faults.pick(24) as usize,
            _ => 2 + faults.pick(14) as usize,
        };
        let large = faults.one_in(300);
        let items = if large { 85 + faults.pick(10) as usize } else { items };
        let unruly = !large && faults.pick(3) > 0;
        let streamed = (!large && faults.one_in(3)).then(|| parts(faults, items));
        let after = |seconds: u64| faults.span(Duration::from_secs(seconds) * tempo);
        Self {
            number,
            owner: faults.pick(2) as usize,
            fates: fates(faults, items, unruly),
            chunk_size: if large { Some(1) } else { (!faults.one_in(5)).then(|| 1 + faults.pick(6) as u16) },
            tolerated: tolerated(faults),
            key: faults.one_in(2).then_some(number),
            twins: faults.one_in(4),
            sealed_by_client: streamed.is_none() || !faults.one_in(if tempo > 60 { 2 } else { 16 }),
            sealed_early: faults.one_in(3),
            hesitates: if streamed.is_some() && faults.one_in(10) {
                OPEN_WITHOUT_PART_MAX + faults.span(Duration::from_secs(60))
            } else {
                Duration::ZERO
            },
            streamed,
            begins_after: if number == 0 { Duration::ZERO } else { after(10) },
            cancel_after: faults.one_in(6).then(|| after(20)),
            pause_after: faults.one_in(4).then(|| after(15)),
            forgotten_pause: faults.one_in(40),
            retries: if faults.one_in(40) { 12 + faults.pick(4) } else { faults.pick(4) },
            corrections: if unruly && faults.one_in(2) { 1 + faults.pick(4) } else { 0 },
            retried_by_two: faults.one_in(3),
            ends_tokens: faults.one_in(20),
            delete_after: faults.one_in(6).then(|| after(10)),
            then: None,
            preparing: Preparing::of(faults),
            callback: None,
            is_neighbour: false,
        }
    }

    /// A job of this owner whose items all succeed at once, and that nobody changes.
    fn neighbour(faults: &Faults, number: usize, owner: usize) -> Self {
        Self {
            owner,
            fates: vec![Fate::Succeeds; 1 + faults.pick(6) as usize],
            streamed: None,
            chunk_size: Some(1 + faults.pick(3) as u16),
            tolerated: ToleratedFailures::Count(1_000),
            key: None,
            twins: false,
            sealed_by_client: true,
            sealed_early: false,
            hesitates: Duration::ZERO,
            cancel_after: None,
            pause_after: None,
            forgotten_pause: false,
            retries: 0,
            corrections: 0,
            delete_after: None,
            preparing: Preparing::Harmless,
            is_neighbour: true,
            ..Self::of(faults, number, 1)
        }
    }

    /// Items as JSON; no other job has the same.
    pub(crate) fn items(&self, range: std::ops::Range<usize>) -> Vec<Box<RawValue>> {
        range.map(|i| RawValue::from_string(self.item(i as u64)).unwrap()).collect()
    }

    /// The text of one item.
    pub(crate) fn item(&self, index: u64) -> String {
        format!("{{\"job\":{},\"n\":{index}}}", self.number)
    }

    /// Where each part begins and how long it is.
    pub(crate) fn parts(&self) -> Vec<(u32, usize, usize)> {
        let mut next = 0;
        let part = |(number, len): (usize, &usize)| {
            let start = next;
            next += len;
            (number as u32, start, *len)
        };
        self.streamed.iter().flatten().enumerate().map(part).collect()
    }
}

/// Each with its own fate, or all of a kind that attacks its worker.
fn fates(faults: &Faults, items: usize, unruly: bool) -> Vec<Fate> {
    if unruly && items < 12 && faults.one_in(12) {
        let attack = Fate::attack(faults);
        return vec![attack; items];
    }
    (0..items).map(|_| Fate::of(faults, unruly)).collect()
}

fn parts(faults: &Faults, items: usize) -> Vec<usize> {
    // A list counts jobs with many unfinished parts in another way.
    let most = if faults.one_in(4) { 1 } else { 6 };
    let (mut left, mut parts) = (items, Vec::new());
    while left > 0 {
        let part = (1 + faults.pick(most) as usize).min(left);
        parts.push(part);
        left -= part;
    }
    parts
}

fn tolerated(faults: &Faults) -> ToleratedFailures {
    match faults.pick(5) {
        0 => ToleratedFailures::Count(0),
        1 | 2 => ToleratedFailures::Count(faults.pick(5)),
        3 => ToleratedFailures::Percentage {
            percentage: ["10", "20", "50"][faults.pick(3) as usize].parse().unwrap(),
            minimum_sample: faults.one_in(2).then_some(4),
        },
        _ => ToleratedFailures::Count(1_000),
    }
}
