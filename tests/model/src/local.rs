//! What processes know: a tree of the answers that each has had, which grows with the checker. A process runs once for
//! each place in the tree, however many states of the world have it there.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, PoisonError, RwLock};

use headway_core::job::JobWrite;
use headway_core::part::PartWrite;

use crate::ask::{Answer, Ask, Called, Fate, Found, Key};
use crate::extra::ExtraRow;
use crate::life::{Life, Next};
use crate::message::Carried;
use crate::rows::{JobRow, OutcomeRow, PartRow};
use crate::shape::{Items, Shape};

mod alike;
mod forget;

/// A place in the tree.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) life: Life,
    parent: Option<Arc<Node>>,
    /// The answer that led here from the parent.
    answer: Option<Answer>,
    /// The hash of the life and all answers.
    pub(crate) digest: u64,
    /// True if the hash is of less than all.
    is_of_use: bool,
    pub(crate) next: Next,
    pub(crate) heard: Heard,
    number: u32,
}

/// What a process has learned so far, as far as it matters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard {
    /// The part's round as the worker read it before it began its items.
    pub(crate) round_begun: u8,
    /// The items (of the job) that this process saw succeed and fail.
    pub(crate) succeeded: Items,
    pub(crate) failed: Items,
    /// Those of them that had a corrected value.
    pub(crate) fixed: Items,
    /// The first version of the job row.
    job: Option<JobRow>,
    /// The last version of it.
    last_job: Option<JobRow>,
    /// The last version of a part row.
    part: Option<PartRow>,
    /// How often it has read a part alone.
    parts_read: u8,
    /// True if it has brought its part to another round.
    stamped: bool,
    /// The outcome row that a worker read before its items.
    outcome: Option<OutcomeRow>,
    /// The extra rows that it read before its items; `None` for one that is not there any more.
    extras: Vec<Option<ExtraRow>>,
    /// How many items have an outcome.
    fates: u8,
    /// True if a call of several items had no results.
    pub(crate) spoilt: bool,
    /// True if one of them lasted longer than the lease.
    slow: bool,
    /// True if it has changed anything.
    worked: bool,
    /// True if it has parked its message: then the parked copy is deleted at the end.
    parked: bool,
    /// True if it has read what is to be run again.
    read_again: bool,
}

/// The tree.
#[derive(Debug)]
pub(crate) struct Local {
    shape: Arc<Shape>,
    /// True if answers that a process provably does not use are kept from it, so that fewer states differ.
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

    /// The number of places.
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
            is_of_use: false,
            next: life.live(&self.shape, Vec::new()),
            life: life.clone(),
            parent: None,
            answer: None,
            heard: Heard::default(),
            number: 0,
        };
        let mut tree = self.nodes.write().unwrap_or_else(PoisonError::into_inner);
        let number = (tree.roots.len() + tree.children.len()) as u32;
        tree.roots.entry(life).or_insert_with(|| Arc::new(Node { number, ..node })).clone()
    }

    /// The process after this answer.
    pub(crate) fn told(&self, node: &Arc<Node>, answer: Answer) -> Arc<Node> {
        let answer = if self.forgets { node.of_use(answer, self.shape.tells) } else { answer };
        let at = (node.number, answer);
        if let Some(known) = self.nodes.read().unwrap_or_else(PoisonError::into_inner).children.get(&at) {
            return known.clone();
        }
        let child = node.grow(&self.shape, &at.1, self.forgets);
        let mut tree = self.nodes.write().unwrap_or_else(PoisonError::into_inner);
        let number = (tree.roots.len() + tree.children.len()) as u32;
        tree.children.entry(at).or_insert_with(|| Arc::new(Node { number, ..child })).clone()
    }
}

impl Node {
    /// True if it is a sweep that has just ended a job.
    pub(crate) fn ended_a_job(&self) -> bool {
        let ending =
            matches!(self.asked_before(), Some(Ask::UpdateJob(JobWrite::End { .. } | JobWrite::Fail { .. } | JobWrite::Abandon { .. })));
        ending && matches!(self.life, Life::Sweep { .. }) && matches!(self.answer, Some(Answer::Job(Some((Found::Applied, _)))))
    }

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

