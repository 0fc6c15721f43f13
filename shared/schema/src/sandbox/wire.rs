//! The protocol between parent and child. A batch is one frame. Answers are records, so that each can be sent as soon
//! as it is known.

use std::io::{self, Read};

use super::bounds::FRAME_BYTES_MAX;

/// A record's first byte.
pub(super) mod record {
    /// The schema of this batch is compiled.
    pub(crate) const COMPILED: u8 = 1;
    /// The schema cannot be used: a list of refusals.
    pub(crate) const REFUSED: u8 = 2;
    /// The child no longer has the schema.
    pub(crate) const UNKNOWN: u8 = 3;
    /// The item fits unchanged.
    pub(crate) const FITS: u8 = 4;
    /// The item fits after its types were changed.
    pub(crate) const TYPED: u8 = 5;
    /// The item does not fit: a misfit.
    pub(crate) const MISFIT: u8 = 6;
    /// Checking the item panicked. The rest of the batch was not begun, and no schema is kept.
    pub(crate) const PANICKED: u8 = 7;
    /// The turn is over. The rest of the batch was not begun.
    pub(crate) const TURN_OVER: u8 = 8;
    /// Compiling the schema panicked.
    pub(crate) const USELESS: u8 = 9;
}

/// A batch as the child receives it.
pub(super) struct BatchFrame<'a> {
    pub(super) source: u64,
    pub(super) text: bool,
    /// The schema, unless the child has it already.
    pub(super) schema: Option<&'a str>,
    pub(super) items: Vec<&'a str>,
}

impl<'a> BatchFrame<'a> {
    pub(super) fn encode(&self) -> Vec<u8> {
        let bytes: usize = self.items.iter().map(|item| item.len() + 4).sum();
        let mut frame = Vec::with_capacity(bytes + self.schema.map_or(0, str::len) + 32);
        frame.extend([0; 4]);
        frame.extend(self.source.to_le_bytes());
        frame.push(u8::from(self.text) | u8::from(self.schema.is_some()) << 1);
        self.schema.into_iter().chain(self.items.iter().copied()).for_each(|text| put(&mut frame, text.as_bytes()));
        let length = (frame.len() - 4) as u32;
        frame[..4].copy_from_slice(&length.to_le_bytes());
        frame
    }

    /// `None` if the frame is invalid.
    pub(super) fn decode(frame: &'a [u8]) -> Option<Self> {
        let (source, rest) = frame.split_first_chunk::<8>()?;
        let (flags, mut rest) = rest.split_first()?;
        let mut texts = Vec::new();
        while !rest.is_empty() {
            texts.push(std::str::from_utf8(take(&mut rest)?).ok()?);
        }
        let schema = (flags & 2 != 0).then(|| if texts.is_empty() { None } else { Some(texts.remove(0)) });
        let schema = match schema {
            Some(None) => return None,
            Some(schema) => schema,
            None => None,
        };
        Some(Self { source: u64::from_le_bytes(*source), text: flags & 1 != 0, schema, items: texts })
    }
}

/// The next frame; `None` at the end.
pub(super) fn read_frame(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame that is too large"));
    }
    let mut frame = vec![0; length];
    from.read_exact(&mut frame)?;
    Ok(Some(frame))
}

/// Adds a record.
pub(super) fn put_record(to: &mut Vec<u8>, kind: u8, payload: &[u8]) {
    to.push(kind);
    put(to, payload);
}

/// Takes the next complete record from the front.
pub(super) fn take_record<'b>(from: &mut &'b [u8]) -> Option<(u8, &'b [u8])> {
    let (kind, mut rest) = from.split_first()?;
    let payload = take(&mut rest)?;
    *from = rest;
    Some((*kind, payload))
}

fn put(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend((bytes.len() as u32).to_le_bytes());
    to.extend(bytes);
}

fn take<'b>(from: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (length, rest) = from.split_first_chunk::<4>()?;
    let (bytes, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *from = rest;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_arrives_as_sent() {
        for schema in [None, Some("{}"), Some("")] {
            let sent = BatchFrame { source: 7, text: true, schema, items: vec!["1", "", "\"é\""] };
            let frame = sent.encode();
            let read = read_frame(&mut &frame[..]).unwrap().unwrap();
            let came = BatchFrame::decode(&read).unwrap();
            assert_eq!((came.source, came.text, came.schema, came.items), (7, true, schema, sent.items));
        }
        assert!(BatchFrame::decode(&[0; 9][..]).is_some_and(|batch| batch.items.is_empty()));
        for damaged in [&[][..], &[0; 8], &[0, 0, 0, 0, 0, 0, 0, 0, 2], &[0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0]] {
            assert!(BatchFrame::decode(damaged).is_none(), "{damaged:?}");
        }
        assert!(read_frame(&mut &[][..]).unwrap().is_none());
        assert!(read_frame(&mut &[255, 255, 255, 255][..]).is_err());
    }

    #[test]
    fn a_record_is_taken_only_when_complete() {
        let mut told = Vec::new();
        put_record(&mut told, record::TYPED, b"5");
        put_record(&mut told, record::FITS, b"");
        let mut cut = &told[..5];
        assert_eq!(take_record(&mut cut), None);
        assert_eq!(cut.len(), 5);
        let mut whole = &told[..];
        assert_eq!(take_record(&mut whole), Some((record::TYPED, &b"5"[..])));
        assert_eq!(take_record(&mut whole), Some((record::FITS, &b""[..])));
        assert_eq!(take_record(&mut whole), None);
    }
}
