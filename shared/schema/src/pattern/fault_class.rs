//! Faults in classes, and in the escapes that are the same within and outside of them.

use super::fault_walk::{Fault, Walk, fault};
use super::foreign;

/// A member of a class: a character, or `None` for a set such as `\d`.
pub(super) type ClassAtom = Option<u32>;

impl Walk {
    /// The opening bracket has been read.
    pub(super) fn class(&mut self, at: usize) -> Result<(), Fault> {
        self.eat('^');
        loop {
            if self.eat(']') {
                return Ok(());
            }
            let begin = self.at;
            let first = self.class_atom(at)?;
            let dash = self.at;
            if self.peek() == Some('-') && self.chars.get(self.at + 1) != Some(&']') {
                self.at += 1;
                let last = self.class_atom(at)?;
                self.range((begin, first), dash, last)?;
            }
        }
    }

    /// `dash` is the place of the hyphen.
    fn range(&self, (begin, first): (usize, ClassAtom), dash: usize, last: ClassAtom) -> Result<(), Fault> {
        let rest = self.from(dash);
        match (first, last) {
            (Some(first), Some(last)) if first <= last => Ok(()),
            _ if rest.starts_with("--[") => fault(dash, foreign::NO_DIFFERENCE),
            (Some(_), Some(_)) => {
                let shown: String = self.chars[begin..self.at].iter().collect();
                fault(begin, format!("{shown} is no range, since its end comes before its beginning: write \\- for a hyphen"))
            }
            _ => fault(dash, "a set such as \\w is no end of a range: write \\- for a hyphen"),
        }
    }

    /// `class` is where the class begins.
    fn class_atom(&mut self, class: usize) -> Result<ClassAtom, Fault> {
        let at = self.at;
        match self.next() {
            None => fault(class, "this [ is not closed: add ], or write \\["),
            Some('\\') if self.eat('b') => Ok(Some(8)),
            Some('\\') => self.class_escape(at),
            Some(c) => {
                if c == '[' || c == '&' {
                    self.bracket_in_class = Some(class);
                }
                Ok(Some(u32::from(c)))
            }
        }
    }

    /// The backslash has been read.
    pub(super) fn class_escape(&mut self, at: usize) -> Result<ClassAtom, Fault> {
        let Some(c) = self.next() else { return fault(at, "nothing follows \\: write \\\\") };
        let one = |c: u32| Ok(Some(c));
        match c {
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => Ok(None),
            'p' | 'P' => self.property(at),
            'f' => one(0x0C),
            'n' => one(0x0A),
            'r' => one(0x0D),
            't' => one(0x09),
            'v' => one(0x0B),
            'c' => match self.next().filter(char::is_ascii_alphabetic) {
                Some(letter) => one(u32::from(letter) % 32),
                None => fault(at, "after \\c comes a letter"),
            },
            '0' if !self.peek().is_some_and(|c| c.is_ascii_digit()) => one(0),
            '0'..='9' => self.octal(at),
            'x' => match self.hex(2) {
                Some(value) => one(value),
                None => fault(at, "after \\x come two hexadecimal digits"),
            },
            'u' => match self.unicode() {
                Some(value) => one(value),
                None => fault(at, "after \\u come four hexadecimal digits, or up to six in braces"),
            },
            c if !c.is_alphanumeric() => one(u32::from(c)),
            c => match foreign::at(&self.from(at)) {
                Some(hint) => fault(at, hint),
                None => fault(at, format!("there is no \\{c}: write {c}, or \\\\{c} for a backslash before it")),
            },
        }
    }

    /// A number after a backslash that is no back-reference.
    fn octal(&mut self, at: usize) -> Result<ClassAtom, Fault> {
        let digits: String = self.chars[at + 1..].iter().take(3).take_while(|c| ('0'..='7').contains(*c)).collect();
        match u32::from_str_radix(&digits, 8).ok().filter(|value| *value < 256) {
            Some(value) => fault(at, format!("there are no octal numbers: write \\x{value:02x} for \\{digits}")),
            None => fault(at, "no number can be here: write \\x and two hexadecimal digits for a character by its number"),
        }
    }

    fn property(&mut self, at: usize) -> Result<ClassAtom, Fault> {
        let is_word = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
        let inside: String = self.chars[self.at..].iter().skip(1).take_while(|c| is_word(c) || **c == '=').collect();
        let words: Vec<&str> = inside.split('=').collect();
        let is_named = words.len() <= 2 && words.iter().all(|word| !word.is_empty());
        let end = self.at + 1 + inside.chars().count();
        if self.peek() == Some('{') && is_named && self.chars.get(end) == Some(&'}') {
            self.at = end + 1;
            return Ok(None);
        }
        fault(at, "after \\p comes the name of a property in braces, such as \\p{Lu} or \\p{Script=Greek}")
    }

    fn hex(&mut self, count: usize) -> Option<u32> {
        let digits: String = self.chars.get(self.at..self.at + count)?.iter().collect();
        let value = digits.chars().all(|c| c.is_ascii_hexdigit()).then(|| u32::from_str_radix(&digits, 16).ok())??;
        self.at += count;
        Some(value)
    }

    fn unicode(&mut self) -> Option<u32> {
        if self.peek() != Some('{') {
            let lead = self.hex(4)?;
            return Some(if (0xD800..0xDC00).contains(&lead) { self.trail(lead) } else { lead });
        }
        let digits: String = self.chars[self.at + 1..].iter().take_while(|c| c.is_ascii_hexdigit()).collect();
        let end = self.at + 1 + digits.len();
        let short = digits.trim_start_matches('0');
        let value = if short.is_empty() { 0 } else { u32::from_str_radix(short, 16).ok()? };
        let is_whole = !digits.is_empty() && value <= 0x10_FFFF && self.chars.get(end) == Some(&'}');
        self.at = if is_whole { end + 1 } else { self.at };
        is_whole.then_some(value)
    }

    /// The second half of a surrogate pair, if it follows.
    fn trail(&mut self, lead: u32) -> u32 {
        let before = self.at;
        let trail = if self.eat('\\') && self.eat('u') { self.hex(4) } else { None };
        match trail.filter(|trail| (0xDC00..0xE000).contains(trail)) {
            Some(trail) => 0x10000 + ((lead - 0xD800) << 10) + (trail - 0xDC00),
            None => {
                self.at = before;
                lead
            }
        }
    }
}
