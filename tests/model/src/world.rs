//! A state of the world: rows, queue, processes, and what may still happen.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use headway_core::job::JobStatus;

use crate::ask::{Answer, Ask, Fate, Key};
use crate::bounds::{Begin, Bounds};
use crate::life::{Act, Life};
use crate::local::Node;
use crate::message::{Carried, Chunk, Nonce};
use crate::rows::{JobRow, PartRow, Rows};
use crate::shape::{CHUNKS_MAX, Items, NOW, PARTS_MAX};

/// How many sweeps in a row may have no effect while everything is quiet and the job has not ended. Each
/// comes hours after the last, and may meet one of the remaining faults.
pub(crate) const RESCUES: u8 = 3;

/// A process's name for the nonce of its message.
pub(crate) const MINE: Nonce = Nonce(0);

/// A state. Two equal states continue in the same way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct World {
    pub(crate) rows: Rows,
    /// Sorted.
    pub(crate) queue: Vec<Queued>,
    /// Sorted by what they know.
    pub(crate) processes: Vec<Process>,
    pub(crate) left: Left,
    /// The parts whose items were acknowledged to the client, as bits.
    pub(crate) acknowledged: u8,
    /// True if a call of the api died or missed an answer: only the sweep can find out what it left undone.
    pub(crate) struck: bool,
    /// The ends that the endpoint was told, each with how it was told.
    pub(crate) told: Vec<(u8, JobStatus)>,
    /// The items (of the job) whose corrections were counted since they were cleared: these count.
    pub(crate) counted: Items,
    /// The items with a new value in the table, written since they were cleared: these may count.
    pub(crate) written: Items,
    /// The invariant that the last step violated.
    pub(crate) broken: Option<&'static str>,
}

/// A message in the queue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Queued {
    pub(crate) carried: Carried,
    /// True if it was received before.
    pub(crate) again: bool,
}

/// A process that is alive.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) node: Arc<Node>,
    /// Its names for nonces, with the world's numbers.
    pub(crate) names: Names,
    /// What it has read so far of rows that it reads together.
    pub(crate) gathered: Vec<Read>,
}

/// A process's names for nonces, with the world's numbers.
pub(crate) type Names = Vec<(Nonce, Nonce)>;

/// A row that was read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Read {
    Job(Option<JobRow>),
    Part(u8, Option<PartRow>),
}

/// What may still happen: the remaining faults and acts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Left {
    /// Bits of [`Bounds::acts`].
    pub(crate) acts: u16,
    /// Bits of [`Bounds::sweeps`].
    pub(crate) sweeps: u8,
    pub(crate) rescues: u8,
    pub(crate) crashes: u8,
    pub(crate) lost: u8,
    pub(crate) duplicates: u8,
    pub(crate) dead_letters: u8,
    pub(crate) fails: u8,
    pub(crate) outputs: u8,
    pub(crate) fails_for_now: u8,
    pub(crate) slow: u8,
    pub(crate) no_results: u8,
    pub(crate) spoilt: u8,
}

impl PartialEq for Process {
    fn eq(&self, other: &Self) -> bool {
        (self.node.digest, &self.names, &self.gathered) == (other.node.digest, &other.names, &other.gathered)
    }
}

impl Eq for Process {}

impl Hash for Process {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.node.digest, &self.names, &self.gathered).hash(state);
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} about to {:?}", self.node.life, self.node.next)
    }
}

impl Process {
    /// A process at its beginning.
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self { node, names: Names::new(), gathered: Vec::new() }
    }

    /// The message that it processes, with the world's numbers.
    pub(crate) fn message(&self) -> Option<Carried> {
        let mine = self.names.iter().find(|(name, _)| *name == MINE).map_or(MINE, |(_, number)| *number);
        self.node.message().map(|message| message.named(mine))
    }

    pub(crate) fn is_call(&self) -> bool {
        matches!(self.node.life, Life::Call(_))
    }

    /// True if the next thing it does is a call of its processor, which nobody else sees.
    pub(crate) fn is_at_an_item(&self) -> bool {
        matches!(self.node.asks(), Some(Ask::Item { .. } | Ask::Items(_)))
    }

    /// True if its next question is answered in the step before: nothing is decided by what it reads there.
    pub(crate) fn reads_aside(&self) -> bool {
        match (&self.node.life, self.node.asks()) {
            (_, Some(Ask::Candidates(..))) => true,
            (Life::Call(act), Some(Ask::Rows(_))) => !act.looks() && !matches!(act, Act::Correct(_)),
            _ => false,
        }
    }

    /// The keys that it still has to read, of rows that it reads together.
    pub(crate) fn unread(&self) -> Vec<Key> {
        let Some(Ask::Rows(keys)) = self.node.asks() else { return Vec::new() };
        let read: Vec<Key> = self.gathered.iter().map(Read::key).collect();
        keys.iter().copied().filter(|key| !read.contains(key)).collect()
    }
}

