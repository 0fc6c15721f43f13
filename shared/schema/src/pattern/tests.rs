use std::borrow::Cow;

use proptest::prelude::*;

use super::translator::{MODIFIERS, NO_PROPERTY, PROPERTY, REFERENCE};
use super::*;

/// True if the engine finds the translated pattern in a text; `None` if it is refused.
fn ours(pattern: &str, text: &str) -> Option<bool> {
    let translated = translate(pattern).ok()?;
    // The validator does this with every pattern.
    let translated = jsonschema_regex::to_rust_regex(&translated).expect("the validator takes it");
    let engine = fancy_regex::Regex::new(&translated).unwrap_or_else(|e| panic!("{pattern} became {translated}: {e}"));
    engine.is_match(text).ok()
}

/// True if an engine for ECMA-262 finds it. Some escapes, such as `\-`, are allowed in ECMA-262 only without the flag.
fn theirs(pattern: &str, text: &str) -> Option<bool> {
    let engine = regress::Regex::with_flags(pattern, "u").or_else(|_| regress::Regex::new(pattern)).ok()?;
    Some(engine.find(text).is_some())
}

const TEXTS: &[&str] = &[
    "",
    "a",
    "A",
    "0",
    "_",
    "-",
    "é",
    "߀",
    "৪২",
    "42",
    "a b",
    "\n",
    "abc\n",
    "\r",
    "\u{2028}",
    "\u{85}",
    "\u{a0}",
    "\u{feff}",
    "\u{180e}",
    "\t",
    "\u{b}",
    "\u{c}",
    "\0",
    "ab",
    "aa",
    "ba",
    "aab",
    "abab",
    "&",
    "&&",
    "~",
    "[",
    "]",
    "[a]",
    "^",
    "<a>",
    "K",
    "\u{212a}",
    "ſ",
    "s",
    "𝒳",
    "\u{10ffff}",
    "\u{1F432}",
    "Ω",
    "ω",
    "日本",
    "naïve café",
    "é a",
    "\\",
    "/",
    "$",
    "a-b",
    "xyz",
    "{1}",
    "}",
    "aé",
    "Ab1_",
    "\u{7f}",
    "\u{300}",
    "😀",
];

