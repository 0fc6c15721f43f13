//! Character classes.

use super::sets::{ANY, DIGIT, NOT_DIGIT, NOT_SPACE, NOT_WORD, SPACE, WORD, literal};
use super::translator::{Refused, Translator};

/// One member of a class.
enum Member {
    /// A character, or half of a surrogate pair, as a number.
    One(u32),
    /// A set, in the engine's dialect.
    Set(String),
}

impl Translator<'_> {
    /// A class; its opening bracket has been read already.
    pub(super) fn class(&mut self) -> Result<(), Refused> {
        let negated = self.eat("^");
        let mut class = String::new();
        while !self.eat("]") && !self.rest.is_empty() {
            let first = self.class_member()?;
            if self.rest.starts_with('-') && !self.rest.starts_with("-]") {
                self.eat("-");
                let (Member::One(from), Member::One(to)) = (first, self.class_member()?) else { continue };
                class.push_str(&range(from, to));
            } else {
                class.push_str(&match first {
                    Member::One(value) => range(value, value),
                    Member::Set(set) => set,
                });
            }
        }
        match (class.as_str(), negated) {
            // `[]`, or only halves of surrogate pairs.
            ("", false) => self.other(&format!("[^{ANY}]")),
            ("", true) => self.other(&format!("[{ANY}]")),
            (class, false) => self.out.push_str(&format!("[{class}]")),
            (class, true) => self.out.push_str(&format!("[^{class}]")),
        }
        Ok(())
    }

    fn class_member(&mut self) -> Result<Member, Refused> {
        let c = self.next().unwrap_or_default();
        if c != '\\' {
            // Only the engine has operators and nested classes.
            self.differs |= "[&~-".contains(c);
            return Ok(Member::One(c as u32));
        }
        let c = self.next().unwrap_or_default();
        let set = match c {
            'd' => DIGIT,
            'D' => NOT_DIGIT,
            'w' => WORD,
            'W' => NOT_WORD,
            's' => SPACE,
            'S' => NOT_SPACE,
            'p' | 'P' => {
                self.differs = true;
                return self.property(c == 'P').map(Member::Set);
            }
            'b' => {
                self.differs = true;
                return Ok(Member::One(8));
            }
            c => {
                self.differs |= !r"\.+*?()|[]{}^$/-".contains(c);
                let before = self.rest;
                return Ok(Member::One(self.code_point(c).map_or_else(|| half(before, c), |c| c as u32)));
            }
        };
        Ok(Member::Set(set.to_owned()))
    }
}

/// The value of an escaped half of a surrogate pair.
fn half(rest: &str, first: char) -> u32 {
    let digits = rest.trim_start_matches('{').trim_start_matches('0');
    let end = digits.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(digits.len()).min(4);
    if first == 'u' { u32::from_str_radix(&digits[..end], 16).unwrap_or(0xD800) } else { 0xD800 }
}

/// The characters between two characters, without halves of surrogate pairs.
fn range(from: u32, to: u32) -> String {
    let part = |from: u32, to: u32| match (char::from_u32(from), char::from_u32(to)) {
        (Some(a), Some(b)) if from < to => format!("{}-{}", literal(a), literal(b)),
        (Some(a), Some(_)) if from == to => literal(a),
        _ => String::new(),
    };
    if to < 0xD800 || from > 0xDFFF {
        return part(from, to);
    }
    let below = if from < 0xD800 { part(from, 0xD7FF) } else { String::new() };
    let above = if to > 0xDFFF { part(0xE000, to) } else { String::new() };
    below + &above
}
