//! Walks over a pattern and translates it into the engine's dialect.

use super::captures::{Captures, Group};
use super::property;
use super::sets::{ANY, DIGIT, DOT, NOT_DIGIT, NOT_SPACE, NOT_WORD, SPACE, WORD, literal};

/// Why a pattern of ECMA-262 is refused.
pub(super) type Refused = &'static str;

pub(super) const MODIFIERS: Refused = "groups with modifiers, such as (?i:…), are not supported in a pattern";
pub(super) const REFERENCE: Refused = "a back-reference is supported only where its group has certainly matched: not before the group, not if the group is optional, and not in a look-behind";
pub(super) const NO_PROPERTY: Refused = "\\p names a property that is not supported in a pattern";
pub(super) const PROPERTY: Refused =
    "\\p names no property that ECMA-262 has (as it is written there: \\p{Lu}, \\p{Script=Greek}, \\p{Alphabetic})";

/// Walks over a pattern that is known to be well formed.
pub(super) struct Translator<'a> {
    pub(super) rest: &'a str,
    /// From the construct on that is being read.
    pub(super) construct: &'a str,
    pub(super) out: String,
    /// True if the engine would read the pattern differently than ECMA-262 does.
    pub(super) differs: bool,
    captures: Captures,
    /// Where each group that is open begins in `out`.
    opened: Vec<usize>,
}

impl<'a> Translator<'a> {
    pub(super) fn new(pattern: &'a str) -> Self {
        Self {
            rest: pattern,
            construct: pattern,
            out: String::with_capacity(pattern.len()),
            differs: false,
            captures: Captures::new(pattern),
            opened: Vec::new(),
        }
    }

    pub(super) fn pattern(&mut self) -> Result<(), Refused> {
        while let Some(c) = self.next_construct() {
            match c {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '.' => self.set(DOT),
                '(' => self.open()?,
                ')' => self.close(),
                '|' => {
                    self.captures.alternative();
                    self.out.push('|');
                }
                c => self.out.push(c),
            }
        }
        Ok(())
    }

    fn next_construct(&mut self) -> Option<char> {
        self.construct = self.rest;
        self.next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn until(&mut self, end: char) -> &'a str {
        let (before, after) = self.rest.split_once(end).unwrap_or((self.rest, ""));
        self.rest = after;
        before
    }

    /// The engine writes it differently.
    pub(super) fn other(&mut self, text: &str) {
        self.differs = true;
        self.out.push_str(text);
    }

    fn set(&mut self, members: &str) {
        match members {
            "" => self.out.push_str(&format!("[^{ANY}]")),
            members => self.out.push_str(&format!("[{members}]")),
        }
    }

    fn open(&mut self) -> Result<(), Refused> {
        self.opened.push(self.out.len());
        let looks = [("?:", Group::Plain), ("?=", Group::Ahead), ("?!", Group::Never), ("?<=", Group::Behind), ("?<!", Group::Behind)];
        for (start, group) in looks {
            if self.eat(start) {
                // In a pattern with look-around, the engine reads everything literally.
                self.differs |= group != Group::Plain;
                self.captures.open(group);
                self.out.push('(');
                self.out.push_str(start);
                return Ok(());
            }
        }
        if self.eat("?<") {
            let name = self.until('>').to_owned();
            self.captures.open_capture(Some(name));
            self.other("(");
        } else if self.rest.starts_with('?') {
            return Err(MODIFIERS);
        } else {
            self.captures.open_capture(None);
            self.out.push('(');
        }
        Ok(())
    }

    fn close(&mut self) {
        self.captures.close(minimum_is_zero(self.rest));
        let begin = self.opened.pop().unwrap_or_default();
        // The engine repeats no group that it takes for nothing, or for a look-around alone.
        match self.out[begin..].strip_prefix("(?:") {
            Some("") => self.other("|"),
            Some(content) if self.rest.starts_with(['*', '+', '?', '{']) && begins_with_look_around(content) => self.other("(?=)"),
            _ => {}
        }
        self.out.push(')');
    }