/// Every kind of construct in which the two dialects differ, or might differ.
const PATTERNS: &[&str] = &[
    r"^\d$",
    r"^\D$",
    r"^\w+$",
    r"^\W$",
    r"^\s$",
    r"^\S+$",
    r"^.$",
    r"a$",
    r"^abc$",
    r"\bé",
    r"\b",
    r"\B",
    r"^\B",
    r"a\b",
    r"é\b",
    r"[\b]",
    r"[\d\w]",
    r"[^\d\s]",
    r"[\D]",
    r"[^\W]",
    r"[\S\n]",
    r"^[]$",
    r"^[^]$",
    r"[a-]",
    r"[-a]",
    r"[a-z&&[^b]",
    r"^[&&]$",
    r"^[a~~b]$",
    r"^[+--]$",
    r"^[[a]$",
    r"[\]]",
    r"[\[]",
    r"[^^]",
    r"[\-]",
    r"[$.]",
    r"\x41",
    r"\u0041",
    r"\u{1F432}",
    r"\uD83D\uDC32",
    r"^[\uD83D\uDC32]$",
    r"\uD83D",
    r"[\uD83D]",
    r"[^\uD83D]",
    r"^[\u0000-\u{10FFFF}]$",
    r"^[\uD7FF-\uE000]$",
    r"\cA",
    r"\cj",
    r"[\cJ]",
    r"\0",
    r"\t",
    r"\v",
    r"\f",
    r"[\t\v]",
    r"\/",
    r"\-",
    r"\<a\>",
    r"\_",
    r"\@",
    r"^\p{L}+$",
    r"\p{Letter}",
    r"\p{digit}",
    r"\P{L}",
    r"[\p{Lu}\d]",
    r"[^\p{L}]",
    r"\p{Script=Greek}",
    r"\p{sc=Grek}",
    r"\p{scx=Hira}",
    r"\P{Script=Han}",
    r"\p{Alphabetic}",
    r"\p{White_Space}",
    r"\p{Any}",
    r"^\P{Any}$",
    r"\p{ASCII}",
    r"\P{ASCII}",
    r"[^\P{ASCII}]",
    r"\p{Emoji}",
    r"\p{Assigned}",
    r"\P{Assigned}",
    r"\p{gc=Lu}",
    r"\p{General_Category=Uppercase_Letter}",
    r"(?=a)\w",
    r"(?!a)\w",
    r"^(?=.*\d)(?=.*[a-z]).+$",
    r"(?<=\d)\d",
    r"(?<!\d)\d",
    r"(?<=\w)é",
    r"(?<=a+)b",
    r"(a)\1",
    r"(a)(b)\2",
    r"(?<n>a)\k<n>",
    r"(?<π>a)b\k<π>",
    r"^(a|b)\1$",
    r"(?:(a)b)\1",
    r"(?=(a+))\1b",
    r"(a)\1{2}",
    r"((a)\2)",
    r"^(?:a|ab)(?:c|bcd)?$",
    r"a{2}",
    r"a{0,1}b",
    r"a{1,}?b",
    r"(a*)*b",
    r"^(\w+\s?)*$",
    r"x|",
    r"",
    r"()",
    r"(?:)",
    r"^[^<>]+$",
    r"^\$?\d",
    "é",
    "日",
    r"[é-ü]",
    r"^(?:(?!ab).)*$",
    // Bug found: refused, as the engine repeats no look-around alone.
    r"(?:(?=a))?b",
    r"^(?:(?<!a))*b",
    r"(?:(?<!a.)){1}$",
    r"(?:(?:(?!a)))+.",
    r"(?:(?=a)|(?=b)){2}.$",
];

/// The two dialects agree on every construct that is accepted, and nothing is accepted that is not ECMA-262.
#[test]
fn every_pattern_means_what_it_means_in_ecma_262() {
    for pattern in PATTERNS {
        for text in TEXTS {
            assert_eq!(ours(pattern, text), theirs(pattern, text), "{pattern} on {text:?}, as {:?}", translate(pattern));
        }
    }
}

/// If a draft's meta-schema checks patterns, a translated pattern is still one of ECMA-262.
#[test]
fn plain_patterns_stay_valid() {
    for pattern in PATTERNS {
        let plain = translate(pattern).unwrap();
        assert!(jsonschema_regex::is_valid_ecma_regex(&plain), "{pattern} became {plain}");
    }
}

#[test]
fn common_patterns_stay_as_they_are() {
    for pattern in
        [r"^[A-Z]{3}$", r"^\d{4}-\d{2}$", r"^[\w.]+@[\w.]+\.\w+$", r"^(a|b|c)$", "^x", r"^\S*$", r".+", r"^\+?[0-9 ()]+$", r"^[^\s]+$"]
    {
        assert_eq!(translate(pattern), Ok(Cow::Borrowed(pattern)));
    }
}

/// A construct without a counterpart is refused, since it would mean something else.
#[test]
fn constructs_without_a_counterpart_are_refused() {
    let table = [
        ("(?i:a)", MODIFIERS),
        (r"\1(a)", REFERENCE),
        (r"(a\1)", REFERENCE),
        (r"(a)?\1", REFERENCE),
        (r"(a)*\1", REFERENCE),
        (r"(a){0,2}\1", REFERENCE),
        (r"(?:(a)|b)\1", REFERENCE),
        (r"(?:(a)|b)*\1", REFERENCE),
        (r"(?!(a))\1", REFERENCE),
        (r"(?<=(a))\1", REFERENCE),
        (r"(a)(?<=\1)", REFERENCE),
        (r"(?:(?<n>a)|(?<n>b))\k<n>", REFERENCE),
        (r"\p{Greek}", PROPERTY),
        (r"\p{letter}", PROPERTY),
        (r"\p{Script=GREEK}", PROPERTY),
        (r"[\p{nope}]", PROPERTY),
        (r"\p{Script=Foo}", PROPERTY),
        (r"\p{scx=OldItalic}", PROPERTY),
        (r"\p{Bidi_Mirrored}", NO_PROPERTY),
        (r"\a", NOT_ECMA),
        (r"(?P<n>a)", NOT_ECMA),
        (r"(?i)a", NOT_ECMA),
        (r"a++", NOT_ECMA),
        (r"\Z", NOT_ECMA),
        (r"[[:alpha:]]", NOT_ECMA),
        (r"a{,2}", NOT_ECMA),
        (r"(", NOT_ECMA),
    ];
    for (pattern, reason) in table {
        let refused = translate(pattern).unwrap_err();
        assert!(refused.starts_with(reason), "{pattern}: {refused}");
    }
}

