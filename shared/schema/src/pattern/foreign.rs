//! What other dialects of regular expressions have and ECMA-262 does not, and what to write instead.

/// A beginning of what is foreign, and what to write instead.
const FOREIGN: &[(&str, &str)] = &[
    ("(?P<", "a named group is written (?<name>…)"),
    ("(?P=", "a reference to a named group is written \\k<name>"),
    ("(?'", "a named group is written (?<name>…)"),
    ("(?>", "there are no atomic groups"),
    ("(?#", "there are no comments"),
    ("(?(", "there are no conditions"),
    ("(?R", "there is no recursion"),
    ("(?|", "there are no groups that reset their numbers"),
    ("(?i", "there are no flags: write [Aa] for (?i)a"),
    ("(?m", "there are no flags: write (^|\\n) for (?m)^"),
    ("(?s", "there are no flags: write [^] for (?s)."),
    ("(?x", "there are no flags and no comments"),
    ("\\A", "the beginning is ^"),
    ("\\Z", "the end is $"),
    ("\\z", "the end is $"),
    ("\\G", "there is no \\G"),
    ("\\Q", "there are no quotes such as \\Q…\\E: put \\ before each sign"),
    ("\\E", "there are no quotes such as \\Q…\\E: put \\ before each sign"),
    ("\\h", "there is no \\h: write [ \\t]"),
    ("\\H", "there is no \\H: write [^ \\t]"),
    ("\\R", "there is no \\R: write (\\r\\n|\\n|\\r)"),
    ("\\N", "there is no \\N: write ."),
    ("\\X", "there is no \\X"),
    ("\\K", "there is no \\K: write (?<=…) for what must be before"),
    ("\\e", "there is no \\e: write \\x1b"),
    ("\\a", "there is no \\a: write \\x07"),
    ("{,", "at most n times is written {0,n}"),
];
pub(super) const NO_DIFFERENCE: &str = "there is no difference of classes";

/// What to write instead, if a pattern begins with what another dialect has.
pub(super) fn at(pattern: &str) -> Option<&'static str> {
    FOREIGN.iter().find(|(begin, _)| pattern.starts_with(begin)).map(|(_, hint)| *hint)
}

/// The same for a class with a bracket in it, behind which another bracket closes nothing.
pub(super) fn in_class(class: &str) -> Option<&'static str> {
    let (inside, _) = class.split_once(']')?;
    match inside {
        _ if inside.contains("[:") => Some("a class such as [[:alpha:]] is written [A-Za-z] or \\p{Alphabetic}"),
        _ if inside.contains("&&") => Some("there is no intersection of classes"),
        _ if inside.contains("--[") => Some(NO_DIFFERENCE),
        _ => None,
    }
}
