//! Finds compressed data in bytes, and unpacks it within limits.
//!
//! gzip, zlib, zip and deflate are unpacked. Other formats are only recognized: what is in them is not known.

use flate2::{Decompress, FlushDecompress, Status};

/// How many bytes are unpacked of one answer.
const UNPACKED_MAX: usize = 4_000_000;
/// At how many places of one answer compressed data may seem to begin.
const PLACES_MAX: usize = 200_000;
/// How many packed bytes of one answer may be read of which nothing comes. Blocks without content cost time and give nothing.
const WASTED_MAX: usize = 1_000_000;
/// At how many places of one answer deflate without a head is tried.
const HEADLESS_MAX: usize = 1_000;
/// How many bytes are unpacked in one step. At least deflate's window, so that nothing is lost before an error.
const STEP: usize = 65_536;
/// A longer name or comment in the head of a gzip file is not read: file systems allow no longer name.
const NAME_MAX: usize = 256;

/// There is compressed data that was not looked at as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotUnpacked;

/// Unpacks all compressed data of one answer.
pub(crate) struct Unpacker {
    /// Made when something is compressed, since hardly any answer contains that.
    inflater: Option<Decompress>,
    step: Vec<u8>,
    bytes_left: usize,
    waste_left: usize,
    places_left: usize,
    headless_left: usize,
}

/// What begins at a place.
enum Mark {
    Deflate { head: usize, trailer: usize },
    OtherFormat,
    None,
}

impl Unpacker {
    pub(crate) fn new() -> Self {
        Self {
            inflater: None,
            step: Vec::new(),
            bytes_left: UNPACKED_MAX,
            waste_left: WASTED_MAX,
            places_left: PLACES_MAX,
            headless_left: HEADLESS_MAX,
        }
    }

    /// Everything that is compressed in these bytes, wherever it begins. Where it is damaged, what comes before that:
    /// nobody can unpack the rest.
    ///
    /// # Errors
    ///
    /// If it unpacks to too much, or has a format that is not unpacked here.
    pub(crate) fn unpack(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, NotUnpacked> {
        let mut found = Vec::new();
        let mut begin = 0;
        while begin < bytes.len() {
            // The pixels of a PNG image are not text, and usually unpack to very much.
            if matches!(mark(&bytes[begin..]), Mark::None) || bytes[..begin].ends_with(b"IDAT") {
                begin += 1;
                continue;
            }
            let mut out = Vec::new();
            begin += self.members(&bytes[begin..], &mut out)?.max(1);
            found.extend((!out.is_empty()).then_some(out));
        }
        Ok(found)
    }

    /// What these bytes unpack to as deflate without a head, if that is anything. It has no mark, so this is only
    /// tried for a limited number of times.
    ///
    /// # Errors
    ///
    /// If it unpacks to too much.
    pub(crate) fn unpack_headless(&mut self, bytes: &[u8]) -> Result<Vec<u8>, NotUnpacked> {
        let mut out = Vec::new();
        if self.headless_left > 0 && may_be_deflate(bytes) && !is_text(bytes) {
            self.headless_left -= 1;
            self.inflate(bytes, &mut out)?;
        }
        Ok(out)
    }

    /// Unpacks what begins here and what directly follows it, and returns how many bytes that took. A gzip file may
    /// consist of several parts.
    fn members(&mut self, packed: &[u8], out: &mut Vec<u8>) -> Result<usize, NotUnpacked> {
        let mut taken = 0;
        while let Some(rest) = packed.get(taken..) {
            let (head, trailer) = match mark(rest) {
                Mark::Deflate { head, trailer } => (head, trailer),
                Mark::OtherFormat => return Err(NotUnpacked),
                Mark::None => break,
            };
            self.places_left = self.places_left.checked_sub(1).ok_or(NotUnpacked)?;
            let Some(length) = self.inflate(&rest[head..], out)? else { break };
            taken += head + length + trailer;
        }
        Ok(taken)
    }

    /// Appends what is unpacked, and returns how many bytes were taken, unless the data is damaged or has no end.
    fn inflate(&mut self, packed: &[u8], out: &mut Vec<u8>) -> Result<Option<usize>, NotUnpacked> {
        let inflater = self.inflater.get_or_insert_with(|| Decompress::new(false));
        inflater.reset(false);
        self.step.resize(STEP, 0);
        let (mut taken, mut made) = (0, 0);
        loop {
            let rest = packed.get(taken..).unwrap_or_default();
            // In pieces, so that what gives nothing is noticed before long.
            let rest = &rest[..rest.len().min(STEP)];
            let status = inflater.decompress(rest, &mut self.step, FlushDecompress::None);
            let (before, step) = (taken, count(inflater.total_out()) - made);
            (taken, made) = (count(inflater.total_in()), made + step);
            self.bytes_left = self.bytes_left.checked_sub(step).ok_or(NotUnpacked)?;
            let wasted = (taken - before).saturating_sub(2 * step);
            self.waste_left = self.waste_left.checked_sub(wasted).ok_or(NotUnpacked)?;
            out.extend_from_slice(&self.step[..step]);
            match status {
                Ok(Status::StreamEnd) => return Ok(Some(taken)),
                Ok(_) if step > 0 || taken > before => {}
                _ => return Ok(None),
            }
        }
    }
}

fn count(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

fn mark(bytes: &[u8]) -> Mark {
    match bytes {
        [0x1f, 0x8b, 8, flags, ..] if flags & 0xe0 == 0 => gzip(bytes, *flags).unwrap_or(Mark::OtherFormat),
        // zlib's first two bytes are a multiple of 31. With the bit 0x20 they want a dictionary that is elsewhere.
        [a, b, rest @ ..] if a & 0x8f == 8 && u16::from_be_bytes([*a, *b]) % 31 == 0 && b & 0x20 == 0 => {
            if may_be_deflate(rest) && !is_text(rest) { Mark::Deflate { head: 2, trailer: 4 } } else { Mark::None }
        }
        [b'P', b'K', 3, 4, _, _, flags, _, method, 0, ..] => zip(bytes, *flags, *method),
        _ if is_in_another_format(bytes) => Mark::OtherFormat,
        _ => Mark::None,
    }
}

/// Source: RFC 1952. `None` if the end of the head is too far away.
fn gzip(bytes: &[u8], flags: u8) -> Option<Mark> {
    let has = |flag: u8| flags & flag != 0;
    let mut head = 10;
    if has(4) {
        let (Some(low), Some(high)) = (bytes.get(10), bytes.get(11)) else { return Some(Mark::None) };
        head += 2 + usize::from(u16::from_le_bytes([*low, *high]));
    }
    for _ in 0..u8::from(has(8)) + u8::from(has(16)) {
        let name = bytes.get(head..).unwrap_or_default();
        head += 1 + name.iter().take(NAME_MAX).position(|byte| *byte == 0)?;
    }
    head += if has(2) { 2 } else { 0 };
    let is_whole = may_be_deflate(bytes.get(head..).unwrap_or_default());
    Some(if is_whole { Mark::Deflate { head, trailer: 8 } } else { Mark::None })
}

/// A file in a zip archive. Source: PKWARE's APPNOTE, 4.3.7.
fn zip(bytes: &[u8], flags: u8, method: u8) -> Mark {
    let size = |at: usize| Some(usize::from(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?])));
    let (Some(name), Some(extra)) = (size(26), size(28)) else { return Mark::None };
    let head = 30 + name + extra;
    match method {
        _ if flags & 1 == 1 => Mark::OtherFormat,
        0 => Mark::None,
        8 if may_be_deflate(bytes.get(head..).unwrap_or_default()) => Mark::Deflate { head, trailer: 0 },
        8 => Mark::None,
        _ => Mark::OtherFormat,
    }
}

