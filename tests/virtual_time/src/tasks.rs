//! The tasks of a run, which take turns in the order in which they were woken.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::instant::Instant;
use crate::timers;

/// After so many turns of others, the future that the run is for is asked again if it was woken, as tokio does it.
const TURNS: usize = 61;

/// A task that waits, one that will have its turn, one that has it, and one that was woken meanwhile.
const WAITS: u8 = 0;
const READY: u8 = 1;
const RUNS: u8 = 2;
const RUNS_AGAIN: u8 = 3;

type Life = Pin<Box<dyn Future<Output = ()>>>;

thread_local! {
    /// The number of the run. Wakers of an earlier one wake nobody.
    static RUN: Cell<u64> = const { Cell::new(0) };
    static TASKS: RefCell<Vec<Held>> = const { RefCell::new(Vec::new()) };
    static QUEUE: RefCell<VecDeque<usize>> = const { RefCell::new(VecDeque::new()) };
    static ROOT_IS_WOKEN: Cell<bool> = const { Cell::new(false) };
}

struct Held {
    /// `None` while it has its turn, and when it is over.
    life: Option<Life>,
    mark: Arc<Mark>,
    waker: Waker,
}

/// Says whether a task is to have a turn.
struct Mark {
    run: u64,
    task: usize,
    state: AtomicU8,
}

impl Mark {
    fn state(&self) -> u8 {
        self.state.load(Ordering::Relaxed)
    }

    fn set(&self, state: u8) {
        self.state.store(state, Ordering::Relaxed);
    }

    fn is_ready(&self) {
        self.set(READY);
        QUEUE.with_borrow_mut(|queue| queue.push_back(self.task));
    }
}

impl Wake for Mark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        match self.state() {
            WAITS if self.run == RUN.get() => self.is_ready(),
            RUNS => self.set(RUNS_AGAIN),
            _ => {}
        }
    }
}

/// Wakes the future that a run is for.
struct Root(u64);

impl Wake for Root {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.0 == RUN.get() {
            ROOT_IS_WOKEN.set(true);
        }
    }
}

/// A task beside others.
#[derive(Debug)]
pub struct Task(usize);

impl Task {
    /// Drops it where it is. It must not be the one that has its turn.
    pub fn abort(&self) {
        let life = TASKS.with_borrow_mut(|tasks| tasks.get_mut(self.0).and_then(|held| held.life.take()));
        drop(life);
    }
}

/// Runs beside the others, until it is over or the run is.
pub fn spawn(life: impl Future<Output = ()> + 'static) -> Task {
    let life: Life = Box::pin(life);
    TASKS.with_borrow_mut(|tasks| {
        let task = tasks.len();
        let mark = Arc::new(Mark { run: RUN.get(), task, state: AtomicU8::new(WAITS) });
        mark.is_ready();
        let waker = Waker::from(mark.clone());
        tasks.push(Held { life: Some(life), mark, waker });
        Task(task)
    })
}

/// Ends a run when it is dropped, also by a panic.
struct Run;

impl Run {
    fn begin() -> Self {
        Instant::comes(0);
        RUN.set(RUN.get() + 1);
        ROOT_IS_WOKEN.set(true);
        Self
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // From here on nobody is woken.
        RUN.set(RUN.get() + 1);
        drop(TASKS.take());
        drop(QUEUE.take());
        timers::clear();
    }
}

/// Runs a future and all that it spawns until it is ready; then drops the others. Time begins anew.
///
/// # Panics
///
/// If the future waits for something that will never happen.
pub fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let run = Run::begin();
    let waker = Waker::from(Arc::new(Root(RUN.get())));
    let mut context = Context::from_waker(&waker);
    loop {
        if ROOT_IS_WOKEN.replace(false)
            && let Poll::Ready(out) = future.as_mut().poll(&mut context)
        {
            drop(run);
            return out;
        }
        let is_idle = !(0..TURNS).all(|_| turn());
        assert!(!is_idle || ROOT_IS_WOKEN.get() || timers::pass(), "it waits for what will never happen");
    }
}

/// The turn of the task that waits longest for one. False if none does.
fn turn() -> bool {
    let Some(task) = QUEUE.with_borrow_mut(VecDeque::pop_front) else { return false };
    let held = TASKS.with_borrow_mut(|tasks| {
        let held = &mut tasks[task];
        Some((held.life.take()?, held.mark.clone(), held.waker.clone()))
    });
    let Some((mut life, mark, waker)) = held else { return true };
    mark.set(RUNS);
    if life.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
        TASKS.with_borrow_mut(|tasks| tasks[task].life = Some(life));
        match mark.state() {
            RUNS_AGAIN => mark.is_ready(),
            _ => mark.set(WAITS),
        }
    }
    true
}
