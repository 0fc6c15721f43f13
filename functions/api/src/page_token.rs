//! Page tokens: the position at which a list continues, authenticated with a key that the table keeps. A token is valid
//! for one owner and one list, for a day. If anything in it is changed, or it is used elsewhere, it is refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use headway_core::UserId;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::problem::{ApiErrorResponse, ProblemType};

/// How long a token is valid.
pub const VALID_FOR: TimeDelta = TimeDelta::hours(24);
/// The longest token, in characters.
pub const CHARS_MAX: usize = 500;
/// The longest position that fits into a token, in bytes.
pub const POSITION_BYTES_MAX: usize = CHARS_MAX / 4 * 3 - SEAL_BYTES - TIME_BYTES;
const SEAL_BYTES: usize = 32;
const TIME_BYTES: usize = 8;

/// The list for which a token is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct List<'a> {
    /// Who may continue it.
    pub owner: &'a UserId,
    /// The kind of list: `jobs`, `failures`, …
    pub kind: &'a str,
    /// What it lists: a job with its round, a filter.
    pub of: &'a [&'a str],
}

/// Issues and checks tokens.
pub struct PageTokens(Hmac<Sha256>);

impl PageTokens {
    /// With this key, of any length.
    pub fn new(key: &[u8]) -> Self {
        // HMAC accepts keys of every length, so the fallback is never used. It avoids an error that cannot happen.
        Self(Hmac::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default())))
    }

    /// A token that continues `list` at `position`.
    ///
    /// # Errors
    ///
    /// `internal` if the position is too long for a token.
    pub fn issue(&self, list: List<'_>, position: &[u8], now: DateTime<Utc>) -> Result<String, ApiErrorResponse> {
        if position.len() > POSITION_BYTES_MAX {
            return Err(ApiErrorResponse::internal("a list's position is too long for a page token"));
        }
        let time = now.timestamp_millis().to_be_bytes();
        let seal = self.sealing(list, &time, position).finalize().into_bytes();
        Ok(URL_SAFE_NO_PAD.encode([seal.as_slice(), &time, position].concat()))
    }

    /// The position in a token for `list`.
    ///
    /// # Errors
    ///
    /// `page-token` if it is not a token for this list, or too old.
    pub fn open(&self, list: List<'_>, token: &str, now: DateTime<Utc>) -> Result<Vec<u8>, ApiErrorResponse> {
        let refused = || ApiErrorResponse::new(ProblemType::PageToken, "read the list again from its beginning, without a page token");
        let bytes = Some(token).filter(|token| token.len() <= CHARS_MAX).and_then(|t| URL_SAFE_NO_PAD.decode(t).ok());
        let bytes = bytes.ok_or_else(refused)?;
        let (seal, rest) = bytes.split_first_chunk::<SEAL_BYTES>().ok_or_else(refused)?;
        let (time, position) = rest.split_first_chunk::<TIME_BYTES>().ok_or_else(refused)?;
        self.sealing(list, time, position).verify_slice(seal).map_err(|_| refused())?;
        let issued = DateTime::from_timestamp_millis(i64::from_be_bytes(*time)).ok_or_else(refused)?;
        if now - issued >= VALID_FOR { Err(refused()) } else { Ok(position.to_vec()) }
    }

    /// Each field goes in with its length, so that no two lists give the same input.
    fn sealing(&self, list: List<'_>, time: &[u8], position: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        let fields = [list.owner.as_str(), list.kind].into_iter().chain(list.of.iter().copied()).map(str::as_bytes);
        for field in fields.chain([time, position]) {
            mac.update(&(field.len() as u64).to_be_bytes());
            mac.update(field);
        }
        mac
    }
}

impl std::fmt::Debug for PageTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PageTokens")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(text: &str) -> UserId {
        UserId::new(text).unwrap()
    }

    /// A token is a capability: if anything in it or its use is changed, it must not be accepted.
    #[test]
    fn a_token_is_valid_for_its_own_list_only() {
        let (tokens, now) = (PageTokens::new(b"key"), "2026-11-24T08:00:00Z".parse().unwrap());
        let (ann, bob) = (owner("ann"), owner("bob"));
        let list = List { owner: &ann, kind: "failures", of: &["job-1", "1", "csv"] };
        let token = tokens.issue(list, b"position", now).unwrap();
        assert_eq!(tokens.open(list, &token, now).unwrap(), b"position");
        let elsewhere = [
            List { owner: &bob, ..list },
            List { kind: "results", ..list },
            List { of: &["job-2", "1", "csv"], ..list },
            List { of: &["job-1", "2", "csv"], ..list },
            List { of: &["job-1", "1", "json"], ..list },
            List { of: &["job-1", "1"], ..list },
            List { of: &["job-1", "1csv"], ..list },
            List { of: &["job-11", "", "csv"], ..list },
        ];
        for other in elsewhere {
            assert!(tokens.open(other, &token, now).is_err(), "{other:?}");
        }
        assert!(PageTokens::new(b"other key").open(list, &token, now).is_err());
        assert!(tokens.open(list, &token, now + VALID_FOR - TimeDelta::milliseconds(1)).is_ok());
        assert!(tokens.open(list, &token, now + VALID_FOR).is_err());
    }

    /// Every single bit counts, and so does the length.
    #[test]
    fn no_bit_of_a_token_can_be_flipped() {
        let (tokens, now, ann) = (PageTokens::new(b"key"), DateTime::UNIX_EPOCH, owner("ann"));
        let list = List { owner: &ann, kind: "jobs", of: &[] };
        for length in 0..3 {
            let token = tokens.issue(list, &b"abc"[..length], now).unwrap();
            for position in 0..token.len() {
                for bit in 0..8 {
                    let mut bytes = token.clone().into_bytes();
                    bytes[position] ^= 1 << bit;
                    let Ok(flipped) = String::from_utf8(bytes) else { continue };
                    assert!(tokens.open(list, &flipped, now).is_err(), "bit {bit} of byte {position}");
                }
                assert!(tokens.open(list, &token[..position], now).is_err(), "cut at {position}");
            }
            assert!(tokens.open(list, &format!("{token}A"), now).is_err());
        }
    }

    /// The API promises 500 characters at most.
    #[test]
    fn a_token_has_a_maximum_length() {
        let (tokens, ann) = (PageTokens::new(b"key"), owner("ann"));
        let list = List { owner: &ann, kind: "jobs", of: &[] };
        let longest = tokens.issue(list, &[0; POSITION_BYTES_MAX], DateTime::UNIX_EPOCH).unwrap();
        assert!(longest.len() <= CHARS_MAX && tokens.open(list, &longest, DateTime::UNIX_EPOCH).is_ok());
        assert!(tokens.issue(list, &[0; POSITION_BYTES_MAX + 1], DateTime::UNIX_EPOCH).is_err());
        assert!(tokens.open(list, &"A".repeat(1_000_000), DateTime::UNIX_EPOCH).is_err());
    }
}
