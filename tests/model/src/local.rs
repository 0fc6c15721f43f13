//! What processes know: a tree of the answers each has heard, grown as the checker meets them. A process runs once for
//! each place in the tree, however many states of the world it stands there in.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, PoisonError, RwLock};

use headway::job::JobWrite;

use crate::ask::{Answer, Ask, Fate, Key};
use crate::life::{Life, Next};
use crate::message::Carried;
use crate::shape::{Items, Shape};

/// A place in the tree.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) life: Life,
    parent: Option<Arc<Node>>,
    /// The answer that led here from the parent.
    answer: Option<Answer>,
    /// Of the life and all answers.
    pub(crate) digest: u64,
    pub(crate) next: Next,
    /// The part's round as the worker read it before it began its items.
    pub(crate) round_begun: u8,
    /// The items (of the job) that this process saw succeed, and fail.
    pub(crate) succeeded: Items,
    pub(crate) failed: Items,
    /// The nonces of others that it knows, as bits.
    pub(crate) nonces: u128,
    number: u32,
}

/// The tree.
#[derive(Debug)]
pub(crate) struct Local {
    shape: Arc<Shape>,
    /// Whether what a process provably does not look at is kept from it, so that fewer states differ.
    forgets: bool,
    nodes: RwLock<Tree>,
}

#[derive(Debug, Default)]
struct Tree {
    roots: HashMap<Life, Arc<Node>>,
    children: HashMap<(u32, Answer), Arc<Node>>,
}

impl Local {
    pub(crate) fn new(shape: Arc<Shape>, forgets: bool) -> Self {
        Self { shape, forgets, nodes: RwLock::default() }
    }

    /// How many places there are.
    pub(crate) fn len(&self) -> usize {
        let tree = self.nodes.read().unwrap_or_else(PoisonError::into_inner);
        tree.roots.len() + tree.children.len()
    }

    /// A process at its beginning.
    pub(crate) fn born(&self, life: Life) -> Arc<Node> {
        if let Some(known) = self.nodes.read().unwrap_or_else(PoisonError::into_inner).roots.get(&life) {
            return known.clone();
        }
        let node = Node {
            digest: digest(&life),
            next: life.live(&self.shape, Vec::new()),
            life: life.clone(),
            parent: None,
            answer: None,
            round_begun: 0,
            succeeded: 0,
            failed: 0,
            nonces: match &life {
                Life::Work { message: Carried::Chunk(chunk), .. } => chunk.nonce.bit(),
                _ => 0,
            },
            number: 0,
        };
        let mut tree = self.nodes.write().unwrap_or_else(PoisonError::into_inner);
        let number = (tree.roots.len() + tree.children.len()) as u32;
        tree.roots.entry(life).or_insert_with(|| Arc::new(Node { number, ..node })).clone()
    }

    /// The process once it has heard this answer.
    pub(crate) fn told(&self, node: &Arc<Node>, answer: Answer) -> Arc<Node> {
        let answer = if self.forgets { node.of_use(answer) } else { answer };
        let at = (node.number, answer);
        if let Some(known) = self.nodes.read().unwrap_or_else(PoisonError::into_inner).children.get(&at) {
            return known.clone();
        }
        let child = node.grow(&self.shape, &at.1);
        let mut tree = self.nodes.write().unwrap_or_else(PoisonError::into_inner);
        let number = (tree.roots.len() + tree.children.len()) as u32;
        tree.children.entry(at).or_insert_with(|| Arc::new(Node { number, ..child })).clone()
    }
}

impl Node {
    /// What it asks.
    pub(crate) fn asks(&self) -> Option<&Ask> {
        match &self.next {
            Next::Asks(ask) => Some(ask),
            Next::Ends(_) => None,
        }
    }

    /// What it asked last.
    pub(crate) fn asked_before(&self) -> Option<&Ask> {
        self.parent.as_ref()?.asks()
    }

    pub(crate) fn is_worker(&self) -> bool {
        matches!(self.life, Life::Work { .. })
    }

    fn grow(self: &Arc<Self>, shape: &Arc<Shape>, answer: &Answer) -> Self {
        let mut answers: Vec<Answer> = std::iter::successors(Some(&**self), |node| node.parent.as_deref()).filter_map(|node| node.answer.clone()).collect();
        answers.reverse();
        answers.push(answer.clone());
        let (mut succeeded, mut failed, mut round_begun) = (self.succeeded, self.failed, self.round_begun);
        match (self.asks(), answer) {
            (Some(Ask::Item(index)), Answer::Fate(Fate::Fails | Fate::FailsForNow)) => failed |= 1 << index,
            (Some(Ask::Item(index)), Answer::Fate(_)) => succeeded |= 1 << index,
            (Some(Ask::Rows(keys)), Answer::Rows(_, parts)) if keys.len() == 2 && self.is_worker() => {
                round_begun = parts.first().map_or(0, |(_, part)| part.round);
            }
            _ => {}
        }
        Self {
            life: self.life.clone(),
            parent: Some(self.clone()),
            answer: Some(answer.clone()),
            digest: digest(&(self.digest, answer)),
            next: self.life.live(shape, answers),
            round_begun,
            succeeded,
            failed,
            nonces: match answer {
                Answer::Parked(kept) => kept.iter().fold(self.nonces, |known, kept| known | kept.nonce.bit()),
                _ => self.nonces,
            },
            number: 0,
        }
    }

    /// The answer without what the use-case does not look at: of a job that is read to know whether it stands, nothing
    /// else. Reads for looking upward are kept whole.
    fn of_use(&self, answer: Answer) -> Answer {
        match (&self.life, self.asks(), answer) {
            // A revival reads its part again.
            (Life::Work { message: Carried::Revive { .. }, .. }, Some(Ask::Rows(keys)), Answer::Rows(Some(job), _)) if keys.len() == 2 => {
                Answer::Rows(Some(job.whether_it_stands()), Vec::new())
            }
            // `Worker::read` and `Worker::begin`, for `Worker::chunk`; `Leases::read` before and after parking; in `Worker::revive`.
            (Life::Work { .. }, Some(Ask::Rows(keys)), Answer::Rows(Some(job), parts)) if self.reads_whether_it_stands(keys) => {
                Answer::Rows(Some(job.whether_it_stands()), parts)
            }
            (Life::Work { .. }, Some(Ask::UpdateJob(JobWrite::Begin)), Answer::Job(Some((found, job)))) => {
                Answer::Job(Some((found, job.whether_it_stands())))
            }
            // What the api reads before it writes: only the round matters, to a retry that names none.
            (Life::Call(act), Some(Ask::Rows(_)), Answer::Rows(Some(job), _)) if act.reads_the_round_only() => {
                Answer::Rows(Some(job.whether_it_stands()), Vec::new())
            }
            (_, _, answer) => answer,
        }
    }

    fn reads_whether_it_stands(&self, keys: &[Key]) -> bool {
        let Life::Work { message, .. } = &self.life else { return false };
        match (message, self.asked_before()) {
            (Carried::Chunk(_), Some(Ask::Park(_))) => true,
            (Carried::Chunk(_), _) => keys.len() == 2,
            // The last thing a revival does is to look upward from the part it has read for that.
            (Carried::Revive { .. }, before) => !matches!(before, Some(Ask::Rows(keys)) if matches!(keys[..], [Key::Part(_)])),
        }
    }
}

fn digest(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}
