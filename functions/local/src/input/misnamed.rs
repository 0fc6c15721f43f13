//! Finds out whether a file is UTF-8 from beginning to end although another encoding was given. Read in that encoding,
//! its text would be garbled: `é` as `Ã©`. Text in another encoding that is valid UTF-8 by chance has hardly any
//! character beyond ASCII.

/// The bytes of a file so far, read as UTF-8.
#[derive(Debug, Default)]
pub(super) struct MaybeUtf8 {
    is_other: bool,
    has_wide: bool,
    /// The beginning of a character whose rest has not arrived yet.
    begun: Vec<u8>,
}

impl MaybeUtf8 {
    /// Adds these bytes.
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

    /// Takes the bytes that the begun character lacks, and returns the bytes after it.
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

    /// True if all of it is UTF-8 and has characters that the other encoding would read differently.
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
