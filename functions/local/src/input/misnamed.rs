//! Sees whether a file that is said to be in another encoding is UTF-8 from beginning to end. Read by the name that was
//! given it would come out garbled: `é` as `Ã©`. A text of another encoding that is valid UTF-8 by chance has hardly any
//! character beyond ASCII.

/// The bytes of a file so far, as UTF-8.
#[derive(Debug, Default)]
pub(super) struct MaybeUtf8 {
    is_other: bool,
    has_wide: bool,
    /// The beginning of a character whose rest has not come yet.
    begun: Vec<u8>,
}

impl MaybeUtf8 {
    /// Goes on with these bytes.
    pub(super) fn see(&mut self, bytes: &[u8]) {
        self.has_wide = self.has_wide || !bytes.is_ascii();
        let rest = self.end_begun(bytes);
        if self.is_other {
            return;
        }
        if let Err(error) = std::str::from_utf8(rest) {
            self.is_other = error.error_len().is_some();
            self.begun = rest[error.valid_up_to()..].to_vec();
        }
    }

    /// Takes what the character that is begun lacks, and gives the bytes behind it.
    fn end_begun<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let mut rest = bytes;
        while !self.is_other
            && !self.begun.is_empty()
            && let Some((first, behind)) = rest.split_first()
        {
            self.begun.push(*first);
            rest = behind;
            match std::str::from_utf8(&self.begun) {
                Ok(_) => self.begun.clear(),
                Err(error) => self.is_other = error.error_len().is_some(),
            }
        }
        rest
    }

    /// Whether all of it is UTF-8, with characters that others would read otherwise.
    pub(super) fn is_utf8(&self) -> bool {
        !self.is_other && self.has_wide && self.begun.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf8_is_seen_however_bytes_come() {
        for (bytes, expected) in [
            (&b"plain"[..], false),
            ("Z\u{fc}rich \u{1f680}".as_bytes(), true),
            (b"Z\xfcrich", false),
            (b"Z\xc3", false),
            (b"\xc3\xbc \xfc", false),
            (b"\xf0\x9f\x9a", false),
        ] {
            for step in 1..=bytes.len() {
                let mut seen = MaybeUtf8::default();
                bytes.chunks(step).for_each(|bytes| seen.see(bytes));
                assert_eq!(seen.is_utf8(), expected, "{bytes:?} by {step}");
            }
        }
    }
}
