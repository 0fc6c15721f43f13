//! Regular expressions of ECMA-262, as with the flag `u`, in the words of the engine that runs them. The two dialects
//! look alike and differ: `\d`, `\w`, `\b` and `.` take in more or less, `[]` and `\u` are written otherwise, `&&` in a
//! class is an operator, a group's name has other letters, and a back-reference to a group that did not match fails
//! instead of matching nothing. What has no counterpart is refused.

use std::borrow::Cow;

mod captures;
mod class;
mod foreign;
mod property;
mod sets;
mod translator;

use translator::Translator;

const NOT_ECMA: &str = "not a regular expression of ECMA-262 (as with the flag u)";
/// The pattern in the engine's words; as it is if they are the same. The words are ECMA-262 too, as some meta-schemas ask.
///
/// # Errors
/// Why it is refused, for people.
pub(crate) fn translate(pattern: &str) -> Result<Cow<'_, str>, String> {
    if !jsonschema_regex::is_valid_ecma_regex(pattern) {
        return Err(match foreign::hint(pattern) {
            Some(hint) => format!("{NOT_ECMA}: {hint}"),
            None => NOT_ECMA.to_owned(),
        });
    }
    let mut translator = Translator::new(pattern);
    translator.pattern()?;
    Ok(if translator.differs { Cow::Owned(translator.out) } else { Cow::Borrowed(pattern) })
}

#[cfg(test)]
mod tests;
