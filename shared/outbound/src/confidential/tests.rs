use std::io::Write as _;

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use proptest::prelude::*;

use super::*;

/// How a program encodes a text inside another one.
type Spelling = fn(&[u8]) -> Vec<u8>;

/// Encodings whose result the next encoding can encode again.
const SPELLINGS: &[(&str, Spelling)] = &[
    ("as it is", <[u8]>::to_vec),
    ("JSON, escaped by a library", |text| {
        let text: String = text.iter().map(|byte| char::from(*byte)).collect();
        serde_json::to_vec(&text).unwrap()
    }),
    ("JSON, every character escaped", |text| each(text, |byte| format!("\\u{byte:04x}"))),
    ("JSON, every character escaped, upper case", |text| each(text, |byte| format!("\\u{byte:04X}"))),
    ("JSON with \\/", |text| String::from_utf8_lossy(text).replace('/', "\\/").into_bytes()),
    ("JavaScript", |text| each(text, |byte| format!("\\x{byte:02x}"))),
    ("JavaScript, in braces", |text| each(text, |byte| format!("\\u{{{byte:x}}}"))),
    ("JavaScript's escape()", |text| each(text, |byte| format!("%u{byte:04x}"))),
    ("Python", |text| each(text, |byte| format!("\\U{byte:08x}"))),
    ("C", |text| each(text, |byte| format!("\\{byte:03o}"))),
    ("a URL", |text| each(text, |byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })),
    ("a URL, every character", |text| each(text, |byte| format!("%{byte:02x}"))),
    ("HTML", |text| each(text, |byte| format!("&#{byte};"))),
    ("HTML, hexadecimal", |text| each(text, |byte| format!("&#x{byte:X};"))),
    ("HTML, with many zeros", |text| each(text, |byte| format!("&#{byte:014};"))),
    ("HTML, without ;", |text| each(text, |byte| format!("&#{byte}"))),
    ("HTML, a tag for each character", |text| each(text, |byte| format!("<i>&#{byte};</i>"))),
    ("quoted-printable", |text| each(text, |byte| format!("={byte:02X}"))),
    ("base64", |text| STANDARD.encode(text).into_bytes()),
    ("base64 without =", |text| STANDARD_NO_PAD.encode(text).into_bytes()),
    ("base64url", |text| URL_SAFE.encode(text).into_bytes()),
    ("base64url without =", |text| URL_SAFE_NO_PAD.encode(text).into_bytes()),
    ("base64 in a JSON text", |text| STANDARD.encode(text).replace('/', "\\/").into_bytes()),
    ("base64 in lines", |text| lines(&STANDARD.encode(text), 76, "\r\n")),
    ("base64 in lines, escaped", |text| lines(&STANDARD.encode(text), 64, "\\n")),
    ("hexadecimal", |text| each(text, |byte| format!("{byte:02x}"))),
    ("hexadecimal, upper case", |text| each(text, |byte| format!("{byte:02X}"))),
    ("hexadecimal with colons", |text| each(text, |byte| format!("{byte:02x}:"))),
    ("hexadecimal with 0x", |text| each(text, |byte| format!("0x{byte:02X}, "))),
    ("a list of bytes", |text| each(text, |byte| format!("{byte},"))),
    ("a list of bytes, hexadecimal", |text| each(text, |byte| format!("{byte:x},"))),
    ("a list of bytes, octal", |text| each(text, |byte| format!("0o{byte:o},"))),
    ("a list of bytes, binary", |text| each(text, |byte| format!("{byte:08b},"))),
    ("a list of bytes, as fractions", |text| each(text, |byte| format!("{byte}.0,"))),
    ("lines", |text| lines(&String::from_utf8_lossy(text), 20, "\n  ")),
    ("spaced out", |text| each(text, |byte| format!("{} ", char::from(byte)))),
    ("UTF-16", |text| text.iter().flat_map(|byte| [*byte, 0]).collect()),
];

/// Documents with a member for each character or byte.
const SPREAD: &[(&str, Spelling)] = &[
    ("a list of characters", |text| listed(text, |_, byte| format!("\"&#{byte};\""))),
    ("a member for each character", |text| listed(text, |place, byte| format!("\"{place}\": \"&#{byte};\""))),
    ("a member for each byte", |text| listed(text, |place, byte| format!("\"{place}\": {byte}"))),
    ("the same member for each byte", |text| listed(text, |_, byte| format!("\"byte\": {byte}"))),
    ("an object for each character", |text| listed(text, |place, byte| format!("{{\"at\": {place}, \"is\": \"&#{byte};\"}}"))),
    ("a pair for each byte", |text| listed(text, |place, byte| format!("[{}, {byte}]", place + 60))),
];

