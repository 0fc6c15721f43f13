//! Who waits for which moment.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::instant::Instant;

thread_local! {
    static TIMERS: RefCell<Timers> = RefCell::default();
}

/// All that wait.
#[derive(Default)]
struct Timers {
    /// The millisecond, the number and the place of each. Whoever gave up is still here, but no longer in its place.
    order: BinaryHeap<Reverse<(u64, u64, usize)>>,
    places: Vec<Option<Waiting>>,
    free: Vec<usize>,
    /// How many have begun to wait.
    begun: u64,
    /// Those of the moment that comes.
    due: Vec<Waker>,
}

struct Waiting {
    number: u64,
    waker: Waker,
}

/// Where somebody waits.
#[derive(Debug, Clone, Copy)]
struct Place {
    place: usize,
    number: u64,
}

impl Timers {
    fn begin(&mut self, tick: u64, waker: &Waker) -> Place {
        self.begun += 1;
        let (number, waiting) = (self.begun, Waiting { number: self.begun, waker: waker.clone() });
        let place = match self.free.pop() {
            Some(place) => {
                self.places[place] = Some(waiting);
                place
            }
            None => {
                self.places.push(Some(waiting));
                self.places.len() - 1
            }
        };
        self.order.push(Reverse((tick, number, place)));
        Place { place, number }
    }

    fn at(&mut self, Place { place, number }: Place) -> Option<&mut Waiting> {
        self.places.get_mut(place)?.as_mut().filter(|waiting| waiting.number == number)
    }

    fn remove(&mut self, place: Place) -> Option<Waker> {
        self.at(place)?;
        self.free.push(place.place);
        self.places[place.place].take().map(|waiting| waiting.waker)
    }

    /// Moves all of the next moment to those that are due; returns that moment.
    fn next(&mut self) -> Option<u64> {
        let mut moment = None;
        while let Some(Reverse((tick, number, place))) = self.order.peek().copied() {
            if moment.is_some_and(|moment| moment < tick) {
                break;
            }
            self.order.pop();
            if let Some(waker) = self.remove(Place { place, number }) {
                moment = Some(tick);
                self.due.push(waker);
            }
        }
        moment
    }
}

/// Lets time pass until somebody can go on. False if nobody waits.
pub(crate) fn pass() -> bool {
    let (moment, mut due) = TIMERS.with_borrow_mut(|timers| (timers.next(), std::mem::take(&mut timers.due)));
    let Some(moment) = moment else { return false };
    Instant::comes(moment);
    due.drain(..).for_each(Waker::wake);
    TIMERS.with_borrow_mut(|timers| timers.due = due);
    true
}

/// Forgets all that wait.
pub(crate) fn clear() {
    drop(TIMERS.take());
}

/// A wait for a moment.
#[derive(Debug)]
#[must_use = "nobody waits unless it is awaited"]
pub struct Sleep {
    until: Instant,
    place: Option<Place>,
}

/// Waits so long.
pub fn sleep(time: Duration) -> Sleep {
    sleep_until(Instant::after(time))
}

/// Waits until then.
pub fn sleep_until(until: Instant) -> Sleep {
    Sleep { until, place: None }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let tick = self.until.tick();
        if tick <= Instant::now().tick() {
            return Poll::Ready(());
        }
        TIMERS.with_borrow_mut(|timers| match self.place.and_then(|place| timers.at(place)) {
            Some(waiting) => waiting.waker.clone_from(context.waker()),
            None => self.place = Some(timers.begin(tick, context.waker())),
        });
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let waker = self.place.and_then(|place| TIMERS.with_borrow_mut(|timers| timers.remove(place)));
        drop(waker);
    }
}
