//! The threads that drive children. Each takes a batch, gives it to its child and passes on the answers. If a child
//! ends, only the item that caused it fails.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;

use super::blame::{answer_all, blame, blame_if_killed_again, panicked, useless};
use super::bounds::{AFTER_A_KILL, COMPILE_WALL_MAX, IDLE_MAX, ITEM_WALL_MAX, STOPPING_MAX, Times};
use super::cause::{Limit, LimitExceeded, Unusable};
use super::child_position::ChildPosition;
use super::process::{ChildState, Process};
use super::scheduler::{Batch, Request, Scheduler, Work};
use super::source::Source;
use super::verdict::{Checked, NoVerdict};
use super::wire::{self, record, take_record};
use crate::refusal::Refusal;

/// What the threads share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    more: Condvar,
    children_max: usize,
    times: Times,
    /// Since when nothing begins any more. Set with the state locked.
    stopped: OnceLock<Instant>,
}

#[derive(Debug)]
struct State {
    scheduler: Scheduler,
    threads: usize,
    /// Threads that wait for a batch, or will do so as soon as they have started.
    idle: usize,
}

impl Shared {
    pub(super) fn new(children_max: usize, times: Times) -> Self {
        let state = State { scheduler: Scheduler::new(children_max), threads: 0, idle: 0 };
        Self { state: Mutex::new(state), more: Condvar::new(), children_max, times, stopped: OnceLock::new() }
    }

    /// Accepts requests of one job. If its schema is known to be unusable, they are answered at once.
    pub(super) fn submit(self: &Arc<Self>, requests: Vec<Request>) {
        let Some(source) = requests.first().map(|request| request.source.clone()) else { return };
        if let Some(unusable) = source.unusable.get() {
            return requests.into_iter().for_each(|request| request.answer(Err(unusable.clone().into())));
        }
        let mut state = self.state();
        if self.stopped.get().is_some() {
            drop(state);
            return requests.into_iter().for_each(|request| request.answer(Err(stopping())));
        }
        state.scheduler.add(requests);
        self.wake_thread(&mut state);
    }

    /// From now on nothing begins, and waiting requests are answered at once. Running batches have a little time to end.
    pub(super) fn stop(&self) {
        let waiting = {
            let mut state = self.state();
            self.stopped.get_or_init(Instant::now);
            state.scheduler.take_all()
        };
        waiting.into_iter().for_each(|request| request.answer(Err(stopping())));
    }

    /// Puts requests that are not done back into the queue, or answers them if nothing begins any more.
    fn put_back(&self, mut requests: VecDeque<Request>) {
        let mut state = self.state();
        if self.stopped.get().is_none() {
            return state.scheduler.put_back(requests);
        }
        drop(state);
        answer_all(&mut requests, &stopping());
    }

    /// True if running batches have used up their time to end.
    fn must_end(&self) -> bool {
        self.stopped.get().is_some_and(|stopped| stopped.elapsed() > STOPPING_MAX)
    }

    /// Wakes a thread for the waiting requests, or starts one.
    fn wake_thread(self: &Arc<Self>, state: &mut State) {
        if state.idle == 0 && state.threads < self.children_max {
            self.start_thread(state);
        } else {
            self.more.notify_one();
        }
    }

    fn start_thread(self: &Arc<Self>, state: &mut State) {
        let shared = self.clone();
        match thread::Builder::new().name("schema child".to_owned()).spawn(move || Driver::new(shared).run()) {
            Ok(_) => {
                state.threads += 1;
                state.idle += 1;
            }
            // Other threads may be running. If there are none, nobody would answer.
            Err(error) if state.threads == 0 => {
                let why: Arc<str> = error.to_string().into();
                while let Some(batch) = state.scheduler.next() {
                    state.scheduler.over(&batch.owner, batch.counted_suspect(), Duration::ZERO);
                    batch.requests.into_iter().for_each(|request| request.answer(Err(NoVerdict::Unavailable(why.clone()))));
                }
            }
            Err(_) => {}
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next batch for a thread that is counted as idle; `None` if there was none for a while.
    fn wait(self: &Arc<Self>) -> Option<Batch> {
        let (mut state, mut timed_out) = (self.state(), false);
        loop {
            let batch = state.scheduler.next();
            if batch.is_some() || timed_out {
                state.idle -= 1;
                state.threads -= usize::from(batch.is_none());
                if batch.is_some() && state.scheduler.is_waiting() {
                    // Adding these requests has woken only one thread for all of them.
                    self.wake_thread(&mut state);
                }
                return batch;
            }
            let (woken, timeout) = self.more.wait_timeout(state, IDLE_MAX).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            timed_out = timeout.timed_out();
        }
    }

    fn over(&self, batch: &Ended) {
        let mut state = self.state();
        state.scheduler.over(&batch.owner, batch.counted_suspect, batch.began.elapsed());
        state.idle += 1;
        drop(state);
        // A request that had to wait for this batch may begin now.
        self.more.notify_one();
    }
}

/// Counts a batch as ended, even if the thread panics.
struct Ended {
    shared: Arc<Shared>,
    owner: Arc<str>,
    counted_suspect: bool,
    began: Instant,
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.shared.over(self);
    }
}

/// A thread and its child.
struct Driver {
    shared: Arc<Shared>,
    child: Option<Process>,
    /// Schemas that were given to the child and that it may still have.
    known: HashSet<u64>,
}

/// How a batch ended.
enum BatchEnd {
    /// All requests are answered, or wait again.
    Answered,
    /// The child exceeded a limit and has ended, while it was compiling, or checking the request at this position, if it had
    /// begun one.
    Ended { limit: Limit, compiling: bool, at: Option<ChildPosition> },
    /// Something else on the machine killed the child, while it was doing that.
    Killed { compiling: bool, at: Option<ChildPosition> },
    /// The child has ended for a reason that no item and no schema is to blame for.
    NotToBlame(String),
}

impl Driver {
    fn new(shared: Arc<Shared>) -> Self {
        Self { shared, child: None, known: HashSet::new() }
    }

