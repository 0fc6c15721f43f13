//! Finds confidential configuration in an endpoint's answer, however it is encoded there.
//!
//! A faulty endpoint may repeat a request: in an error, on a debug page, or in its output. Callers read these, and must
//! not learn the operator's headers and secrets from them. To remove only the secret, its exact beginning and end would have to
//! be known in every encoding. So nothing is removed: an answer that contains a secret, or ten letters and digits of one, is
//! not passed on at all.

use std::collections::BTreeSet;
use std::fmt;

use aho_corasick::{AhoCorasick, BuildError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::search::Search;

/// This many letters and digits in a row reveal a secret.
const FRAGMENT: usize = 10;
/// A value with fewer letters and digits is not searched for: it would be found in ordinary texts.
const VALUE_MIN: usize = 6;
/// This many bytes in a row reveal a key, or a text with few letters and digits.
const KEY_FRAGMENT: usize = 8;

/// Texts that must not be passed on.
#[derive(Clone)]
pub struct Confidential {
    /// Values and fragments of them, folded.
    folded: AhoCorasick,
    /// Fragments of keys, and of texts with few letters and digits, unchanged.
    exact: AhoCorasick,
}

impl Confidential {
    /// Protects these texts, some of which may be a scheme and a token (`Bearer …`), and these keys.
    ///
    /// # Errors
    ///
    /// There are too many of them.
    pub fn new(texts: &[&str], keys: &[&[u8]]) -> Result<Self, BuildError> {
        let secrets: Vec<String> = texts.iter().flat_map(|text| secrets_in(text)).collect();
        let folded: BTreeSet<Vec<u8>> = secrets.iter().flat_map(|secret| fragments(&fold(secret.as_bytes()))).collect();
        // A text with hardly any letters is searched for unchanged.
        let signs = secrets.iter().map(String::as_bytes).filter(|secret| fold(secret).len() < FRAGMENT);
        let exact: BTreeSet<&[u8]> = signs.chain(keys.iter().copied()).flat_map(|key| key.windows(KEY_FRAGMENT)).collect();
        Ok(Self { folded: AhoCorasick::new(folded)?, exact: AhoCorasick::new(exact)? })
    }

    /// True if `answer` contains any of it in one of the encodings that `docs/endpoints.md` lists, or if it contains
    /// compressed data that could not be searched completely.
    pub fn is_in(&self, answer: &[u8]) -> bool {
        Self::any_is_in(&[Some(self)], answer)
    }

    /// The same for several at once.
    pub(crate) fn any_is_in(guarded: &[Option<&Self>], answer: &[u8]) -> bool {
        let shows = |text: &[u8]| {
            let folded = fold(text);
            guarded.iter().flatten().any(|one| one.exact.is_match(text) || one.folded.is_match(&folded))
        };
        Search::new(shows).text(answer, 0).is_err()
    }
}

impl fmt::Debug for Confidential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Confidential(…)")
    }
}

/// The value without its scheme; for a `Basic` value also its password.
fn secrets_in(value: &str) -> Vec<String> {
    let value = value.trim();
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.bytes().all(|byte| byte.is_ascii_alphabetic()) => token.trim(),
        _ => value,
    };
    let pair = STANDARD.decode(token).ok().and_then(|pair| String::from_utf8(pair).ok()).unwrap_or_default();
    let password = pair.split_once(':').map(|(_, password)| password.to_owned());
    [token.to_owned(), pair].into_iter().chain(password).collect()
}

fn fragments(folded: &[u8]) -> Vec<Vec<u8>> {
    match folded.len() {
        ..VALUE_MIN => Vec::new(),
        VALUE_MIN..FRAGMENT => vec![folded.to_vec()],
        FRAGMENT.. => folded.windows(FRAGMENT).map(<[u8]>::to_vec).collect(),
    }
}

/// Only letters and digits, in lower case: what is between them differs between encodings.
fn fold(text: &[u8]) -> Vec<u8> {
    text.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect()
}

#[cfg(test)]
mod tests;