impl Read {
    pub(crate) fn key(&self) -> Key {
        match self {
            Self::Job(_) => Key::Job,
            Self::Part(number, _) => Key::Part(*number),
        }
    }

    /// The answer that these reads give together.
    pub(crate) fn together(mut reads: Vec<Self>) -> Answer {
        reads.sort_by_key(Self::key);
        let (mut job, mut parts) = (None, Vec::new());
        for read in reads {
            match read {
                Self::Job(row) => job = row,
                Self::Part(number, row) => parts.extend(row.map(|row| (number, row))),
            }
        }
        Answer::Rows(job, parts)
    }
}

impl World {
    /// How it begins.
    pub(crate) fn first(bounds: &Bounds) -> Self {
        let shape = &bounds.shape;
        let mut world = Self {
            rows: Rows::default(),
            queue: Vec::new(),
            processes: Vec::new(),
            left: Left::all(bounds),
            acknowledged: 0,
            struck: false,
            told: Vec::new(),
            counted: 0,
            written: 0,
            broken: None,
        };
        if bounds.begin == Begin::Empty {
            return world;
        }
        let mut job = shape.job();
        if bounds.begin == Begin::Open {
            job.total_items = 0;
            world.rows.job = Some(JobRow::of(&job, NOW));
            return world;
        }
        job.sealed = true;
        if bounds.begun {
            job.status = JobStatus::Processing;
        }
        job.parts = shape.parts.len() as u32;
        job.top_part = job.parts.checked_sub(1);
        world.rows.job = Some(JobRow::of(&job, NOW));
        world.acknowledged = (1 << shape.parts.len()) - 1;
        for (part, chunks) in shape.parts.iter().enumerate() {
            world.rows.parts[part] = Some(PartRow { round: 1, sent: true, registers: [0; CHUNKS_MAX], updated: NOW });
            for chunk in 0..chunks.len() {
                world.queue.push(Queued { carried: Carried::Chunk(first_message(bounds, part, chunk)), again: false });
            }
        }
        world.order();
        world
    }

    /// Sorts what has no order, and numbers nonces in that order: it matters only whether two are the same.
    pub(crate) fn order(&mut self) {
        let nameless = |queued: &Queued| (queued.carried.named(MINE), queued.again);
        self.queue.sort_by_cached_key(|queued| (nameless(queued), queued.carried.nonce()));
        self.rows.parked.sort_by_cached_key(|kept| (kept.named(MINE), kept.nonce));
        self.processes.sort_by_cached_key(|process| {
            let gathered: Vec<Key> = process.gathered.iter().map(Read::key).collect();
            (process.node.digest, process.names.clone(), gathered)
        });
        let mut numbers: Vec<Nonce> = Vec::new();
        let mut number = |nonce: &mut Nonce| {
            let at = numbers.iter().position(|known| known == nonce).unwrap_or_else(|| {
                numbers.push(*nonce);
                numbers.len() - 1
            });
            *nonce = Nonce(at as u8);
        };
        for queued in &mut self.queue {
            if let Carried::Chunk(chunk) = &mut queued.carried {
                number(&mut chunk.nonce);
            }
        }
        self.rows.parked.iter_mut().for_each(|kept| number(&mut kept.nonce));
        self.processes.iter_mut().flat_map(|process| &mut process.names).for_each(|(_, nonce)| number(nonce));
        self.queue.sort();
        self.rows.parked.sort();
        self.processes.sort_by(|one, other| (one.node.digest, &one.names).cmp(&(other.node.digest, &other.names)));
    }

