//! Places for the notices that a process sends at a time. An endpoint may take long to answer, and neither chunks nor the notices
//! of others may wait for that.

use std::sync::{Mutex, PoisonError};

use crate::job::Target;

/// How many notices a process sends at a time.
const ALL_MAX: usize = 16;
/// How many of them go to one endpoint, or to another target such as the bus.
const ENDPOINT_MAX: usize = 4;
/// How many of them are of one owner's jobs.
const OWNER_MAX: usize = 2;

/// The places that are taken.
#[derive(Debug, Default)]
pub(super) struct NoticePlaces(Mutex<Vec<Sending>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Sending {
    owner: String,
    target: Target,
    /// `None` for a target that is no endpoint.
    endpoint: Option<String>,
}

impl NoticePlaces {
    /// A place for a notice of this owner's job to this target, if there is one now.
    pub(super) fn take(&self, owner: &str, target: Target, endpoint: Option<&str>) -> Option<NoticePlace<'_>> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_owner = taken.iter().filter(|sending| sending.owner == owner).count();
        let to_target = taken.iter().filter(|sending| sending.target == target && sending.endpoint.as_deref() == endpoint).count();
        if taken.len() >= ALL_MAX || of_owner >= OWNER_MAX || to_target >= ENDPOINT_MAX {
            return None;
        }
        let sending = Sending { owner: owner.to_owned(), target, endpoint: endpoint.map(str::to_owned) };
        taken.push(sending.clone());
        Some(NoticePlace { places: self, sending })
    }
}

/// A place, which is free again once this is dropped.
#[derive(Debug)]
pub(super) struct NoticePlace<'a> {
    places: &'a NoticePlaces,
    sending: Sending,
}

impl Drop for NoticePlace<'_> {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = taken.iter().position(|sending| *sending == self.sending) {
            taken.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bug found: one owner's notices to a slow endpoint took all places, and another owner's to a fast one waited for a minute.
    #[test]
    fn neither_an_owner_nor_an_endpoint_takes_all_places() {
        let places = NoticePlaces::default();
        let call = |owner, endpoint| places.take(owner, Target::Endpoint, Some(endpoint));
        let first = call("ann", "slow");
        let second = call("ann", "slow");
        assert!(first.is_some() && second.is_some());
        assert!(call("ann", "slow").is_none() && call("ann", "fast").is_none());
        let others: Vec<_> = ["ben", "cem"].into_iter().filter_map(|owner| call(owner, "slow")).collect();
        assert_eq!(others.len(), 2);
        assert!(call("dan", "slow").is_none(), "the endpoint has all that it may have");
        assert!(call("dan", "fast").is_some() && places.take("dan", Target::Bus, None).is_some());
        drop(first);
        assert!(call("dan", "slow").is_some(), "a place is free again");
    }

    #[test]
    fn there_is_a_limit_for_all_together() {
        let places = NoticePlaces::default();
        let taken: Vec<_> =
            (0..40).filter_map(|n| places.take(&format!("owner {n}"), Target::Endpoint, Some(&format!("endpoint {n}")))).collect();
        assert_eq!(taken.len(), ALL_MAX);
    }
}
