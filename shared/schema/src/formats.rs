//! Formats that the validator would check too loosely, or too strictly.
//!
//! It accepts a display name beside an e-mail address (`Ann <ann@example.com>`), and a blank in front of one. JSON Schema
//! means the address alone: `Mailbox` of RFC 5321, and for `idn-email` that of RFC 6531.
//!
//! It refuses host names with two hyphens in places 3 and 4, as RFC 5891 does for names beyond ASCII. RFC 1123 allows
//! them; only a label that begins with `xn--` must be a valid A-label of RFC 5890.
//!
//! It judges names beyond ASCII after UTS 46 has mapped them: to lower case, to other characters, and to none. RFC 5891 allows
//! only what stays as it is.
//!
//! It accepts regular expressions with properties that ECMA-262 does not have.
//!
//! It knows relative JSON pointers only as drafts 7 and 2019-09 have them. In 2020-12 they may also move an index (`0-1/a`).

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use icu_normalizer::ComposingNormalizerBorrowed;
use jsonschema::{Draft, ValidationOptions, Validator};
use serde_json::{Value, json};

use crate::{dialect, pattern};

/// The longest part before the `@`, in bytes (RFC 5321, 4.5.3.1.1).
const LOCAL_PART_BYTES_MAX: usize = 64;

/// What an A-label begins with, in upper or lower case.
const A_LABEL: &str = "xn--";

/// What separates labels: RFC 3490, 3.1.
const DOTS: [char; 4] = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];

/// What RFC 5892 allows in no label, though UTS 46 leaves it as it is: the parts of old Hangul syllables (2.9), the blocks of
/// marks for symbols and music (2.8), and a hyphen beyond ASCII, which is no letter.
const DISALLOWED: [RangeInclusive<char>; 6] = [
    '\u{1100}'..='\u{11ff}',
    '\u{20d0}'..='\u{20ff}',
    '\u{30a0}'..='\u{30a0}',
    '\u{a960}'..='\u{a97f}',
    '\u{d7b0}'..='\u{d7ff}',
    '\u{1d100}'..='\u{1d24f}',
];

/// Labels as in RFC 1123, whatever they mean.
static ASCII_HOSTNAME: LazyLock<Option<Validator>> = LazyLock::new(|| of_format("hostname", Draft::Draft6));
static IDN_HOSTNAME: LazyLock<Option<Validator>> = LazyLock::new(|| of_format("idn-hostname", Draft::Draft202012));
/// Without a moved index.
static RELATIVE_POINTER: LazyLock<Option<Validator>> = LazyLock::new(|| of_format("relative-json-pointer", Draft::Draft7));

/// The same options, with these formats checked here.
pub(crate) fn checked_here(options: ValidationOptions<'static>, draft: dialect::Draft) -> ValidationOptions<'static> {
    let options = options
        .with_format("email", |text| is_mailbox(text, false))
        .with_format("idn-email", |text| is_mailbox(text, true))
        .with_format("regex", pattern::is_ecma);
    // Up to draft 6 A-labels are labels like all others.
    let options = if draft < dialect::Draft::D7 {
        options
    } else {
        options.with_format("hostname", is_hostname).with_format("idn-hostname", is_idn_hostname)
    };
    if draft < dialect::Draft::D2020 { options } else { options.with_format("relative-json-pointer", is_relative_pointer) }
}

fn of_format(name: &str, draft: Draft) -> Option<Validator> {
    let options = jsonschema::options().with_draft(draft).offline().should_validate_formats(true);
    options.build(&json!({"format": name})).ok()
}

fn is_hostname(text: &str) -> bool {
    let is_a_label = |label: &str| label.get(..A_LABEL.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(A_LABEL));
    is_valid(&ASCII_HOSTNAME, text) && text.split('.').filter(|label| is_a_label(label)).all(|label| is_valid(&IDN_HOSTNAME, label))
}

/// True if each label beyond ASCII is a U-label.
fn is_idn_hostname(text: &str) -> bool {
    let is_allowed = |c: char| !DISALLOWED.iter().any(|range| range.contains(&c));
    let stays = |label: &str| idna::domain_to_unicode(label).0 == label && label.chars().all(is_allowed);
    is_valid(&IDN_HOSTNAME, text) && text.split(DOTS).filter(|label| !label.is_ascii()).all(stays)
}

/// True for a pointer of draft-bhutton-relative-json-pointer-00, to which 2020-12 refers. Its grammar forgets `0-1#`, which its
/// section 5.1 has.
fn is_relative_pointer(text: &str) -> bool {
    let (up, rest) = split_digits(text);
    let Some(moved) = rest.strip_prefix(['+', '-']) else {
        return is_valid(&RELATIVE_POINTER, text);
    };
    let (by, rest) = split_digits(moved);
    is_valid(&RELATIVE_POINTER, by) && is_valid(&RELATIVE_POINTER, &format!("{up}{rest}"))
}

/// The digits that the text begins with, and what follows.
fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

fn is_valid(format: &Option<Validator>, text: &str) -> bool {
    format.as_ref().is_some_and(|format| format.is_valid(&Value::from(text)))
}

/// `Local-part "@" ( Domain / address-literal )`. With `wide` it may have characters beyond ASCII.
fn is_mailbox(text: &str, wide: bool) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    if local.len() > LOCAL_PART_BYTES_MAX || !wide && !text.is_ascii() {
        return false;
    }
    let is_local = match local.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"').is_some_and(is_quoted),
        None => local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_of_atom)),
    };
    is_local && is_domain(domain, wide)
}