    /// True if nothing is running.
    pub(crate) fn is_quiet(&self) -> bool {
        self.processes.is_empty() && self.queue.is_empty()
    }

    /// The smallest nonce that nobody knows and that is not among `known`, which are bits.
    pub(crate) fn fresh_nonce(&self, known: u128) -> Nonce {
        let in_queue = self.queue.iter().filter_map(|queued| queued.carried.nonce());
        let kept = self.rows.parked.iter().map(|kept| kept.nonce);
        let named = self.processes.iter().flat_map(|process| process.names.iter().map(|(_, name)| *name));
        let used = in_queue.chain(kept).chain(named).fold(known, |used, nonce| used | nonce.bit());
        Nonce(used.trailing_ones() as u8)
    }

    /// The items (of the job) to which something durable, or a message, still refers.
    pub(crate) fn items_somewhere(&self, bounds: &Bounds) -> Items {
        let shape = &bounds.shape;
        let of = |chunk: &Chunk| shape.in_job(chunk.part.into(), chunk.chunk.into(), chunk.items);
        let in_queue = self.queue.iter().filter_map(|queued| queued.carried.chunk()).map(of);
        let at_work = self.processes.iter().filter_map(|process| process.node.message()?.chunk()).map(of);
        let kept = self.rows.parked.iter().map(of);
        let mut items = in_queue.chain(at_work).chain(kept).fold(0, |all, items| all | items);
        for part in 0..shape.parts.len() {
            for chunk in 0..shape.parts[part].len() {
                items |= shape.in_job(part, chunk, self.recorded(bounds, part, chunk));
            }
        }
        items
    }

    /// The items of a chunk (as its bits) that the rows have: recorded, or to be run again.
    fn recorded(&self, bounds: &Bounds, part: usize, chunk: usize) -> Items {
        let register = self.rows.parts[part].as_ref().and_then(|row| row.register(chunk));
        if register.is_some_and(|register| register.is_full()) {
            return bounds.shape.whole(part, chunk);
        }
        self.rows.outcomes[part][chunk].as_ref().map_or(0, |outcome| {
            let again = (0..outcome.again.len()).filter(|i| outcome.again[*i] > 0).map(|i| 1 << i).sum::<Items>();
            outcome.processed | outcome.failed | again
        })
    }
}

impl Left {
    /// One item less may have this fate.
    pub(crate) fn pay(&mut self, fate: Fate) {
        match fate {
            Fate::Succeeds => {}
            Fate::GivesOutput => self.outputs -= 1,
            Fate::Fails => self.fails -= 1,
            Fate::FailsForNow => self.fails_for_now -= 1,
            Fate::IsSlow => self.slow -= 1,
            Fate::NoResult => self.no_results -= 1,
        }
    }

    fn all(bounds: &Bounds) -> Self {
        Self {
            acts: (1 << bounds.acts.len()) - 1,
            sweeps: (1 << bounds.sweeps.len()) - 1,
            rescues: RESCUES,
            crashes: bounds.crashes,
            lost: bounds.lost,
            duplicates: bounds.duplicates,
            dead_letters: bounds.dead_letters,
            fails: bounds.fails,
            outputs: bounds.outputs,
            fails_for_now: bounds.fails_for_now,
            slow: bounds.slow,
            no_results: bounds.no_results,
            spoilt: bounds.spoilt,
        }
    }
}

impl Carried {
    fn nonce(&self) -> Option<Nonce> {
        self.chunk().map(|chunk| chunk.nonce)
    }
}

fn first_message(bounds: &Bounds, part: usize, chunk: usize) -> Chunk {
    let Begin::Queued { hops } = bounds.begin else { unreachable!("only a queued job begins with messages") };
    Chunk {
        part: part as u8,
        chunk: chunk as u8,
        items: bounds.shape.whole(part, chunk),
        fixed: 0,
        round: 0,
        attempt: 0,
        hops,
        most: 0,
        nonce: Nonce((part * CHUNKS_MAX + chunk) as u8),
    }
}

const _: () = assert!(PARTS_MAX * CHUNKS_MAX < 64, "every message has a nonce below those that processes draw");
