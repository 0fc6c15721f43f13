//! Finds what makes a pattern no regular expression of ECMA-262: where it is, and what to write instead.

use super::fault_class::ClassAtom;
use super::fault_walk::{Fault, Previous, Walk, fault};
use super::foreign;

/// The first fault of a pattern.
pub(super) fn find(pattern: &str) -> Option<Fault> {
    Walk::new(pattern).pattern().err()
}

impl Walk {
    fn pattern(&mut self) -> Result<(), Fault> {
        while let Some(c) = self.peek() {
            let at = self.at;
            self.at += 1;
            match c {
                '|' => self.previous = Previous::Nothing,
                '(' => self.open(at)?,
                ')' => match self.open.pop() {
                    Some((_, looks)) => self.previous = if looks { Previous::Assertion } else { Previous::Atom },
                    None => return fault(at, "there is no group to close: write \\)"),
                },
                '*' | '+' | '?' => self.quantified(at, c)?,
                '{' => {
                    self.braces(at)?;
                    self.quantified(at, c)?;
                }
                '}' => return fault(at, "} closes nothing: write \\}"),
                ']' => return self.lone_bracket(at),
                '^' | '$' => self.previous = Previous::Assertion,
                '\\' => self.escape(at)?,
                '[' => {
                    self.class(at)?;
                    self.previous = Previous::Atom;
                }
                _ => self.previous = Previous::Atom,
            }
        }
        self.ended()
    }

    /// What only the whole pattern shows.
    fn ended(&mut self) -> Result<(), Fault> {
        if let Some((at, _)) = self.open.pop() {
            return fault(at, "this group is not closed: add ), or write \\(");
        }
        if let Some((at, number)) = self.numbers.iter().find(|(_, number)| *number > self.groups) {
            return fault(*at, format!("there is no group {number}"));
        }
        match self.named.iter().find(|(_, name)| !self.names.contains(name)) {
            Some((at, name)) => fault(*at, format!("there is no group called {name}")),
            None => Ok(()),
        }
    }

    fn lone_bracket(&self, at: usize) -> Result<(), Fault> {
        match self.bracket_in_class.and_then(|begin| Some((begin, foreign::in_class(&self.from(begin))?))) {
            Some((begin, hint)) => fault(begin, hint),
            None => fault(at, "] closes nothing: write \\]"),
        }
    }

    fn quantified(&mut self, at: usize, c: char) -> Result<(), Fault> {
        match self.previous {
            Previous::Atom => {}
            Previous::Nothing => return fault(at, format!("there is nothing to repeat before {c}: write \\{c}")),
            Previous::Assertion => return fault(at, format!("what is before {c} is no text that can be repeated")),
            Previous::Quantifier if c == '+' => return fault(at, "there are no possessive quantifiers: leave this + out"),
            Previous::Quantifier => return fault(at, format!("{c} after another quantifier: put what is before it into (?:…)")),
        }
        self.eat('?');
        self.previous = Previous::Quantifier;
        Ok(())
    }

    /// `{n}`, `{n,}` or `{n,m}`; the opening brace has been read.
    fn braces(&mut self, at: usize) -> Result<(), Fault> {
        if let Some(hint) = foreign::at(&self.from(at)) {
            return fault(at, hint);
        }
        let literal = || fault(at, "{ begins no number of times, such as {2,3}: write \\{");
        let Some(least) = self.digits() else { return literal() };
        let most = if self.eat(',') { self.digits() } else { None };
        if !self.eat('}') {
            return literal();
        }
        let number = |digits: &str| digits.trim_start_matches('0').to_owned();
        let is_more = |most: &String| {
            let (least, most) = (number(&least), number(most));
            (least.len(), &least) > (most.len(), &most)
        };
        match most.filter(is_more) {
            Some(most) => fault(at, format!("{{{least},{most}}} has the larger number first")),
            None => Ok(()),
        }
    }

    /// The opening parenthesis has been read.
    fn open(&mut self, at: usize) -> Result<(), Fault> {
        let mut looks = false;
        if self.eat('?') {
            let rest = self.from(self.at);
            let begin = ["<=", "<!", "=", "!", ":"].into_iter().find(|begin| rest.starts_with(begin));
            if let Some(begin) = begin {
                looks = begin != ":";
                self.at += begin.len();
            } else if self.eat('<') {
                let name = self.name(at)?;
                self.names.push(name);
                self.groups += 1;
            } else if !self.modifiers() {
                let unknown = "after (? comes one of : = ! <= <!, or <name>";
                return fault(at, foreign::at(&self.from(at)).unwrap_or(unknown));
            }
        } else {
            self.groups += 1;
        }
        self.open.push((at, looks));
        self.previous = Previous::Nothing;
        Ok(())
    }

    /// The flags of a group and its colon, as in `(?i-s:…)`.
    fn modifiers(&mut self) -> bool {
        let rest = self.from(self.at);
        let Some((flags, _)) = rest.split_once(':') else { return false };
        let letters: Vec<char> = flags.chars().filter(|c| *c != '-').collect();
        let is_once = |c: &char| "ims".contains(*c) && letters.iter().filter(|other| *other == c).count() == 1;
        let is_valid = !letters.is_empty() && letters.iter().all(is_once) && flags.matches('-').count() <= 1;
        self.at += if is_valid { flags.len() + 1 } else { 0 };
        is_valid
    }

    /// A group's name and the `>` behind it.
    fn name(&mut self, at: usize) -> Result<String, Fault> {
        let begin = self.at;
        while self.next().is_some_and(|c| c != '>') {}
        let name: String = self.chars[begin..self.at.saturating_sub(1).max(begin)].iter().collect();
        let is_of_name = |(place, c): (usize, char)| c.is_alphabetic() || "$_".contains(c) || place > 0 && c.is_numeric();
        // An escape in a name is left to the validator.
        let is_name = name.contains('\\') || !name.is_empty() && name.chars().enumerate().all(is_of_name);
        let words = "a group's name has letters, digits, _ and $, does not begin with a digit, and ends with >";
        if is_name && self.chars[self.at - 1] == '>' { Ok(name) } else { fault(at, words) }
    }

    /// Outside of a class; the backslash has been read.
    fn escape(&mut self, at: usize) -> Result<(), Fault> {
        self.previous = Previous::Atom;
        match self.peek() {
            Some('b' | 'B') => {
                self.at += 1;
                self.previous = Previous::Assertion;
                Ok(())
            }
            Some('k') => {
                self.at += 1;
                if !self.eat('<') {
                    return fault(at, "after \\k comes the name of a group: \\k<name>");
                }
                let name = self.name(at)?;
                self.named.extend((!name.contains('\\')).then_some((at, name)));
                Ok(())
            }
            Some('1'..='9') => {
                let number = self.digits().and_then(|digits| digits.parse().ok()).unwrap_or(usize::MAX);
                self.numbers.push((at, number));
                Ok(())
            }
            _ => self.class_escape(at).map(|_: ClassAtom| ()),
        }
    }
}
