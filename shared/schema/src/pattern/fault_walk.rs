//! A walk over a pattern that looks for a fault.

/// What is wrong, at a character counted from 0.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) words: String,
}

/// What is before a quantifier.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Previous {
    Nothing,
    Atom,
    Assertion,
    Quantifier,
}

/// Walks over a pattern until something is wrong.
pub(super) struct Walk {
    pub(super) chars: Vec<char>,
    pub(super) at: usize,
    pub(super) previous: Previous,
    /// The groups that are open: where each begins, and whether it only looks.
    pub(super) open: Vec<(usize, bool)>,
    pub(super) groups: usize,
    pub(super) names: Vec<String>,
    /// References to groups by number, and by name, each with its place.
    pub(super) numbers: Vec<(usize, usize)>,
    pub(super) named: Vec<(usize, String)>,
    /// Where the latest class with a bracket in it begins.
    pub(super) bracket_in_class: Option<usize>,
}

pub(super) fn fault<T>(at: usize, words: impl Into<String>) -> Result<T, Fault> {
    Err(Fault { at, words: words.into() })
}

impl Walk {
    pub(super) fn new(pattern: &str) -> Self {
        let (chars, previous, open) = (pattern.chars().collect(), Previous::Nothing, Vec::new());
        let (names, numbers, named) = (Vec::new(), Vec::new(), Vec::new());
        Self { chars, at: 0, previous, open, groups: 0, names, numbers, named, bracket_in_class: None }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    pub(super) fn eat(&mut self, c: char) -> bool {
        let is_here = self.peek() == Some(c);
        self.at += usize::from(is_here);
        is_here
    }

    /// The pattern from a place on.
    pub(super) fn from(&self, at: usize) -> String {
        self.chars[at.min(self.chars.len())..].iter().collect()
    }

    pub(super) fn digits(&mut self) -> Option<String> {
        let begin = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > begin).then(|| self.chars[begin..self.at].iter().collect())
    }
}
