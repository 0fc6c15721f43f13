//! Turns: which calls of processors may run at the same time in this process.
//!
//! When a process dies, all its calls die with it, and only the marks tell whose fault it was. So careful calls run one
//! at a time: a death gives at most one item a strike. An item that already has a strike runs alone in the process: if
//! it dies then, no other call can be the cause.

use tokio::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

#[derive(Debug, Default)]
pub(super) struct Turns {
    careful: Mutex<()>,
    calls: RwLock<()>,
}

/// Permission to call a processor, until it is dropped.
#[derive(Debug)]
#[expect(dead_code, reason = "held, never read")]
pub(super) enum Turn<'a> {
    Beside(RwLockReadGuard<'a, ()>),
    Careful(MutexGuard<'a, ()>, RwLockReadGuard<'a, ()>),
    Alone(MutexGuard<'a, ()>, RwLockWriteGuard<'a, ()>),
}

impl Turns {
    /// A turn together with any other calls, except for a suspect's.
    pub(super) async fn beside(&self) -> Turn<'_> {
        Turn::Beside(self.calls.read().await)
    }

    /// A turn without any other careful call; for a suspect, without any other call at all.
    pub(super) async fn careful(&self, strikes: u32) -> Turn<'_> {
        let careful = self.careful.lock().await;
        match strikes {
            0 => Turn::Careful(careful, self.calls.read().await),
            _ => Turn::Alone(careful, self.calls.write().await),
        }
    }
}