    /// True if it is about to read the job of the message that it has received.
    pub(crate) fn meets_its_job(&self) -> bool {
        self.parent.is_none() && matches!(&self.life, Life::Work { message: Carried::Chunk(_) | Carried::Revive { .. }, .. })
    }

    pub(crate) fn is_worker(&self) -> bool {
        matches!(self.life, Life::Work { .. })
    }

    fn grow(self: &Arc<Self>, shape: &Arc<Shape>, answer: &Answer, forgets: bool) -> Self {
        let mut answers: Vec<Answer> =
            std::iter::successors(Some(&**self), |node| node.parent.as_deref()).filter_map(|node| node.answer.clone()).collect();
        answers.reverse();
        answers.push(answer.clone());
        let mut child = Self {
            life: self.life.clone(),
            parent: Some(self.clone()),
            answer: Some(answer.clone()),
            digest: digest(&(self.digest, answer)),
            is_of_use: false,
            next: self.life.live(shape, answers),
            heard: self.heard.and(self, answer),
            number: 0,
        };
        if let Some(digest) = child.digest_of_use().filter(|_| forgets) {
            (child.digest, child.is_of_use) = (digest, true);
        }
        child
    }

    pub(crate) fn is_a_revival(&self) -> bool {
        matches!(self.message(), Some(Carried::Revive { .. }))
    }

    pub(crate) fn message(&self) -> Option<&Carried> {
        match &self.life {
            Life::Work { message, .. } => Some(message),
            _ => None,
        }
    }
}

impl Heard {
    /// With a call of several items. A call that fails as a whole says nothing of an item, unless that was alone in it.
    fn called(&mut self, items: &[u8], called: &Called) {
        self.fates += items.len() as u8;
        match called {
            Called::Each(fates) => {
                for (index, fate) in items.iter().zip(fates) {
                    let into = if matches!(fate, Fate::Succeeds | Fate::GivesOutput) { &mut self.succeeded } else { &mut self.failed };
                    *into |= 1 << index;
                }
            }
            Called::Panics | Called::TooFew => {
                self.spoilt = true;
                if let [alone] = items {
                    self.failed |= 1 << alone;
                }
            }
        }
    }

    /// With one more answer, to what `node` asked.
    fn and(&self, node: &Node, answer: &Answer) -> Self {
        let mut heard = self.clone();
        heard.worked |= node.asks().is_some_and(Ask::is_write) && !matches!(node.asks(), Some(Ask::UpdateJob(JobWrite::Begin)));
        match (node.asks(), answer) {
            (Some(Ask::Item { index, fixed }), Answer::Fate(fate)) => {
                heard.fixed |= Items::from(*fixed) << index;
                let into = if matches!(fate, Fate::Fails | Fate::FailsForNow) { &mut heard.failed } else { &mut heard.succeeded };
                *into |= 1 << index;
                heard.fates += 1;
                heard.slow |= *fate == Fate::IsSlow;
            }
            (Some(Ask::Items(items)), Answer::Called(called, _)) => heard.called(items, called),
            (Some(Ask::Rows(keys)), Answer::Rows(job, parts)) => {
                heard.job = heard.job.or_else(|| job.clone());
                heard.last_job = job.clone().or(heard.last_job);
                heard.parts_read += u8::from(matches!(keys[..], [Key::Part(_)]));
                if let Some((_, part)) = parts.first() {
                    heard.part = Some(part.clone());
                    heard.round_begun = if keys.len() == 2 { part.round } else { heard.round_begun };
                }
            }
            (ask, Answer::Part(Some((found, part)))) => {
                heard.stamped |= *found == Found::Applied && matches!(ask, Some(Ask::UpdatePart(_, PartWrite::Stamp { .. })));
                heard.part = Some(part.clone());
            }
            (_, Answer::Outcome(outcome)) if heard.fates == 0 => heard.outcome.clone_from(outcome),
            (_, Answer::Extra(row)) if heard.fates == 0 => heard.extras.push(row.clone()),
            (Some(Ask::Park(_)), _) => heard.parked = true,
            (_, Answer::Outcomes(_)) => heard.read_again = true,
            _ => {}
        }
        heard
    }
}

fn digest(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}
