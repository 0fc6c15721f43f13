//! Turns: which calls of processors may be under way beside each other in this process.
//!
//! A process that dies takes all its calls with it, and only the marks tell whose fault it was. So careful calls come one at
//! a time: a death strikes one item at most. What was struck before has the process to itself: if it dies now, nothing
//! else can have killed it.

use tokio::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

#[derive(Debug, Default)]
pub(super) struct Turns {
    careful: Mutex<()>,
    calls: RwLock<()>,
}

/// Leave to call a processor, until it is dropped.
#[derive(Debug)]
#[expect(dead_code, reason = "held, never read")]
pub(super) enum Turn<'a> {
    Beside(RwLockReadGuard<'a, ()>),
    Careful(MutexGuard<'a, ()>, RwLockReadGuard<'a, ()>),
    Alone(MutexGuard<'a, ()>, RwLockWriteGuard<'a, ()>),
}

impl Turns {
    /// A turn beside whatever else is called, except for a suspect.
    pub(super) async fn beside(&self) -> Turn<'_> {
        Turn::Beside(self.calls.read().await)
    }

    /// A turn beside no other careful call; of a suspect, beside no call at all.
    pub(super) async fn careful(&self, strikes: u32) -> Turn<'_> {
        let careful = self.careful.lock().await;
        match strikes {
            0 => Turn::Careful(careful, self.calls.read().await),
            _ => Turn::Alone(careful, self.calls.write().await),
        }
    }
}
