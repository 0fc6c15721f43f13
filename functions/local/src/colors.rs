//! Whether to use colours: one decision for each stream, for everything that the command writes.

use std::ffi::OsString;
use std::io::{IsTerminal as _, stderr, stdout};

use clap::ValueEnum as _;

use crate::globals::ColorWhen;

/// Decides for the process. True if stdout has colours.
pub fn choose(when: ColorWhen) -> bool {
    let variable = |name: &str| std::env::var_os(name);
    let on_stdout = are_wanted(when, stdout().is_terminal(), variable);
    console::set_colors_enabled(on_stdout);
    console::set_colors_enabled_stderr(are_wanted(when, stderr().is_terminal(), variable));
    on_stdout
}

/// What the words of a command line ask for, even if there is something wrong with the others.
#[must_use]
pub fn asked(words: &[OsString]) -> ColorWhen {
    let mut words = words.iter().map(|word| word.to_str().unwrap_or_default()).take_while(|word| *word != "--");
    let mut when = ColorWhen::Auto;
    while let Some(word) = words.next() {
        let value = match word.strip_prefix("--color") {
            Some("") => words.next(),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        when = value.and_then(|value| ColorWhen::from_str(value, false).ok()).unwrap_or(when);
    }
    when
}

/// The option comes before the variables. A variable that is empty counts as not set (no-color.org). Nothing is known of a
/// terminal that has no name.
fn are_wanted(when: ColorWhen, is_terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
        ColorWhen::Auto => {
            let is_refused = set("NO_COLOR").is_some() || set("CLICOLOR").is_some_and(|value| value == "0");
            is_terminal && !is_refused && set("TERM").is_some_and(|name| name != "dumb")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_comes_first_and_an_empty_variable_is_not_set() {
        let wanted = |when, is_terminal, set: &[(&str, &str)]| {
            are_wanted(when, is_terminal, |name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()))
        };
        let term = ("TERM", "xterm");
        for (set, colored) in [
            (&[term][..], true),
            (&[term, ("NO_COLOR", "")], true),
            (&[term, ("NO_COLOR", "1")], false),
            (&[term, ("CLICOLOR", "0")], false),
            (&[term, ("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], true),
            (&[term, ("CLICOLOR_FORCE", "0")], true),
            (&[("TERM", "dumb")], false),
            (&[("TERM", "")], false),
            (&[], false),
        ] {
            assert_eq!(wanted(ColorWhen::Auto, true, set), colored, "{set:?}");
            assert!(wanted(ColorWhen::Always, false, set) && !wanted(ColorWhen::Never, true, set), "{set:?}");
        }
        assert!(!wanted(ColorWhen::Auto, false, &[term]));
    }

    #[test]
    fn the_option_is_seen_among_words_that_are_wrong() {
        for (words, when) in [
            (&["headway", "status", "x", "--color", "never"][..], ColorWhen::Never),
            (&["headway", "--color=always", "--nothing"], ColorWhen::Always),
            (&["headway", "--color=always", "--color", "never"], ColorWhen::Never),
            (&["headway", "--color", "blue"], ColorWhen::Auto),
            (&["headway", "--colors=never", "--color"], ColorWhen::Auto),
            (&["headway", "status", "--", "--color=never"], ColorWhen::Auto),
        ] {
            let words: Vec<OsString> = words.iter().map(Into::into).collect();
            assert_eq!(asked(&words), when, "{words:?}");
        }
    }
}
