//! Which groups have certainly matched at a place of a pattern. In ECMA-262 a back-reference to a group that has not
//! matched matches nothing, and each turn of a loop resets its groups. The engine does neither.

use std::collections::{BTreeSet, HashMap};

/// A pair of parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// `(?:…)`
    Plain,
    /// `(…)` with its number
    Capture(u32),
    /// `(?=…)`
    Ahead,
    /// `(?!…)`: what matches within is never seen outside.
    Never,
    /// `(?<=…)`, `(?<!…)`: read from the right to the left.
    Behind,
}

#[derive(Debug)]
struct Frame {
    group: Group,
    /// Groups that had matched where this group was opened.
    before: BTreeSet<u32>,
    /// Groups that have matched inside it.
    here: BTreeSet<u32>,
    /// Groups that have matched at the end of each alternative so far.
    alternatives: Option<BTreeSet<u32>>,
}

impl Frame {
    fn new(group: Group, before: BTreeSet<u32>) -> Self {
        Self { group, here: before.clone(), before, alternatives: None }
    }

    fn end_alternative(&mut self) {
        let here = std::mem::replace(&mut self.here, self.before.clone());
        self.alternatives = Some(match self.alternatives.take() {
            None => here,
            Some(others) => others.intersection(&here).copied().collect(),
        });
    }
}

#[derive(Debug)]
pub(super) struct Captures {
    frames: Vec<Frame>,
    count: u32,
    names: HashMap<String, u32>,
    /// Without back-references nothing has to be recorded.
    needed: bool,
}

impl Captures {
    pub(super) fn new(pattern: &str) -> Self {
        let escaped = |(at, _): (usize, &str)| pattern[at + 1..].starts_with(|c: char| c == 'k' || c.is_ascii_digit());
        let needed = pattern.match_indices('\\').any(escaped);
        Self { frames: vec![Frame::new(Group::Plain, BTreeSet::new())], count: 0, names: HashMap::new(), needed }
    }

    pub(super) fn open_capture(&mut self, name: Option<String>) {
        self.count += 1;
        // Two groups with the same name may be in different alternatives, so neither has certainly matched.
        let number = if name.as_ref().is_some_and(|name| self.names.contains_key(name)) { 0 } else { self.count };
        self.names.extend(name.map(|name| (name, number)));
        self.open(Group::Capture(self.count));
    }

    pub(super) fn open(&mut self, group: Group) {
        let before = self.frames.last().filter(|_| self.needed).map_or_else(BTreeSet::new, |frame| frame.here.clone());
        self.frames.push(Frame::new(group, before));
    }

    pub(super) fn alternative(&mut self) {
        if let Some(frame) = self.frames.last_mut().filter(|_| self.needed) {
            frame.end_alternative();
        }
    }

    /// Ends the group; `optional` is true if it need not match.
    pub(super) fn close(&mut self, optional: bool) {
        if !self.needed || self.frames.len() < 2 {
            return;
        }
        let (Some(mut frame), Some(outer)) = (self.frames.pop(), self.frames.last_mut()) else { return };
        frame.end_alternative();
        let mut matched = frame.alternatives.unwrap_or_default();
        if optional || matches!(frame.group, Group::Never | Group::Behind) {
            return;
        }
        if let Group::Capture(number) = frame.group {
            matched.insert(number);
        }
        outer.here = matched;
    }

    /// The number of the group with that name.
    pub(super) fn named(&self, name: &str) -> Option<u32> {
        self.names.get(name).copied()
    }

    /// True if the group has certainly matched at the current place of the pattern.
    pub(super) fn has_matched(&self, group: u32) -> bool {
        let behind = self.frames.iter().any(|frame| frame.group == Group::Behind);
        !behind && self.frames.last().is_some_and(|frame| frame.here.contains(&group))
    }
}