    fn escape(&mut self) -> Result<(), Refused> {
        let c = self.next().unwrap_or('\\');
        match c {
            'd' => self.set(DIGIT),
            'D' => self.set(NOT_DIGIT),
            'w' => self.set(WORD),
            'W' => self.set(NOT_WORD),
            's' => self.set(SPACE),
            'S' => self.set(NOT_SPACE),
            'b' | 'B' => self.word_boundary(c == 'B'),
            'p' | 'P' => {
                let property = self.property(c == 'P')?;
                self.differs = true;
                self.set(&property);
            }
            'k' => {
                self.eat("<");
                let name = self.until('>');
                let group = self.captures.named(name).ok_or(REFERENCE)?;
                self.reference(group)?;
            }
            '1'..='9' => {
                let more = self.rest.len() - self.rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
                let number = format!("{c}{}", &self.rest[..more]);
                self.rest = &self.rest[more..];
                self.reference(number.parse().map_err(|_| REFERENCE)?)?;
            }
            c => match self.code_point(c) {
                Some(c) => self.literal(c),
                None => self.other(&format!("[^{ANY}]")),
            },
        }
        Ok(())
    }

    /// Words consist of ASCII letters, digits and `_`, as for `\w`.
    fn word_boundary(&mut self, negated: bool) {
        let text = match negated {
            false => format!("(?:(?<=[{WORD}])(?![{WORD}])|(?<![{WORD}])(?=[{WORD}]))"),
            true => format!("(?:(?<=[{WORD}])(?=[{WORD}])|(?<![{WORD}])(?![{WORD}]))"),
        };
        self.other(&text);
    }

    fn reference(&mut self, group: u32) -> Result<(), Refused> {
        if !self.captures.has_matched(group) {
            return Err(REFERENCE);
        }
        // A digit that follows must not become part of the number.
        self.other(&format!("(?:\\{group})"));
        Ok(())
    }

    pub(super) fn property(&mut self, negated: bool) -> Result<String, Refused> {
        self.eat("{");
        let name = self.until('}');
        property::translate(name, negated).ok_or_else(|| if property::exists(name) { NO_PROPERTY } else { PROPERTY })
    }

    /// An escaped character, kept unchanged if both dialects have it.
    fn literal(&mut self, c: char) {
        if r"\.+*?()|[]{}^$/-".contains(c) {
            self.out.push('\\');
            self.out.push(c);
        } else {
            self.other(&literal(c));
        }
    }

    /// The character of an escape whose first character is `first`; `None` for half of a surrogate pair, which no text
    /// contains.
    pub(super) fn code_point(&mut self, first: char) -> Option<char> {
        let value = match first {
            'f' => 0x0C,
            'n' => 0x0A,
            'r' => 0x0D,
            't' => 0x09,
            'v' => 0x0B,
            '0' => 0,
            'c' => self.next().map_or(0, |letter| letter as u32 % 32),
            'x' => self.hex(2),
            'u' if self.eat("{") => u32::from_str_radix(self.until('}').trim_start_matches('0'), 16).unwrap_or(0),
            'u' => self.utf16(),
            c => c as u32,
        };
        char::from_u32(value)
    }

    fn hex(&mut self, digits: usize) -> u32 {
        let (number, rest) = self.rest.split_at_checked(digits).unwrap_or((self.rest, ""));
        self.rest = rest;
        u32::from_str_radix(number, 16).unwrap_or(0)
    }

    fn utf16(&mut self) -> u32 {
        let lead = self.hex(4);
        let before = self.rest;
        if (0xD800..0xDC00).contains(&lead) && self.eat("\\u") && !self.rest.starts_with('{') {
            let trail = self.hex(4);
            if (0xDC00..0xE000).contains(&trail) {
                return 0x10000 + ((lead - 0xD800) << 10) + (trail - 0xDC00);
            }
        }
        self.rest = before;
        lead
    }
}

/// True if the first thing in a group, or in groups within it, is a look-around.
fn begins_with_look_around(content: &str) -> bool {
    let first = content.trim_start_matches("(?:");
    ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|start| first.starts_with(start))
}

/// True if what was just closed need not match at all.
fn minimum_is_zero(rest: &str) -> bool {
    let counted = rest.strip_prefix('{').map(|count| count.trim_start_matches('0'));
    rest.starts_with(['*', '?']) || counted.is_some_and(|count| rest.starts_with("{0") && count.starts_with([',', '}']))
}