    fn run(mut self) {
        while let Some(batch) = self.shared.wait() {
            let counted_suspect = batch.counted_suspect();
            let ended = Ended { shared: self.shared.clone(), owner: batch.owner, counted_suspect, began: Instant::now() };
            let (source, mut requests) = (batch.source, batch.requests);
            if let Some(unusable) = source.unusable.get() {
                answer_all(&mut requests, &NoVerdict::Schema(unusable.clone()));
            } else {
                let alone_with_child = self.make_room(&source, &requests);
                match self.hand_over(&source, &mut requests) {
                    Ok(BatchEnd::Answered) => {}
                    Ok(BatchEnd::Ended { limit, compiling, at }) => {
                        self.drop_child();
                        source.note_cut();
                        blame(&mut requests, limit, compiling, at, alone_with_child);
                    }
                    Ok(BatchEnd::Killed { compiling, at }) => {
                        let spawned = self.child.as_ref().map_or_else(Instant::now, Process::spawned);
                        self.drop_child();
                        blame_if_killed_again(&source, &mut requests, spawned, compiling, at, alone_with_child);
                        thread::sleep(AFTER_A_KILL);
                    }
                    Ok(BatchEnd::NotToBlame(why)) => self.end_without_blame(&mut requests, &why),
                    Err(error) => self.end_without_blame(&mut requests, &error.to_string()),
                }
            }
            if !requests.is_empty() {
                self.shared.put_back(requests);
            }
            drop(ended);
        }
    }

    /// Returns true if the child has, or will have, no other schemas in memory. A suspect is given a new child. A child that
    /// ended while it had nothing to do is replaced, and no item is blamed for it.
    fn make_room(&mut self, source: &Source, requests: &VecDeque<Request>) -> bool {
        if self.child.as_mut().is_some_and(Process::has_ended) {
            self.drop_child();
        }
        let others = self.known.iter().any(|id| *id != source.id);
        if others && requests.iter().any(|request| request.suspect) {
            self.drop_child();
            return true;
        }
        !others
    }

    fn drop_child(&mut self) {
        self.child = None;
        self.known.clear();
    }

    /// Gives a batch to the child and passes on its answers. Unanswered requests stay in `requests`.
    fn hand_over(&mut self, source: &Source, requests: &mut VecDeque<Request>) -> io::Result<BatchEnd> {
        let child = match &mut self.child {
            Some(child) => child,
            none => none.insert(Process::spawn()?),
        };
        let schema = (!self.known.contains(&source.id)).then_some(&*source.schema);
        let items = requests.iter().filter_map(|request| match &request.work {
            Work::Item(item) => Some(item.get()),
            Work::Compile => None,
        });
        let batch = wire::BatchFrame { source: source.id, text: source.text, schema, items: items.collect() };
        if child.send(&batch.encode()).is_err() {
            return Ok(batch_end(child.ended(), true, None).unwrap_or(BatchEnd::Answered));
        }
        self.known.insert(source.id);
        self.listen(requests)
    }

    fn listen(&mut self, requests: &mut VecDeque<Request>) -> io::Result<BatchEnd> {
        let times = self.shared.times;
        let Some(child) = &mut self.child else { return Ok(BatchEnd::Answered) };
        let items = requests.iter().filter(|request| matches!(request.work, Work::Item(_))).count();
        let mut compiling = true;
        loop {
            let mut rest = child.received();
            let before = rest.len();
            let mut done = None;
            while done.is_none() {
                let Some((kind, payload)) = take_record(&mut rest) else { break };
                compiling = false;
                done = pass_on(kind, payload, requests, &mut self.known)?;
                if done.is_none() && requests.is_empty() {
                    done = Some(BatchEnd::Answered);
                }
            }
            let taken = before - rest.len();
            child.consume(taken);
            if let Some(end) = done {
                return Ok(end);
            }
            let (cpu_max, wall_max) = if compiling { (times.compile, COMPILE_WALL_MAX) } else { (times.item, ITEM_WALL_MAX) };
            let state = child.wait_for_more(cpu_max, wall_max);
            let at = if compiling { None } else { child.place().and_then(|place| among_unanswered(place, items, requests.len())) };
            if let Some(request) = at.and_then(|at| requests.get(at.index)) {
                request.begins();
            }
            if let Some(end) = batch_end(state, compiling, at) {
                return Ok(end);
            }
            if self.shared.must_end() {
                return Ok(BatchEnd::NotToBlame(STOPPING.to_owned()));
            }
        }
    }