/// What the format `regex` takes is what an engine for ECMA-262 takes: a property's name counts, and what only our engine
/// cannot run is fine. Without need escaped characters are fine too, as in `pattern`.
#[test]
fn the_format_is_ecma_262() {
    for (pattern, valid) in [
        (r"\p{Foo}", false),
        (r"\p{Script=Foo}", false),
        (r"\p{IsGreek}", false),
        (r"\p{Lowercase=true}", false),
        (r"\p{Block=ASCII}", false),
        (r"\p{Line_Break}", false),
        (r"\p{lu}", false),
        (r"\p{Lu }", false),
        (r"[^\p{L}\P{nope}]", false),
        (r"(?<=\p{Greek})a", false),
        (r"(?i:\p{Foo})", false),
        (r"(a)?\1\p{Foo}", false),
        (r"\p{}", false),
        (r"\p{L", false),
        (r"\pL", false),
        (r"\p{Script=Greek}", true),
        (r"\P{scx=Grek}", true),
        (r"\p{Script=SignWriting}", true),
        (r"\p{gc=Lu}\p{Letter}\p{ASCII}\p{Any}\p{Assigned}", true),
        (r"\p{Bidi_M}", true),
        (r"\\p{Foo}", false),
        (r"\\\\p\{Foo\}", true),
        (r"(a)?\1", true),
    ] {
        assert_eq!(is_ecma(pattern), valid, "{pattern}");
        assert_eq!(regress::Regex::with_flags(pattern, "u").is_ok(), valid, "{pattern}: the other engine");
    }
    assert!(PATTERNS.iter().all(|pattern| is_ecma(pattern)));
}

proptest! {
    /// Random combinations of such constructs: if both accept a pattern, both find it in the same texts.
    #[test]
    fn the_two_agree_on_random_patterns(
        parts in prop::collection::vec(prop::sample::select(vec![
            "a", "b", "é", ".", r"\d", r"\w", r"\W", r"\s", r"\S", r"\b", r"\B", "[^a]", r"[\w-]", "[]", "[^]", r"\p{L}", r"\P{Lu}", "(a|b)", "(?:a|b)", "(?=a)", "(?!b)", "(?<=a)", "(?<!b)",
            "(", ")", "|", "*", "+", "?", "{2}", "^", "$", r"\1", r"[\D\d]", r"[a-\u00ff]", r"\u{e9}", "(?:", "_", "1", r"[^\W\d]",
        ]), 0..7),
        text in "[abé_1 \n]{0,6}",
    ) {
        let pattern = parts.concat();
        if let (Some(ours), Some(theirs)) = (ours(&pattern, &text), theirs(&pattern, &text)) {
            prop_assert_eq!(ours, theirs, "{} on {:?}, as {:?}", pattern, text, translate(&pattern));
        }
    }
}

/// An engine that refuses to repeat nothing would make a pattern of ECMA-262 none.
#[test]
fn a_group_of_nothing_may_be_repeated() {
    for pattern in ["(?:)*", "(?:(?:)){2}a", "()*", "(?:|)+"] {
        assert!(ours(pattern, "a").is_some(), "{pattern}");
    }
}

mod faults;