/// False if the first block cannot be one of deflate. Source: RFC 1951, 3.2.
fn may_be_deflate(bytes: &[u8]) -> bool {
    match bytes {
        [first, rest @ ..] if first & 0b110 == 0 => matches!(rest, [a, b, c, d, ..] if a ^ c == 0xff && b ^ d == 0xff),
        [first, _, ..] => first & 0b110 != 0b110,
        _ => false,
    }
}

/// True if the beginning is readable characters only, as is nothing that is compressed.
fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().take(32).all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
}

/// bzip2, xz, zstd, LZ4, lzip, snappy, 7z and rar. A mark of few bytes would also be found in ordinary data, so what
/// comes after it is checked.
fn is_in_another_format(bytes: &[u8]) -> bool {
    match bytes {
        [b'B', b'Z', b'h', b'1'..=b'9', block @ ..] => block.starts_with(b"1AY&SY"),
        [0x28, 0xb5, 0x2f, 0xfd, frame @ ..] => is_zstd(frame).unwrap_or(false),
        [0x04, 0x22, 0x4d, 0x18, flags, size, ..] => flags & 0b1100_0010 == 0b0100_0000 && size & 0b1100_1111 == 0b0100_0000,
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] | [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => true,
        [0xff, 6, 0, 0, rest @ ..] => rest.starts_with(b"sNaPpY"),
        [b'L', b'Z', b'I', b'P', 1, ..] | [b'R', b'a', b'r', b'!', 0x1a, 7, ..] => true,
        _ => false,
    }
}

/// True if the head of a frame and of its first block can be zstd's. Source: RFC 8878, 3.1.1.
fn is_zstd(frame: &[u8]) -> Option<bool> {
    let descriptor = *frame.first()?;
    let is_single = descriptor & 0x20 != 0;
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let size = [usize::from(is_single), 2, 4, 8][usize::from(descriptor >> 6)];
    let block = frame.get(1 + usize::from(!is_single) + dictionary + size..)?;
    let block = u32::from_le_bytes([*block.first()?, *block.get(1)?, *block.get(2)?, 0]);
    Some(descriptor & 0x08 == 0 && block & 0b110 != 0b110 && block >> 3 <= 131_072)
}

#[cfg(test)]
mod tests;