const PACKED: &[(&str, Spelling)] = &[
    ("as it is", <[u8]>::to_vec),
    ("gzip in base64", |text| {
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(text).unwrap();
        STANDARD.encode(packed.finish().unwrap()).into_bytes()
    }),
    ("zlib in base64", |text| {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
        packed.write_all(text).unwrap();
        STANDARD.encode(packed.finish().unwrap()).into_bytes()
    }),
];

fn each(text: &[u8], write: impl Fn(u8) -> String) -> Vec<u8> {
    text.iter().map(|byte| write(*byte)).collect::<String>().into_bytes()
}

/// Members of an object or an array, each with its place.
fn listed(text: &[u8], write: impl Fn(usize, u8) -> String) -> Vec<u8> {
    let members: Vec<String> = text.iter().enumerate().map(|(place, byte)| write(place, *byte)).collect();
    let members = members.join(", ");
    let document = if members.starts_with('"') && members.contains(':') { format!("{{{members}}}") } else { format!("[{members}]") };
    document.into_bytes()
}

fn lines(text: &str, length: usize, end: &str) -> Vec<u8> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(length).map(|line| line.iter().collect::<String>()).collect::<Vec<_>>().join(end).into_bytes()
}

fn spellings() -> impl Strategy<Value = (&'static str, Spelling)> {
    proptest::sample::select(SPELLINGS)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Bug found: a secret in an unexpected encoding, or after something that changed its position.
    #[test]
    fn a_secret_is_found_in_every_spelling_of_a_spelling(
        token in "[!-~]{4}[A-Za-z0-9_/+-]{16,40}[!-~]{4}",
        (before, after) in ("[ -~]{0,40}", "[ -~]{0,40}"),
        (inner, outer) in (spellings(), spellings()),
        packed in proptest::sample::select(PACKED),
    ) {
        let guarded = Confidential::new(&[&format!("Bearer {token}")], &[]).unwrap();
        let said = [b"you sent ", token.as_bytes(), b" to me"].concat();
        let spelt = outer.1(&inner.1(&packed.1(&said)));
        let answer = [before.as_bytes(), b"\"", &spelt, b"\"", after.as_bytes()].concat();
        prop_assert!(guarded.is_in(&answer), "{} in {} in {}: {}", packed.0, inner.0, outer.0, String::from_utf8_lossy(&answer));
    }

    /// Bug found: a secret with one character in each member, and a document in a text, were not found.
    #[test]
    fn a_secret_is_found_in_members(token in "[A-Za-z0-9]{24,64}", inner in spellings(), spread in proptest::sample::select(SPREAD)) {
        let guarded = Confidential::new(&[&token], &[]).unwrap();
        let document = spread.1(&inner.1(token.as_bytes()));
        let quoted = serde_json::to_vec(&[String::from_utf8_lossy(&document)]).unwrap();
        for answer in [&document, &quoted] {
            prop_assert!(guarded.is_in(answer), "{} in {}: {}", inner.0, spread.0, String::from_utf8_lossy(answer));
        }
    }

    /// Bug found: a fragment of a secret that the endpoint had cut off was not found.
    #[test]
    fn a_fragment_is_found(token in "[A-Za-z0-9]{24,64}", begin in 0_usize..14, outer in spellings()) {
        let guarded = Confidential::new(&[&token], &[]).unwrap();
        let spelt = outer.1([b"token ", &token.as_bytes()[begin..begin + FRAGMENT], b"..."].concat().as_slice());
        prop_assert!(guarded.is_in(&spelt), "{}: {}", outer.0, String::from_utf8_lossy(&spelt));
    }

    /// A key is bytes. The endpoint knows it and may print it in any form.
    #[test]
    fn a_key_is_found(key in proptest::collection::vec(any::<u8>(), 24..64), before in "[ -!#-~]{0,40}") {
        let guarded = Confidential::new(&[], &[&key]).unwrap();
        let spellings: [Spelling; 13] = [
            |key| STANDARD.encode(key).into_bytes(),
            |key| URL_SAFE_NO_PAD.encode(key).into_bytes(),
            |key| each(key, |byte| format!("{byte:02x}")),
            |key| each(key, |byte| format!("{byte:x} ")),
            |key| each(key, |byte| format!("{byte}, ")),
            |key| each(key, |byte| format!("{}, ", byte.cast_signed())),
            |key| each(key, |byte| format!("{byte}.0, ")),
            |key| each(key, |byte| format!("\\{byte:03o}")),
            |key| each(key, |byte| format!("\\x{byte:02x}")),
            |key| each(key, |byte| format!("&#{byte:09};")),
            |key| serde_json::to_vec(&key.iter().map(|byte| char::from(*byte)).collect::<String>()).unwrap(),
            |key| listed(key, |place, byte| format!("\"{place}\": {byte}")),
            |key| listed(key, |place, byte| format!("{{\"at\": {place}, \"is\": {}}}", byte.cast_signed())),
        ];
        for spelling in spellings {
            prop_assert!(guarded.is_in(&[before.as_bytes(), b" ", &spelling(&key)].concat()));
        }
    }

    /// Bug found: a harmless output was not kept.
    #[test]
    fn other_texts_are_not_secret(answer in "[ -~]{0,2000}", token in "[A-Za-z0-9]{12,40}") {
        prop_assert!(!Confidential::new(&[&token], &[&token.as_bytes()[..8]]).unwrap().is_in(answer.as_bytes()));
    }
}

