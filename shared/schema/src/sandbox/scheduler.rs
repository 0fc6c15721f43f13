//! Decides which owner's batch is next: that of the owner whose batches have taken the least time. So a turn that is cut off
//! after seconds counts for more than one of milliseconds. The jobs of an owner take turns. No owner ever has all children.
//! The owners that had items cut off, or a long last turn, never have all children together either.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::bounds::{BATCH_BYTES_MAX, BATCH_ITEMS_MAX, TURN};
use super::call_items::CallItems;
use super::source::Source;
use super::verdict::{Checked, NoVerdict};

/// What is requested.
#[derive(Debug)]
pub(super) enum Work {
    Compile,
    Item(Box<RawValue>),
}

/// The verdict on an item, or nothing for a schema that compiled.
pub(super) type Answer = Result<Option<Checked>, NoVerdict>;

/// Receives the answer.
#[derive(Debug)]
pub(super) enum Reply {
    Async(oneshot::Sender<Answer>),
    Blocking(mpsc::SyncSender<Answer>),
    /// The item at this place among those of one call.
    OfCall(Arc<CallItems>, usize),
}

impl Reply {
    /// If the caller has gone, the answer is dropped.
    fn send(self, answer: Answer) {
        match self {
            Self::Async(reply) => {
                let _ = reply.send(answer);
            }
            Self::Blocking(reply) => {
                let _ = reply.send(answer);
            }
            Self::OfCall(call_items, item) => {
                let verdict = answer.map(|checked| checked.unwrap_or_else(|| Checked::Fits(RawValue::NULL.to_owned())));
                call_items.answer(item, verdict);
            }
        }
    }
}

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    owner: Arc<str>,
    pub(super) source: Arc<Source>,
    pub(super) work: Work,
    reply: Reply,
    /// True if its child ended before: it is run alone, and if its child ends again it is to blame.
    pub(super) suspect: bool,
    /// How many children were killed from outside while they checked it.
    kills: u32,
}

impl Request {
    pub(super) fn new(owner: Arc<str>, source: &Arc<Source>, work: Work, reply: Reply) -> Self {
        Self { owner, source: source.clone(), work, reply, suspect: false, kills: 0 }
    }

    /// If the caller has gone, the answer is dropped.
    pub(super) fn answer(self, answer: Answer) {
        self.reply.send(answer);
    }

    pub(super) fn fits(self) {
        let Self { work: Work::Item(item), reply, .. } = self else { return };
        reply.send(Ok(Some(Checked::Fits(item))));
    }

    /// Records that its child was killed from outside: it is run alone from now on. Returns how often that has happened.
    pub(super) fn note_kill(&mut self) -> u32 {
        self.suspect = true;
        self.kills += 1;
        self.kills
    }

    /// This item itself is being checked, not only others of its batch.
    pub(super) fn begins(&self) {
        if let Reply::OfCall(call_items, item) = &self.reply {
            call_items.begins(*item);
        }
    }

    fn goes_back(&self) {
        if let Reply::OfCall(call_items, item) = &self.reply {
            call_items.goes_back(*item);
        }
    }

    fn is_wanted(&self) -> bool {
        match &self.reply {
            Reply::Async(reply) => !reply.is_closed(),
            Reply::Blocking(_) => true,
            Reply::OfCall(call_items, item) => call_items.is_wanted(*item),
        }
    }

    fn bytes(&self) -> usize {
        match &self.work {
            Work::Compile => 0,
            Work::Item(item) => item.get().len(),
        }
    }
}

/// Requests for one schema, for one child.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) owner: Arc<str>,
    pub(super) source: Arc<Source>,
    pub(super) requests: VecDeque<Request>,
    counted_suspect: bool,
}

/// A turn is long if it took longer than this. All owners with a long last turn together never have all children.
const LONG: Duration = TURN.saturating_mul(10);
/// An owner with a short last turn comes before others that have taken up to this much less time. It is as long as the longest
/// turn, so that an owner with little to do does not wait for a turn of each other owner. It is limited, so that nobody waits
/// for ever.
const AHEAD: Duration = Duration::from_secs(2);
/// The used time is remembered for at most this many owners without work.
const REMEMBERED_MAX: usize = 1_000;

/// The waiting requests by owner, and how much is running.
#[derive(Debug)]
pub(super) struct Scheduler {
    children_max: usize,
    /// Owners with waiting requests. Of two that have taken the same time, the first one is next.
    ring: VecDeque<Arc<str>>,
    owners: HashMap<Arc<str>, Owner>,
    suspects_running: usize,
    /// The time that the owner of the last batch had taken when it began. A new owner counts as having taken at least as
    /// much: an owner who was idle gets no credit for that.
    least_taken: Duration,
}

#[derive(Debug, Default)]
struct Owner {
    /// The time of child processes that its batches have taken; a running batch counts as one turn.
    taken: Duration,
    /// Whether its last turn was a long one.
    is_slow: bool,
    /// Jobs with something waiting, the next one first.
    ring: VecDeque<u64>,
    waiting: HashMap<u64, VecDeque<Request>>,
    running: usize,
}

impl Scheduler {
    pub(super) fn new(children_max: usize) -> Self {
        Self { children_max, ring: VecDeque::new(), owners: HashMap::new(), suspects_running: 0, least_taken: Duration::ZERO }
    }

