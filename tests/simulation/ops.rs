//! All kinds of calls of the table and the queue, and which of them must occur at the same time in some history.

use std::sync::LazyLock;

use headway_core::job::JobWrite;
use headway_core::part::PartWrite;
use headway_core::{ChunkId, JobId, PartId};

macro_rules! kinds {
    ($($kind:ident),+ $(,)?) => {
        /// A kind of call. Each kind of write to a job's or part's row is one of its own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Kind { $($kind),+ }

        impl Kind {
            pub(crate) const ALL: &[Self] = &[$(Self::$kind),+];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$kind => stringify!($kind)),+ }
            }
        }
    };
}

kinds! {
    Rows, Params, Outcome, Outcomes, Extra, Corrections, Parked, CareMark, JobsOf, Candidates, Submission, Kept,
    Create, PutKept, PutPart, Merge, Clear, PutExtra, DeleteExtra, PutCorrections, Park, Unpark, Mark, Unmark, DeletePart, DeleteJob, Send,
    Begin, RollUp, End, Fail, Cancel, Pause, Resume, Retry, Correct, CountLate, Reserve, Touch, Seal, Abandon, Reconcile, AwaitResults, EndTokens, Delete, Postpone, Note,
    Clean, Shadow, Stamp, Sent, Stall,
}

impl Kind {
    pub(crate) fn of_job(write: &JobWrite) -> Self {
        match write {
            JobWrite::Begin => Self::Begin,
            JobWrite::RollUp { .. } => Self::RollUp,
            JobWrite::End { .. } => Self::End,
            JobWrite::Fail { .. } => Self::Fail,
            JobWrite::Cancel => Self::Cancel,
            JobWrite::Pause => Self::Pause,
            JobWrite::Resume { .. } => Self::Resume,
            JobWrite::Retry { .. } => Self::Retry,
            JobWrite::Correct { .. } => Self::Correct,
            JobWrite::CountLate { .. } => Self::CountLate,
            JobWrite::Reserve { .. } => Self::Reserve,
            JobWrite::Touch => Self::Touch,
            JobWrite::Seal { .. } => Self::Seal,
            JobWrite::Abandon { .. } => Self::Abandon,
            JobWrite::Reconcile { .. } => Self::Reconcile,
            JobWrite::AwaitResults { .. } => Self::AwaitResults,
            JobWrite::EndTokens => Self::EndTokens,
            JobWrite::Delete { .. } => Self::Delete,
            JobWrite::Postpone { .. } => Self::Postpone,
            JobWrite::Note { .. } => Self::Note,
        }
    }

    pub(crate) fn of_part(write: &PartWrite) -> Self {
        match write {
            PartWrite::Clean { .. } => Self::Clean,
            PartWrite::Shadow { .. } => Self::Shadow,
            PartWrite::Stamp { .. } => Self::Stamp,
            PartWrite::Sent => Self::Sent,
            PartWrite::Stall { .. } => Self::Stall,
        }
    }

    /// True if it changes something.
    pub(crate) fn writes(self) -> bool {
        self >= Self::Create
    }

    fn is_in(self, kinds: &[Self]) -> bool {
        kinds.contains(&self)
    }
}

/// One call: its kind and its subject.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Op {
    pub(crate) kind: Kind,
    pub(crate) job: Option<JobId>,
    pub(crate) part: Option<u32>,
    pub(crate) chunk: Option<u16>,
}

impl Op {
    /// About several jobs or none.
    pub(crate) fn of(kind: Kind) -> Self {
        Self { kind, job: None, part: None, chunk: None }
    }

    pub(crate) fn job(kind: Kind, job: JobId) -> Self {
        Self { job: Some(job), ..Self::of(kind) }
    }

    pub(crate) fn part(kind: Kind, (job, part): PartId) -> Self {
        Self { part: Some(part), ..Self::job(kind, job) }
    }

    pub(crate) fn chunk(kind: Kind, id: ChunkId) -> Self {
        Self { chunk: Some(id.chunk), ..Self::part(kind, (id.job, id.part)) }
    }
}

/// The caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Api,
    Worker,
    Sweep,
}

