//! The corrections that users asked for, and what each cleared item must therefore run with.

use std::collections::{BTreeMap, BTreeSet};

use headway_core::JobId;

use super::processor::Fate;

/// Outputs of corrections are larger numbers than this, those of other items are their indexes.
const OUTPUTS_FROM: u64 = 1_000;

/// An item of a job.
type Place = (JobId, u64);

/// All corrections of a history.
#[derive(Debug, Default, Clone)]
pub(crate) struct Fixes {
    /// Counts events: a later event has the larger number.
    now: u64,
    /// The corrections of an item that no retry has used yet: those since it was last cleared, and those that were under way then.
    open: BTreeMap<Place, Vec<Fix>>,
    /// The numbers of all corrections of an item.
    all: BTreeMap<Place, BTreeSet<u64>>,
    /// With which value an item was last cleared.
    cleared: BTreeMap<Place, String>,
}

/// One correction of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fix {
    number: u64,
    pub(crate) value: String,
    ended: Option<u64>,
    answered: bool,
    /// True if another value was used while its request was under way: that one may have replaced it.
    may_be_replaced: bool,
}

/// The value of a correction. It tells what its item does.
fn value(item: &str, number: u64) -> String {
    format!("{},\"fix\":{number}}}", item.trim_end_matches('}'))
}

/// What an item with this value does, if it is a correction.
pub(crate) fn fate_of(value: &str) -> Option<Fate> {
    number_in(value).map(|number| if number % 3 == 0 { Fate::FailsForGood } else { Fate::GivesOutput })
}

fn number_in(value: &str) -> Option<u64> {
    value.rsplit_once("\"fix\":")?.1.trim_end_matches('}').parse().ok()
}

/// The output of an item with this value, if it is a correction.
pub(crate) fn output_of(value: &str) -> Option<u64> {
    number_in(value).map(|number| number + OUTPUTS_FROM)
}

/// True if this is the output of some correction.
pub(crate) fn is_output(output: &str) -> bool {
    output.parse().is_ok_and(|number: u64| number > OUTPUTS_FROM)
}

impl Fixes {
    /// A request begins that gives this item a new value.
    pub(crate) fn begins(&mut self, place: Place, item: &str) -> Fix {
        self.now += 1;
        let fix = Fix { number: self.now, value: value(item, self.now), ended: None, answered: false, may_be_replaced: false };
        self.open.entry(place).or_default().push(fix.clone());
        self.all.entry(place).or_default().insert(fix.number);
        fix
    }

    /// The request has ended: with a good answer, or not.
    pub(crate) fn ends(&mut self, place: Place, fix: &Fix, answered: bool) {
        self.now += 1;
        let known = self.open.get_mut(&place).into_iter().flatten().find(|known| known.number == fix.number);
        if let Some(known) = known {
            (known.ended, known.answered) = (Some(self.now), answered);
        }
    }

    /// The item was cleared, to be run with `value` in place of the one that failed. Returns false if it must not.
    pub(crate) fn clears(&mut self, place: Place, failed: &str, value: &str) -> bool {
        let mut open = self.open.remove(&place).unwrap_or_default();
        let is_overwritten = |fix: &Fix| open.iter().any(|other| other.answered && fix.ended.is_some_and(|ended| ended < other.number));
        let corrected = open.iter().any(|fix| fix.value == value && !is_overwritten(fix));
        // What was answered is used by the next retry, whichever that is: a request that was under way at the clear before was either
        // used by it, or was for the round that began with it, or was refused.
        let untouched = value == failed && !open.iter().any(|fix| fix.answered && !fix.may_be_replaced);
        self.cleared.insert(place, value.to_owned());
        open.retain(|fix| fix.ended.is_none() && fix.value != value);
        open.iter_mut().for_each(|fix| fix.may_be_replaced |= value != failed);
        if !open.is_empty() {
            self.open.insert(place, open);
        }
        corrected || untouched
    }

    /// True if a result may be of this value: the one with which its item was last cleared, if it ever was.
    pub(crate) fn may_come_of(&self, place: Place, value: &str) -> bool {
        self.cleared.get(&place).map_or(number_in(value).is_none(), |cleared| cleared == value)
    }

    /// True if a result may have this output.
    pub(crate) fn may_give(&self, place: Place, output: &str) -> bool {
        let cleared = self.cleared.get(&place).map_or(place.1, |cleared| output_of(cleared).unwrap_or(place.1));
        output == cleared.to_string()
    }

    /// True if some request has given the item this value.
    pub(crate) fn knows(&self, place: Place, value: &str) -> bool {
        number_in(value).is_some_and(|number| self.all.get(&place).is_some_and(|all| all.contains(&number)))
    }

    /// True if the item was last cleared to be run with a new value.
    pub(crate) fn ran(&self, place: Place) -> bool {
        self.cleared.get(&place).is_some_and(|value| number_in(value).is_some())
    }

    /// True if some request has given the item a new value.
    pub(crate) fn touched(&self, place: Place) -> bool {
        self.all.contains_key(&place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM: &str = "{\"n\":1}";

    fn place() -> Place {
        (JobId(uuid::Uuid::nil()), 1)
    }

    /// Bug found: a slow request was forgotten when its item was cleared, and then it corrected the failure of the next round.
    #[test]
    fn a_request_that_is_under_way_at_a_clear_may_be_for_the_next_round() {
        let mut fixes = Fixes::default();
        let slow = fixes.begins(place(), ITEM);
        assert!(fixes.clears(place(), ITEM, ITEM), "it was not answered yet");
        let mut refused = fixes.clone();
        refused.ends(place(), &slow, false);
        assert!(refused.clears(place(), ITEM, ITEM), "it came too late for the retry that it raced with");
        fixes.ends(place(), &slow, true);
        assert!(!fixes.clone().clears(place(), ITEM, ITEM), "it was acknowledged, and no retry has used it");
        assert!(fixes.clears(place(), ITEM, &slow.value), "it was for the next round");
        assert!(!fixes.clears(place(), &slow.value, ITEM), "once it has ended it is used once");
    }

    #[test]
    fn a_request_that_is_used_before_it_is_answered_is_used_once() {
        let mut fixes = Fixes::default();
        let slow = fixes.begins(place(), ITEM);
        assert!(fixes.clears(place(), ITEM, &slow.value));
        fixes.ends(place(), &slow, true);
        assert!(fixes.clears(place(), &slow.value, &slow.value), "it runs again as it failed");
    }

    #[test]
    fn of_two_requests_at_once_one_may_replace_the_other() {
        let mut fixes = Fixes::default();
        let [one, other] = [0, 1].map(|_| fixes.begins(place(), ITEM));
        assert!(fixes.clears(place(), ITEM, &other.value));
        fixes.ends(place(), &one, true);
        assert!(fixes.clears(place(), &other.value, &other.value));
    }

    #[test]
    fn what_was_answered_is_used_and_the_last_value_counts() {
        let mut fixes = Fixes::default();
        let [first, second] = [0, 1].map(|_| {
            let fix = fixes.begins(place(), ITEM);
            fixes.ends(place(), &fix, true);
            fix.value
        });
        assert!(!fixes.clone().clears(place(), ITEM, ITEM) && !fixes.clone().clears(place(), ITEM, &first));
        assert!(fixes.clears(place(), ITEM, &second));
    }
}