    fn end_without_blame(&mut self, requests: &mut VecDeque<Request>, why: &str) {
        self.drop_child();
        answer_all(requests, &NoVerdict::Unavailable(why.into()));
        // Whatever the reason is, it will last for a moment: do not let other requests fail as fast as they arrive.
        thread::sleep(Duration::from_millis(10));
    }
}

/// Where a child is among the unanswered requests; `items` were given to it. Answers that it sent since are not
/// counted.
fn among_unanswered(place: ChildPosition, items: usize, unanswered: usize) -> Option<ChildPosition> {
    let answered = items.checked_sub(unanswered)?;
    Some(ChildPosition { index: place.index.saturating_sub(answered), ..place })
}

fn batch_end(state: ChildState, compiling: bool, at: Option<ChildPosition>) -> Option<BatchEnd> {
    match state {
        ChildState::More | ChildState::Nothing => None,
        ChildState::Killed => Some(BatchEnd::Killed { compiling, at }),
        ChildState::Ended(limit) => Some(BatchEnd::Ended { limit, compiling, at }),
        ChildState::NotToBlame(why) => Some(BatchEnd::NotToBlame(why.to_owned())),
    }
}

const STOPPING: &str = "this process is stopping";

/// Nothing is wrong with the request: another process answers it.
fn stopping() -> NoVerdict {
    NoVerdict::Unavailable(STOPPING.into())
}

/// Passes on one record. Returns how the batch ended, if it is over before everything is answered.
fn pass_on(kind: u8, payload: &[u8], requests: &mut VecDeque<Request>, known: &mut HashSet<u64>) -> io::Result<Option<BatchEnd>> {
    match kind {
        record::COMPILED => {
            if let Some(request) = requests.front() {
                request.source.forget_kills();
            }
            let (compiled, items): (VecDeque<_>, _) = requests.drain(..).partition(|request| matches!(request.work, Work::Compile));
            *requests = items;
            compiled.into_iter().for_each(|request| request.answer(Ok(None)));
        }
        record::REFUSED => {
            let refusals: Vec<Refusal> = serde_json::from_slice(payload)?;
            useless(requests, Unusable::Refused(refusals.into()));
        }
        record::UNKNOWN => {
            known.retain(|id| requests.front().is_none_or(|request| request.source.id != *id));
            return Ok(Some(BatchEnd::Answered));
        }
        record::TURN_OVER => return Ok(Some(BatchEnd::Answered)),
        record::USELESS => useless(requests, Unusable::LimitExceeded(LimitExceeded { limit: Limit::Crash, unfit: false })),
        record::PANICKED => {
            known.clear();
            panicked(requests);
            return Ok(Some(BatchEnd::Answered));
        }
        _ => {
            let Some(request) = requests.pop_front() else { return Err(io::ErrorKind::InvalidData.into()) };
            match kind {
                record::FITS => request.fits(),
                record::TYPED => {
                    let typed = String::from_utf8(payload.to_vec()).map_err(io::Error::other)?;
                    request.answer(Ok(Some(Checked::Typed(RawValue::from_string(typed)?))));
                }
                record::MISFIT => request.answer(Ok(Some(Checked::Misfit(serde_json::from_slice(payload)?)))),
                _ => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::scheduler::Reply;
    use super::*;

    /// Bug found: a server that was told to stop waited for all the hanging schemas that had not even begun, up to 22 s for each.
    #[test]
    fn waiting_requests_are_answered_when_the_program_stops() {
        let shared = Arc::new(Shared::new(0, Times::default()));
        let source = Arc::new(Source::new("{}", false));
        let request = |owner: &str, work| {
            let (reply, answer) = std::sync::mpsc::sync_channel(1);
            (Request::new(owner.into(), &source, work, Reply::Blocking(reply)), answer)
        };
        let (waits, waited) = request("ann", Work::Compile);
        let (item, of_item) = request("bob", Work::Item(RawValue::NULL.to_owned()));
        let (runs, ran) = request("cy", Work::Item(RawValue::NULL.to_owned()));
        shared.submit(vec![waits]);
        shared.submit(vec![item]);
        assert!([&waited, &of_item].iter().all(|answer| answer.try_recv().is_err()), "no child takes them");
        shared.stop();
        shared.put_back(VecDeque::from([runs]));
        let (late, came_late) = request("ann", Work::Compile);
        shared.submit(vec![late]);
        for answer in [waited, of_item, ran, came_late] {
            assert!(matches!(answer.try_recv(), Ok(Err(NoVerdict::Unavailable(_)))));
        }
        assert!(!shared.state().scheduler.is_waiting());
    }
}
