use super::*;

/// What is wrong with a pattern, and where.
#[test]
fn a_refused_pattern_says_where_and_what_to_write() {
    for (pattern, says, at) in [
        // Other dialects.
        (r"(?P<y>\d)", "a named group is written (?<name>…)", 1),
        ("a(?i)bc", "write [Aa] for (?i)a", 2),
        (r"^\A\z", "the beginning is ^", 2),
        (r"a\z", "the end is $", 2),
        (r"^a\Z", "the end is $", 3),
        ("x[[:alpha:]]+(", "written [A-Za-z]", 2),
        ("[a-z&&[^b]]", "there is no intersection of classes", 1),
        ("[a--[b]]", "there is no difference of classes", 3),
        ("a++", "possessive quantifiers: leave this + out", 3),
        ("(ab){2}+", "possessive quantifiers: leave this + out", 8),
        ("a{,5}", "{0,n}", 2),
        (r"\hx", r"write [ \t]", 1),
        ("(?>a)", "atomic", 1),
        (r"[\012]", r"write \x0a for \012", 2),
        (r"\012", r"write \x0a for \012", 1),
        (r"[\1]", r"write \x01 for \1", 2),
        (r"\Qa.b\E", "put \\ before each sign", 1),
        // Not escaped.
        (r"^[\w-.]+$", r"a set such as \w is no end of a range: write \- for a hyphen", 5),
        (r"[a-\d]", r"write \- for a hyphen", 3),
        ("[z-a]", r"z-a is no range, since its end comes before its beginning", 2),
        ("^a}$", r"} closes nothing: write \}", 3),
        ("a]", r"] closes nothing: write \]", 2),
        ("[a[b]]", r"] closes nothing: write \]", 6),
        ("é{b}", r"{ begins no number of times, such as {2,3}: write \{", 2),
        ("a)", r"there is no group to close: write \)", 2),
        ("*.csv", r"there is nothing to repeat before *: write \*", 1),
        ("+49", r"there is nothing to repeat before +: write \+", 1),
        ("a|?", r"there is nothing to repeat before ?", 3),
        ("^*", "what is before * is no text that can be repeated", 2),
        ("(?=a){2}", "what is before { is no text that can be repeated", 6),
        ("a**", "* after another quantifier", 3),
        ("a{3,1}", "{3,1} has the larger number first", 2),
        ("(a", r"this group is not closed: add ), or write \(", 1),
        ("b[a", r"this [ is not closed: add ], or write \[", 2),
        (r"[a\\A(", r"this [ is not closed: add ], or write \[", 1),
        // Escapes and names.
        (r"a\", r"nothing follows \: write \\", 2),
        (r"\y", r"there is no \y: write y", 1),
        (r"\xg1", r"after \x come two hexadecimal digits", 1),
        (r"\u12", r"after \u come four hexadecimal digits", 1),
        (r"\u{110000}", r"after \u come four hexadecimal digits", 1),
        (r"\c1", r"after \c comes a letter", 1),
        (r"\pL", r"after \p comes the name of a property in braces", 1),
        (r"\p{Lu", r"after \p comes the name of a property in braces", 1),
        (r"\k", r"after \k comes the name of a group", 1),
        (r"\k<n>", "there is no group called n", 1),
        (r"(a)\2", "there is no group 2", 4),
        ("(?<1>a)", "a group's name has letters", 1),
        ("(?<n", "a group's name has letters", 1),
        ("(?a)", "after (? comes one of", 1),
        ("(?", "after (? comes one of", 1),
    ] {
        let refused = translate(pattern).unwrap_err();
        let place = format!(" (at character {at})");
        assert!(refused.starts_with("not a regular expression of ECMA-262"), "{pattern}: {refused}");
        assert!(refused.contains(says) && refused.ends_with(&place), "{pattern}: {refused}");
    }
}

/// A pattern of ECMA-262 that cannot be run says where, too.
#[test]
fn a_construct_without_a_counterpart_has_its_place() {
    for (pattern, at) in [(r"a(?i:b)", 2), (r"ab\1(c)", 3), (r"\p{Lu}\p{nope}", 7)] {
        let refused = translate(pattern).unwrap_err();
        assert!(refused.ends_with(&format!(" (at character {at})")), "{pattern}: {refused}");
    }
}

proptest! {
    /// Whatever is refused has a reason and a place, and nothing else has a fault.
    #[test]
    fn a_fault_is_found_where_there_is_one(parts in prop::collection::vec(prop::sample::select(vec![
        "a", "b", "é", "0", "7", "1", ",", "{", "}", "[", "]", "^", "$", "(", ")", "?", "*", "+", "|", "-", "\\", ":", "=", "!", "<", ">",
        r"\d", r"\w", r"\b", r"\k", "<n>", "(?<n>", "(?:", "(?<!", r"\u", "{1F432}", "00e9", r"\x", "4f", r"\p", "{L}", "{Script=Greek}", r"\c", "{2,3}",
        r"\uD83D", r"\uDC32", "i", "s", "&", "[a-", "(?i-s:", "\u{7f}", "_", "日",
    ]), 0..8)) {
        let pattern = parts.concat();
        let found = fault::find(&pattern);
        // Two groups of one name are refused without a place.
        if pattern.matches("(?<n>").count() < 2 {
            prop_assert_eq!(found.is_none(), jsonschema_regex::is_valid_ecma_regex(&pattern), "{}: {:?}", pattern, found);
        }
        prop_assert!(found.is_none_or(|found| found.at <= pattern.chars().count()));
    }
}