/// Two calls of different processes about the same thing that run at the same time.
pub(crate) struct Race {
    pub(crate) name: &'static str,
    one: &'static [Kind],
    other: &'static [Kind],
    about: About,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Job,
    Part,
    Chunk,
    /// Whatever key or owner: submissions have no job yet.
    Any,
}

const fn race(name: &'static str, one: &'static [Kind], other: &'static [Kind], about: About) -> Race {
    Race { name, one, other, about }
}

const SETTLES: &[Kind] = &[Kind::Clean, Kind::Shadow];
const ENDS: &[Kind] = &[Kind::End, Kind::Fail];

/// The races that every large run must reach.
pub(crate) const RACES: &[Race] = &[
    race("race: cancel with a settle", &[Kind::Cancel], SETTLES, About::Job),
    race("race: cancel with the end", &[Kind::Cancel], ENDS, About::Job),
    race("race: cancel with a roll-up", &[Kind::Cancel], &[Kind::RollUp], About::Job),
    race("race: cancel with pause or resume", &[Kind::Cancel], &[Kind::Pause, Kind::Resume], About::Job),
    race("race: cancel with seal", &[Kind::Cancel], &[Kind::Seal], About::Job),
    race("race: cancel with park", &[Kind::Cancel], &[Kind::Park], About::Job),
    race("race: pause with a settle", &[Kind::Pause], SETTLES, About::Job),
    race("race: pause with the end", &[Kind::Pause], ENDS, About::Job),
    race("race: resume with park", &[Kind::Resume], &[Kind::Park], About::Job),
    race("race: resume with the end", &[Kind::Resume], ENDS, About::Job),
    race("race: unpark with park", &[Kind::Unpark], &[Kind::Park], About::Part),
    race("race: two unpark the same part", &[Kind::Unpark], &[Kind::Unpark], About::Part),
    race("race: retry with a late settle", &[Kind::Retry], SETTLES, About::Job),
    race("race: retry with a late merge", &[Kind::Retry], &[Kind::Merge], About::Job),
    race("race: retry with a roll-up", &[Kind::Retry], &[Kind::RollUp], About::Job),
    race("race: retry with a failure of its round", &[Kind::Retry], &[Kind::Fail], About::Job),
    race("race: retry with delete", &[Kind::Retry], &[Kind::Delete], About::Job),
    race("race: correction with a retry", &[Kind::Retry], &[Kind::PutCorrections, Kind::Correct], About::Job),
    race("race: correction with a clear", &[Kind::PutCorrections], &[Kind::Clear, Kind::Corrections], About::Part),
    race("race: correction with a late merge", &[Kind::PutCorrections], &[Kind::Merge], About::Part),
    race("race: two corrections of a chunk", &[Kind::PutCorrections], &[Kind::PutCorrections], About::Chunk),
    race("race: two corrections are counted", &[Kind::Correct], &[Kind::Correct], About::Job),
    race("race: two retries", &[Kind::Retry], &[Kind::Retry], About::Job),
    race("race: two retry drivers stamp a part", &[Kind::Stamp], &[Kind::Stamp], About::Part),
    race("race: two retry drivers clear a chunk", &[Kind::Clear], &[Kind::Clear], About::Chunk),
    race("race: stamp with a settle", &[Kind::Stamp], SETTLES, About::Part),
    race("race: clear with merge", &[Kind::Clear], &[Kind::Merge], About::Chunk),
    race("race: merge with merge", &[Kind::Merge], &[Kind::Merge], About::Chunk),
    race("race: two write extra rows of a chunk", &[Kind::PutExtra], &[Kind::PutExtra], About::Chunk),
    race("race: an extra row is deleted while another worker merges", &[Kind::DeleteExtra], &[Kind::Merge], About::Chunk),
    race("race: merge with a clean settle", &[Kind::Merge], &[Kind::Clean], About::Chunk),
    race("race: shadow with shadow", &[Kind::Shadow], &[Kind::Shadow], About::Chunk),
    race("race: roll-up with roll-up of the part", &[Kind::RollUp], &[Kind::RollUp], About::Part),
    race("race: roll-up with a duplicate's settle", &[Kind::RollUp], SETTLES, About::Part),
    race("race: two end the job", &[Kind::End], &[Kind::End], About::Job),
    race("race: two fail the job", &[Kind::Fail], &[Kind::Fail], About::Job),
    race("race: failure with a roll-up of another part", &[Kind::Fail], &[Kind::RollUp], About::Job),
    race("race: seal with the last part", &[Kind::Seal], &[Kind::Reserve, Kind::PutPart, Kind::Sent], About::Job),
    race("race: seal with a roll-up", &[Kind::Seal], &[Kind::RollUp], About::Job),
    race("race: seal with a failure", &[Kind::Seal], &[Kind::Fail], About::Job),
    race("race: two seals", &[Kind::Seal], &[Kind::Seal], About::Job),
    race("race: two put the same part", &[Kind::PutPart], &[Kind::PutPart], About::Part),
    race("race: a part with work on it", &[Kind::Sent], SETTLES, About::Part),
    race(
        "race: abandon with an arriving part",
        &[Kind::Abandon],
        &[Kind::Reserve, Kind::Touch, Kind::PutPart, Kind::Send, Kind::Sent],
        About::Job,
    ),
    race("race: two submissions under one key", &[Kind::Create], &[Kind::Create], About::Any),
    race("race: delete with a worker", &[Kind::Delete], &[Kind::Merge, Kind::Clean, Kind::Shadow, Kind::RollUp, Kind::Park], About::Job),
    // No longer a race: a job is reconciled only when nothing is running, and no later result is written
    // (`docs/decisions/settling.md`). That the numbers do not change after that is an invariant.
    race("race: retry with a try of a notice", &[Kind::Retry], &[Kind::Note], About::Job),
    race("race: delete with a try of a notice", &[Kind::Delete], &[Kind::Note], About::Job),
    race("race: the end with a try of an earlier notice", ENDS, &[Kind::Note], About::Job),
    race("race: two marks of a chunk", &[Kind::Mark], &[Kind::Mark, Kind::Unmark], About::Chunk),
];

