//! Signatures as in Standard Webhooks 1.0, so that receivers can verify them with a library in any language.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// How many bytes a secret has. Source: Standard Webhooks 1.0.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// What a signature begins with. Source: Standard Webhooks 1.0.
const VERSION: &str = "v1,";

/// A key shared with the receiver. It is never shown.
#[derive(Clone)]
pub struct Secret {
    mac: Hmac<Sha256>,
    key: Vec<u8>,
}

/// A text that is not a secret. The error does not repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret must be whsec_ and 24 to 64 bytes in base64: echo \"whsec_$(openssl rand -base64 32)\" makes one")]
pub struct NotASecret;

impl Secret {
    /// The beginning of a secret. Source: Standard Webhooks 1.0.
    pub(crate) const PREFIX: &str = "whsec_";

    /// Reads `whsec_` followed by base64.
    ///
    /// # Errors
    ///
    /// [`NotASecret`] if it is anything else, or too short to be safe.
    pub fn parse(text: &str) -> Result<Self, NotASecret> {
        let bytes = text.strip_prefix(Self::PREFIX).and_then(|encoded| STANDARD.decode(encoded).ok()).ok_or(NotASecret)?;
        if !BYTES.contains(&bytes.len()) {
            return Err(NotASecret);
        }
        let mac = Hmac::new_from_slice(&bytes).map_err(|_| NotASecret)?;
        Ok(Self { mac, key: bytes })
    }

    /// The key itself, to search for it in answers.
    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }

    /// The `webhook-signature` of a message; `timestamp` in seconds since 1970.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut mac = self.mac.clone();
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("{VERSION}{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// The bytes of a signature that [`Secret::sign`] made.
pub(crate) fn bytes_of(signature: &str) -> Vec<u8> {
    signature.strip_prefix(VERSION).and_then(|encoded| STANDARD.decode(encoded).ok()).unwrap_or_default()
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification: receivers' libraries must accept our signatures.
    #[test]
    fn signs_as_the_specification_does() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(
            secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn refuses_weak_secrets_without_repeating_them() {
        for text in ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwj!"] {
            assert_eq!(Secret::parse(text).unwrap_err(), NotASecret, "{text}");
        }
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