#[test]
fn schemes_and_short_values_are_not_looked_for() {
    let basic = format!("Basic {}", STANDARD.encode("crm:Tr0ub4dor"));
    let guarded = Confidential::new(&["Bearer sk_live_4eC39HqLyjWDarjtT1", &basic, "ten-4", "acme"], &[]).unwrap();
    for answer in ["the bearer token is wrong", "Basic realm=crm", "ten 4", "acme", "sk_live_…", ""] {
        assert!(!guarded.is_in(answer.as_bytes()), "{answer}");
    }
    for answer in ["Tr0ub4dor is no password", "CRM:TR0UB4DOR", "sk_live_4eC39HqLyjWDarjtT1", "{\"a\": [\"4eC39Hq\", \"LyjWDarjtT1\"]}"] {
        assert!(guarded.is_in(answer.as_bytes()), "{answer}");
    }
}

/// Bug found: of outputs near the limit some were not kept, since their bytes in all encodings were too many to search.
#[test]
fn large_outputs_without_a_secret_are_passed_on() {
    const BYTES: usize = 262_144;
    let guarded = Confidential::new(&["sk_live_4eC39HqLyjWDarjtT1"], &[b"a key of twenty-four byte"]).unwrap();
    let mut state = 7_u64;
    let mut noise = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let bytes: Vec<u8> = (0..BYTES / 4 * 3 - 3).map(&mut noise).collect();
    let alphanumeric: Vec<u8> = bytes
        .iter()
        .chain(&bytes[..BYTES / 5])
        .map(|byte| b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01"[usize::from(*byte) % 64])
        .collect();
    let prose = r#"The quick brown fox is 17 years old; it said: \"no\"\n"#.repeat(BYTES / 54);
    let base64 = STANDARD.encode(&bytes);
    let rows: String =
        (0..4_200).map(|row| format!("{{\"sku\":\"4711-{row:05}\",\"name\":\"Schraube (Stück)\",\"preis\":1.20}},")).collect();
    let outputs: [(&str, Vec<u8>); 8] = [
        // The text `(S` before a character beyond ASCII looks like the head of compressed data.
        ("rows with umlauts", rows.into_bytes()),
        ("letters and digits", alphanumeric.clone()),
        ("base64 of bytes", base64.clone().into_bytes()),
        ("base64 of bytes, in lines", lines(&base64[..BYTES / 80 * 76], 76, "\\n")),
        ("base64 of a text", STANDARD.encode(&prose.as_bytes()[..BYTES / 4 * 3]).into_bytes()),
        ("base64 of letters", STANDARD.encode(&alphanumeric[..BYTES / 4 * 3]).into_bytes()),
        ("hexadecimal", each(&bytes[..BYTES / 2], |byte| format!("{byte:02x}"))),
        ("prose", prose.into_bytes()),
    ];
    for (what, output) in outputs {
        assert!(output.len() > BYTES / 2 && output.len() <= BYTES, "{what}: {}", output.len());
        assert!(!guarded.is_in(&output), "{what}");
        let with_secret = [&output[..], b" sk_live_4eC39HqLyjWDarjtT1"].concat();
        assert!(guarded.is_in(&with_secret), "{what}, with a secret");
    }
}