/// For each two kinds of calls, a bit for each race that they can be. Every call is compared with all that are running.
static POSSIBLE: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let pairs = Kind::ALL.iter().flat_map(|one| Kind::ALL.iter().map(move |other| (*one, *other)));
    pairs.map(|(a, b)| RACES.iter().enumerate().filter(|(_, race)| race.is_between(a, b)).map(|(place, _)| 1 << place).sum()).collect()
});
const _: () = assert!(RACES.len() <= u64::BITS as usize, "a race has a bit");

/// The races that these two calls are.
pub(crate) fn races(a: &Op, b: &Op) -> impl Iterator<Item = &'static Race> {
    let mut possible = POSSIBLE[a.kind as usize * Kind::ALL.len() + b.kind as usize];
    std::iter::from_fn(move || {
        let place = (possible != 0).then(|| possible.trailing_zeros())?;
        possible &= possible - 1;
        RACES.get(place as usize)
    })
    .filter(|race| race.is_about_the_same(a, b))
}

impl Race {
    fn is_between(&self, a: Kind, b: Kind) -> bool {
        (a.is_in(self.one) && b.is_in(self.other)) || (b.is_in(self.one) && a.is_in(self.other))
    }

    fn is_about_the_same(&self, a: &Op, b: &Op) -> bool {
        match self.about {
            About::Any => true,
            About::Job => a.job.is_some() && a.job == b.job,
            About::Part => a.job.is_some() && (a.job, a.part) == (b.job, b.part),
            About::Chunk => a.job.is_some() && (a.job, a.part, a.chunk) == (b.job, b.part, b.chunk),
        }
    }
}

/// The sweep handles a job while a worker writes to it.
pub(crate) const SWEEP_WHILE_WORKING: &str = "race: sweep with a worker's settle";

/// True if one is the sweep's call and the other a worker's write to the same job.
pub(crate) fn sweep_while_working((a, a_op): (Role, &Op), (b, b_op): (Role, &Op)) -> bool {
    let settles = |kind: Kind| kind.is_in(&[Kind::Clean, Kind::Shadow, Kind::Merge, Kind::RollUp]);
    let pair = |sweep: Role, worker: Role, op: &Op| sweep == Role::Sweep && worker == Role::Worker && settles(op.kind);
    a_op.job.is_some() && a_op.job == b_op.job && (pair(a, b, b_op) || pair(b, a, a_op))
}