fn is_of_atom(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii()
}

/// In an address a domain need not be normalized (RFC 6531, 3.3).
fn nfc(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

/// What is between the quotes of a local part.
fn is_quoted(text: &str) -> bool {
    let is_printable = |c: char| matches!(c, ' '..='~');
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let fits = match c {
            '\\' => chars.next().is_some_and(is_printable),
            '"' => false,
            c => is_printable(c) || !c.is_ascii(),
        };
        if !fits {
            return false;
        }
    }
    true
}

fn is_domain(domain: &str, wide: bool) -> bool {
    let Some(literal) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
        return if wide { is_idn_hostname(&nfc(domain)) || is_hostname(domain) } else { is_hostname(domain) };
    };
    let v6 = literal.get(..5).filter(|tag| tag.eq_ignore_ascii_case("IPv6:")).map(|tag| &literal[tag.len()..]);
    v6.map_or_else(|| literal.parse::<Ipv4Addr>().is_ok(), |address| address.parse::<Ipv6Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_valid_in(draft: dialect::Draft, meta_schema: &str, format: &str, text: &str) -> bool {
        let options = checked_here(jsonschema::options().offline().should_validate_formats(true), draft);
        options.build(&json!({"$schema": meta_schema, "format": format})).unwrap().is_valid(&Value::from(text))
    }

    fn is_valid(format: &str, text: &str) -> bool {
        is_valid_in(dialect::Draft::DEFAULT, "https://json-schema.org/draft/2020-12/schema", format, text)
    }

    #[test]
    fn an_email_is_the_address_alone() {
        for (text, ascii, wide) in [
            ("ann@example.com", true, true),
            ("a@b", true, true),
            ("o'hara+x=1@a-b.de", true, true),
            ("\"Ann Lee\"@example.com", true, true),
            ("\"a <b\"@example.com", true, true),
            ("\"a\\\"b@c\"@example.com", true, true),
            ("\"\"@example.com", true, true),
            ("a@[127.0.0.1]", true, true),
            ("a@[ipv6:::1]", true, true),
            ("m\u{fc}ller@example.com", false, true),
            ("\"m\u{fc}ller\"@example.com", false, true),
            ("a@b\u{fc}cher.de", false, true),
            // Names, brackets, comments, and blanks around it.
            ("Ann <ann@example.com>", false, false),
            ("\"Ann\" <a@b.de>", false, false),
            ("\"M\u{fc}ller, Ann <a@b.de>\"", false, false),
            ("M\u{fc}ller, Ann <a@b.de>", false, false),
            ("<a@b.de>", false, false),
            (" <a@b.de>", false, false),
            (" a@b.de", false, false),
            ("a@b.de ", false, false),
            ("a@b.de\n", false, false),
            ("a @b.de", false, false),
            ("a@ b.de", false, false),
            ("(home) a@b.de", false, false),
            ("a(home)@b.de", false, false),
            ("a@b.de (home)", false, false),
            ("mailto:a@b.de", false, false),
            ("a@b.de, c@d.de", false, false),
            ("a@b.de;c@d.de", false, false),
            ("a@b@c.de", false, false),
            // Parts that are no parts.
            ("", false, false),
            ("@b.de", false, false),
            ("a@", false, false),
            ("a@b..de", false, false),
            ("a@b.de.", false, false),
            ("a@-b.de", false, false),
            ("a@b_c.de", false, false),
            (".a@b.de", false, false),
            ("\"a\"b@c.de", false, false),
            ("\"a\"\"@c.de", false, false),
            ("\"a\tb\"@c.de", false, false),
            ("\"@c.de", false, false),
            ("a@[300.0.0.1]", false, false),
            ("a@[::1]", false, false),
            ("a@[]", false, false),
        ] {
            assert_eq!((is_valid("email", text), is_valid("idn-email", text)), (ascii, wide), "{text:?}");
        }
        let local = "a".repeat(LOCAL_PART_BYTES_MAX);
        assert!(is_valid("email", &format!("{local}@b.de")) && !is_valid("email", &format!("{local}a@b.de")));
    }

    /// Bug found: names of hosts that exist were refused for two hyphens.
    #[test]
    fn only_labels_that_begin_with_xn_are_a_labels() {
        let label = format!("ab--{}", "c".repeat(59));
        for (text, ascii, wide) in [
            ("r3---sn-4g5e6nez.googlevideo.com", true, false),
            ("ab--cd.example", true, false),
            (&*label, true, false),
            ("a--b.example", true, true),
            ("xn--bcher-kva.example", true, true),
            ("XN--BCHER-KVA.example", true, true),
            ("ab--cd.xn--bcher-kva", true, false),
            ("xn--bcher-kva.xn--X", false, false),
            ("xn--", false, false),
            ("xn--aa---o47jg78q", false, false),
            ("Xn--aa---o47jg78q", false, false),
            ("xn--example-", false, false),
            ("ab---", false, false),
            ("--ab", false, false),
            ("ab--c_d", false, false),
            (&*format!("{label}c"), false, false),
        ] {
            assert_eq!((is_valid("hostname", text), is_valid("idn-hostname", text)), (ascii, wide), "{text:?}");
            assert_eq!(is_valid("email", &format!("a@{text}")), ascii, "{text:?}");
        }
        // Draft 4 and 6 know no A-labels.
        let old = |text| is_valid_in(dialect::Draft::D4, "http://json-schema.org/draft-04/schema#", "hostname", text);
        assert!(old("xn--X") && old("ab--cd.example") && !old("-a"));
    }

    /// Bug found: `0+1/a`, which only 2020-12 has, was refused.
    #[test]
    fn a_relative_pointer_may_move_an_index_in_2020_12_only() {
        for text in ["0+1", "0-1/a", "12+30/a/0", "1-0", "0-1#"] {
            assert!(is_valid("relative-json-pointer", text), "{text:?}");
            assert!(
                !is_valid_in(dialect::Draft::D2019, "https://json-schema.org/draft/2019-09/schema", "relative-json-pointer", text),
                "{text:?}"
            );
        }
        for text in ["0+", "0+01", "0+1a", "00+1", "+1", "0+-1", "0+1+1", "0+1##", "0+1#/a", "0 +1"] {
            assert!(!is_valid("relative-json-pointer", text), "{text:?}");
        }
    }

    /// Bug found: names were judged after they had been mapped, so `pay\u{200b}pal.com` was one.
    #[test]
    fn names_beyond_ascii_stay_as_they_are() {
        for (text, host, email) in [
            ("b\u{fc}cher.example", true, true),
            ("stra\u{df}e.de", true, true),
            ("\u{5f0}\u{5d0}.b\u{fc}cher", true, true),
            ("caf\u{e9}\u{3002}com", true, true),
            ("EXAMPLE.b\u{fc}cher", true, true),
            ("cafe\u{301}.com", false, true),
            // Mapped to another character.
            ("B\u{fc}cher.example", false, false),
            ("b\u{dc}cher.example", false, false),
            ("\u{ff45}xample.com", false, false),
            ("a\u{b2}.com", false, false),
            ("a\u{2122}.com", false, false),
            ("a\u{ff10}.com", false, false),
            // Disallowed as they are.
            ("a\u{1100}.com", false, false),
            ("a\u{20d0}.com", false, false),
            ("\u{30a2}\u{30a0}.com", false, false),
            // Mapped to none.
            ("pay\u{200b}pal.com", false, false),
            ("pay\u{ad}pal.com", false, false),
            ("pay\u{2060}pal.com", false, false),
            ("pay\u{180e}pal.com", false, false),
        ] {
            assert_eq!(is_valid("idn-hostname", text), host, "{text:?}");
            assert_eq!(is_valid("idn-email", &format!("a@{text}")), email, "{text:?}");
        }
    }

    /// The validator checks these formats itself, and none of them loosely.
    #[test]
    fn other_formats_take_nothing_around_the_value() {
        for (format, valid, invalid) in [
            (
                "date-time",
                "2026-11-29T13:00:00Z",
                &["2026-11-29T13:00:00", "2026-11-29 13:00:00Z", "2026-11-29", "2026-02-30T13:00:00Z"][..],
            ),
            ("date", "2024-02-29", &["2025-02-29", "2026-1-2", "29.11.2026", "2026-11-29Z", "20261129", "\u{662}026-11-29"]),
            ("time", "13:00:00+01:00", &["13:00:00", "13:00Z", "24:00:00Z", "13:00:00+1"]),
            ("duration", "P1DT2H", &["P", "PT", "1D", "P1H", "P1.5D", "-P1D", "P1Y1W"]),
            (
                "hostname",
                "a-b.example",
                &["a_b.example", "a.example.", "a b", "-a.example", "b\u{fc}cher.example", "http://a.example", "a:80", ""],
            ),
            ("idn-hostname", "b\u{fc}cher.example", &["b\u{fc}cher example", "-a.example", "a:80", ""]),
            ("ipv4", "127.0.0.1", &["127.1", "127.0.0.01", "127.0.0.1/8", "127.0.0.1:80", "256.0.0.1"]),
            ("ipv6", "fe80::1", &["fe80::1%eth0", "[fe80::1]", "fe80::1/64", "fe80:::1", "12345::"]),
            (
                "uri",
                "http://a.example/b?c#d",
                &[
                    "a.example",
                    "/b",
                    "http://a.example/b c",
                    "http://a.example/<b>",
                    "http://a.example/\u{fc}",
                    "http://a.example:x/",
                    "http://a.example/%zz",
                ],
            ),
            ("uri-reference", "/b?c", &["/b c", "\\b", "/\u{fc}", "b|c"]),
            ("iri", "http://a.example/\u{fc}", &["/\u{fc}", "http://a.example/b c", "http://a.example/\"b\""]),
            ("iri-reference", "/\u{fc}", &["/b c", "\\b"]),
            (
                "uuid",
                "2eb8aa08-aa98-11ea-b4aa-73b441d16380",
                &[
                    "2eb8aa08aa9811eab4aa73b441d16380",
                    "{2eb8aa08-aa98-11ea-b4aa-73b441d16380}",
                    "urn:uuid:2eb8aa08-aa98-11ea-b4aa-73b441d16380",
                    "2eb8aa08-aa98-11ea-b4aa73b441d16380-",
                ],
            ),
            ("uri-template", "/a{?b*}", &["/a{b", "/a}", "/a b", "{}"]),
            ("json-pointer", "/a/~0", &["a", "#/a", "/~2", "/a~"]),
            ("relative-json-pointer", "1/a", &["/a", "01/a", "-1", "1a"]),
            ("regex", "^a+$", &["a(", "[a", "a**", "\\"]),
        ] {
            assert!(is_valid(format, valid), "{format}: {valid:?}");
            let around = [format!(" {valid}"), format!("{valid} "), format!("{valid}\n"), format!("{valid}\0")];
            // A blank is a character of a pointer, and of a pattern.
            let around =
                around.iter().map(String::as_str).filter(|_| !matches!(format, "json-pointer" | "relative-json-pointer" | "regex"));
            for text in invalid.iter().copied().chain(around) {
                assert!(!is_valid(format, text), "{format}: {text:?}");
            }
        }
    }
}