    /// Adds requests of one job, after its others.
    pub(super) fn add(&mut self, requests: Vec<Request>) {
        if let Some(first) = requests.first() {
            self.queue_of(first).extend(requests);
        }
    }

    /// True if something waits, though it may not be its turn.
    pub(super) fn is_waiting(&self) -> bool {
        !self.ring.is_empty()
    }

    /// Puts back requests that were not done, before the others of their job and in the same order.
    pub(super) fn put_back(&mut self, requests: VecDeque<Request>) {
        for request in requests.into_iter().rev() {
            request.goes_back();
            self.queue_of(&request).push_front(request);
        }
    }

    /// Takes everything that waits.
    pub(super) fn take_all(&mut self) -> Vec<Request> {
        self.ring.clear();
        self.owners.values_mut().flat_map(Owner::take_all).collect()
    }

    fn queue_of(&mut self, request: &Request) -> &mut VecDeque<Request> {
        let owner = self.owners.entry(request.owner.clone()).or_default();
        owner.taken = owner.taken.max(self.least_taken);
        if owner.ring.is_empty() {
            self.ring.push_back(request.owner.clone());
        }
        let id = request.source.id;
        if !owner.waiting.contains_key(&id) {
            owner.ring.push_back(id);
        }
        owner.waiting.entry(id).or_default()
    }

    /// The next batch, if there is one that may begin.
    pub(super) fn next(&mut self) -> Option<Batch> {
        let some = self.children_max.saturating_sub(1).max(1);
        let suspects_may = self.suspects_running < some;
        for name in self.in_order() {
            let Some(owner) = self.owners.get_mut(&name) else { continue };
            let batch = if owner.running < some { owner.next(&name, suspects_may) } else { None };
            if let Some(batch) = batch {
                self.least_taken = self.least_taken.max(owner.taken);
                owner.taken += TURN;
                self.suspects_running += usize::from(batch.counted_suspect);
                self.ring.retain(|other| *other != name);
                if !owner.ring.is_empty() {
                    self.ring.push_back(name);
                }
                return Some(batch);
            }
            if owner.ring.is_empty() {
                self.ring.retain(|other| *other != name);
                self.forget_if_idle(&name);
            }
        }
        None
    }

    /// Owners with something waiting, sorted by the time that they have taken, the least first.
    fn in_order(&self) -> Vec<Arc<str>> {
        let mut names: Vec<_> = self.ring.iter().cloned().collect();
        names.sort_by_key(|name| self.owners.get(name).map(|owner| if owner.is_slow { owner.taken + AHEAD } else { owner.taken }));
        names
    }

    /// Records that a batch is over, whatever its result, and how long it took.
    pub(super) fn over(&mut self, owner: &Arc<str>, counted_suspect: bool, took: Duration) {
        self.suspects_running -= usize::from(counted_suspect);
        if let Some(owner) = self.owners.get_mut(owner) {
            owner.running -= 1;
            owner.taken = (owner.taken + took).saturating_sub(TURN);
            owner.is_slow = took > LONG;
        }
        self.forget_if_idle(owner);
    }

    /// Forgets owners without work who have taken no more time than others.
    fn forget_if_idle(&mut self, name: &Arc<str>) {
        let (least_taken, many) = (self.least_taken, self.owners.len() > REMEMBERED_MAX);
        let is_idle = |owner: &Owner| owner.running == 0 && owner.ring.is_empty();
        if many {
            self.owners.retain(|_, owner| !is_idle(owner));
        } else if self.owners.get(name).is_some_and(|owner| is_idle(owner) && owner.taken <= least_taken) {
            self.owners.remove(name);
        }
    }
}

impl Owner {
    fn take_all(&mut self) -> Vec<Request> {
        self.ring.clear();
        self.waiting.drain().flat_map(|(_, requests)| requests).collect()
    }

    fn next(&mut self, name: &Arc<str>, suspects_may: bool) -> Option<Batch> {
        for _ in 0..self.ring.len() {
            let id = self.ring.pop_front()?;
            let mut waiting = self.waiting.remove(&id).unwrap_or_default();
            waiting.retain(Request::is_wanted);
            let Some(source) = waiting.front().map(|request| request.source.clone()) else { continue };
            let counted_suspect = source.is_suspect() || self.is_slow;
            let batch = if suspects_may || !counted_suspect { take(&mut waiting) } else { VecDeque::new() };
            if !waiting.is_empty() {
                self.waiting.insert(id, waiting);
                self.ring.push_back(id);
            }
            if !batch.is_empty() {
                self.running += 1;
                return Some(Batch { owner: name.clone(), source, requests: batch, counted_suspect });
            }
        }
        None
    }
}

impl Batch {
    pub(super) fn counted_suspect(&self) -> bool {
        self.counted_suspect
    }
}

/// As many requests as fit into a batch. A suspect is alone in its batch.
fn take(waiting: &mut VecDeque<Request>) -> VecDeque<Request> {
    let mut batch = VecDeque::new();
    let mut bytes = 0;
    while let Some(request) = waiting.front() {
        let alone = request.suspect || request.source.runs_alone();
        bytes += request.bytes();
        let fits = batch.is_empty() || (!alone && batch.len() < BATCH_ITEMS_MAX && bytes <= BATCH_BYTES_MAX);
        if !fits {
            break;
        }
        batch.extend(waiting.pop_front());
        if alone {
            break;
        }
    }
    batch
}

#[cfg(test)]
mod tests;
