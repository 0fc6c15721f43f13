//! What calls wait for, so that a person sees why nothing moves.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The calls that wait for their next try or for a token, in the order they began, each with the reason.
#[derive(Debug, Default)]
pub(super) struct HeldUp(Mutex<Calls>);

#[derive(Debug, Default)]
struct Calls {
    begun: u64,
    waiting: BTreeMap<u64, String>,
}

/// One call. Its reason is removed when this is dropped.
#[derive(Debug)]
pub(super) struct HeldUpCall<'a> {
    all: &'a HeldUp,
    number: u64,
}

impl HeldUp {
    /// A call that begins.
    pub(super) fn call(&self) -> HeldUpCall<'_> {
        let mut calls = self.lock();
        calls.begun += 1;
        HeldUpCall { all: self, number: calls.begun }
    }

    /// The reason of the waiting call that began first.
    pub(super) fn why(&self) -> Option<String> {
        self.lock().waiting.first_key_value().map(|(_, why)| why.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        // A panic while the lock was held leaves the list usable.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HeldUpCall<'_> {
    /// The call waits no more.
    pub(super) fn goes_on(&self) {
        self.all.lock().waiting.remove(&self.number);
    }

    /// The call waits, for this reason.
    pub(super) fn waits(&self, why: String) {
        self.all.lock().waiting.insert(self.number, why);
    }
}

impl Drop for HeldUpCall<'_> {
    fn drop(&mut self) {
        self.all.lock().waiting.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_holds_up_until_it_ends() {
        let held_up = HeldUp::default();
        let (first, second) = (held_up.call(), held_up.call());
        assert_eq!(held_up.why(), None, "a call that is under way waits for nothing");
        second.waits("503".to_owned());
        first.waits("not reached".to_owned());
        first.waits("429".to_owned());
        assert_eq!(held_up.why().as_deref(), Some("429"));
        first.goes_on();
        assert_eq!(held_up.why().as_deref(), Some("503"));
        first.waits("429".to_owned());
        drop(first);
        assert_eq!(held_up.why().as_deref(), Some("503"), "another call that went well changes nothing");
        drop(second);
        assert_eq!(held_up.why(), None);
    }
}
