//! What other dialects of regular expressions have and ECMA-262 does not, and what to write instead.

/// A beginning of what is foreign, and what to write instead. The first that is found is told.
const FOREIGN: &[(&str, &str)] = &[
    ("(?P<", "a named group is written (?<name>…)"),
    ("(?P=", "a reference to a named group is written \\k<name>"),
    ("(?>", "there are no atomic groups"),
    ("(?#", "there are no comments"),
    ("(?(", "there are no conditions"),
    ("(?R", "there is no recursion"),
    ("(?i", "there are no flags: write [Aa] for (?i)a"),
    ("(?m", "there are no flags: write (^|\\n) for (?m)^"),
    ("(?s", "there are no flags: write [^] for (?s)."),
    ("(?x", "there are no flags and no comments"),
    ("[[:", "a class such as [[:alpha:]] is written [A-Za-z] or \\p{Alphabetic}"),
    ("\\A", "the beginning is ^"),
    ("\\Z", "the end is $"),
    ("\\z", "the end is $"),
    ("\\Q", "there are no quotes such as \\Q…\\E: put \\ before each sign"),
    ("\\h", "there is no \\h: write [ \\t]"),
    ("\\R", "there is no \\R: write (\\r\\n|\\n|\\r)"),
    ("\\e", "there is no \\e: write \\x1b"),
    ("\\a", "there is no \\a: write \\x07"),
    ("*+", "there are no possessive quantifiers"),
    ("++", "there are no possessive quantifiers"),
    ("?+", "there are no possessive quantifiers"),
    ("{,", "at most n times is written {0,n}"),
    ("--[", "there is no difference of classes"),
    ("&&", "there is no intersection of classes"),
];

/// What to write instead of the first thing in a pattern that another dialect has.
pub(super) fn hint(pattern: &str) -> Option<&'static str> {
    let at = |begin: &str| pattern.match_indices(begin).map(|(at, _)| at).find(|at| !is_escaped(&pattern[..*at]));
    let found = FOREIGN.iter().filter_map(|(begin, hint)| Some((at(begin)?, *hint)));
    found.min_by_key(|(at, _)| *at).map(|(_, hint)| hint)
}

/// Whether what follows is escaped: an odd number of backslashes precedes it.
fn is_escaped(before: &str) -> bool {
    before.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}
