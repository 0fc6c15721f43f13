//! Translates regular expressions of ECMA-262 (with the flag `u`) into the engine's dialect. The two look alike but
//! differ. In the engine's dialect `\d`, `\w`, `\b` and `.` match other characters, and `&&` in a class is an operator.
//! `[]` and `\u` are written differently, and group names allow other letters. A back-reference to a group that has not
//! matched fails there, and matches nothing in ECMA-262. Syntax without a counterpart is refused.

use std::borrow::Cow;

mod captures;
mod class;
mod fault;
mod fault_class;
mod fault_walk;
mod foreign;
mod property;
mod scripts;
mod sets;
pub(crate) mod size;
mod translator;

use translator::Translator;

const NOT_ECMA: &str = "not a regular expression of ECMA-262 (as with the flag u)";

/// True for a regular expression of ECMA-262, whether or not the engine can run it.
pub(crate) fn is_ecma(pattern: &str) -> bool {
    jsonschema_regex::is_valid_ecma_regex(pattern) && has_only_properties(pattern)
}

/// True if every `\p{…}` of a well formed pattern names a property.
fn has_only_properties(pattern: &str) -> bool {
    let mut rest = pattern;
    while let Some((_, escaped)) = rest.split_once('\\') {
        let mut chars = escaped.chars();
        let kind = chars.next();
        rest = chars.as_str();
        if matches!(kind, Some('p' | 'P')) {
            let Some((name, behind)) = rest.strip_prefix('{').and_then(|name| name.split_once('}')) else { return false };
            if !property::exists(name) {
                return false;
            }
            rest = behind;
        }
    }
    true
}

/// The pattern in the engine's dialect, unchanged if it means the same there. The result is a pattern of ECMA-262 too,
/// as some meta-schemas require.
///
/// # Errors
///
/// Why it is refused, for people.
pub(crate) fn translate(pattern: &str) -> Result<Cow<'_, str>, String> {
    if !jsonschema_regex::is_valid_ecma_regex(pattern) {
        return Err(match fault::find(pattern) {
            Some(fault) => format!("{NOT_ECMA}: {}", at_character(&fault.words, fault.at)),
            None => format!("{NOT_ECMA}: a group's name is used twice"),
        });
    }
    let mut translator = Translator::new(pattern);
    if let Err(reason) = translator.pattern() {
        let at = pattern.chars().count() - translator.construct.chars().count();
        return Err(at_character(reason, at));
    }
    Ok(if translator.differs { Cow::Owned(translator.out) } else { Cow::Borrowed(pattern) })
}

/// With a place in the pattern, counted from 0, as an editor shows it.
fn at_character(words: &str, at: usize) -> String {
    format!("{words} (at character {})", at + 1)
}

#[cfg(test)]
mod tests;
