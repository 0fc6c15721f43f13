//! A file as UTF-8 text, piece by piece, with the place of each byte. Bytes that are not text are refused here.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use memchr::{memchr, memchr_iter, memchr2, memmem};

use super::error::InputError;
use super::foreign;
use super::format::{Format, NamedEncoding, Reading};
use super::garbled::Garbled;
use super::joined;
use super::misnamed::MaybeUtf8;
use super::not_text::{self, HEAD_BYTES};
use super::not_utf8;
use super::place::{Place, Tracker};

const RAW_BYTES: usize = 256 * 1_024;
/// The length of the longest byte-order mark.
const MARK_BYTES_MAX: usize = 4;
/// With this character old DOS programs end a file.
const END_MARK: u8 = 0x1a;

/// The text of a reader.
pub(super) struct Text<R> {
    reader: R,
    decoder: Decoder,
    encoding: &'static Encoding,
    /// True if the format is JSON, which is always UTF-8, and no encoding was given.
    must_be_utf8: bool,
    /// True if no encoding was given.
    is_unnamed: bool,
    /// True if only `--encoding` says in which order the bytes are.
    unmarked_utf16: bool,
    /// Finds out whether the text is UTF-8, if `--encoding` names something else.
    misnamed: Option<MaybeUtf8>,
    /// Finds characters of UTF-8, if `--encoding` names something else.
    garbled: Option<Garbled>,
    /// True if the file begins with a byte-order mark.
    is_marked: bool,
    /// True if there was a character beyond ASCII.
    has_wide: bool,
    /// Bytes read and not decoded yet: `raw[raw_at..]`.
    raw: Vec<u8>,
    raw_at: usize,
    raw_ended: bool,
    /// The last bytes that were decoded.
    decoded: Vec<u8>,
    /// Text decoded and not consumed yet: `text[text_at..text_len]`.
    text: Box<[u8]>,
    text_at: usize,
    text_len: usize,
    tracker: Tracker,
    /// What comes after the decoded text.
    then: Then,
    /// So many decoded bytes behind `text[..text_len]` can be judged only together with what follows.
    held: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    More,
    /// So many bytes are not a character. The file may end with them; and what they are may be known.
    Malformed {
        bytes: u8,
        at_end: bool,
        what: Option<&'static str>,
    },
    /// A file that ends with [`END_MARK`].
    EndMark,
    /// An escape sequence of an encoding with several character sets.
    Shifted(&'static str),
    Nul,
    /// A control character for a byte that no text in the encoding has.
    Unused(char),
    Swapped,
    /// Bytes that are not in the encoding of the text before.
    Joined,
    End,
}

impl<R: Read> Text<R> {
    /// The text without its byte-order mark.
    ///
    /// # Errors
    ///
    /// The reader fails, the first bytes are not text, or it is another kind of file.
    pub(super) fn new(mut reader: R, reading: &Reading) -> Result<Text<R>, InputError> {
        let named = reading.encoding;
        let mut raw = Vec::with_capacity(RAW_BYTES);
        reader.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut raw)?;
        let (encoding, raw_at) = encoding(&raw, reading)?;
        let mut text = Text {
            reader,
            decoder: encoding.new_decoder_without_bom_handling(),
            encoding,
            must_be_utf8: named.is_none() && reading.format != Format::Csv,
            is_unnamed: named.is_none(),
            unmarked_utf16: raw_at == 0 && not_text::is_utf16(encoding),
            misnamed: misnamed(encoding, &raw),
            garbled: Garbled::in_encoding(encoding),
            is_marked: raw_at > 0,
            has_wide: false,
            raw,
            raw_at,
            raw_ended: false,
            decoded: Vec::new(),
            text: vec![0; RAW_BYTES].into(),
            text_at: 0,
            text_len: 0,
            tracker: Tracker::default(),
            then: Then::More,
            held: 0,
        };
        match foreign::other_file(text.ahead()?) {
            Some(what) => Err(InputError::File(what.into_owned())),
            None => Ok(text),
        }
    }

    /// The next piece of text, in whole characters; empty at the end. It stays the same until some of it is consumed.
    pub(super) fn fill(&mut self) -> Result<&[u8], InputError> {
        while self.text_at == self.text_len {
            match self.then {
                Then::More => self.decode()?,
                Then::End => return self.end(),
                Then::Nul => return Err(InputError::at(self.place(), self.nul())),
                Then::Unused(control) => return Err(InputError::at(self.place(), self.unused(control))),
                Then::Swapped => return Err(InputError::at(self.place(), self.swapped())),
                Then::Joined => return Err(InputError::at(self.place(), self.joined())),
                Then::EndMark => return Err(InputError::at(self.place(), END_MARK_LAST)),
                Then::Shifted(name) => return Err(InputError::at(self.place(), foreign::shifted(name))),
                Then::Malformed { what: Some(what), .. } => return Err(InputError::at(self.place(), format!("not UTF-8: {what}"))),
                Then::Malformed { bytes, at_end, .. } => return Err(InputError::at(self.place(), self.malformed(bytes, at_end))),
            }
        }
        Ok(&self.text[self.text_at..self.text_len])
    }

    /// The next piece, with what may not be consumed yet.
    pub(super) fn ahead(&mut self) -> Result<&[u8], InputError> {
        self.fill()?;
        Ok(&self.text[self.text_at..self.text_len + self.held])
    }

    /// Moves past the first `bytes` of the piece.
    pub(super) fn consume(&mut self, bytes: usize) {
        let passed = &self.text[self.text_at..self.text_at + bytes];
        self.tracker.pass(passed);
        self.text_at += bytes;
    }

    /// The place of the next byte.
    pub(super) fn place(&self) -> Place {
        self.tracker.place()
    }

    fn end(&self) -> Result<&[u8], InputError> {
        if self.misnamed.as_ref().is_some_and(MaybeUtf8::is_utf8) {
            return Err(InputError::File(format!(
                "the file is UTF-8 from beginning to end, but --encoding says {}: leave --encoding out",
                self.encoding.name()
            )));
        }
        match self.garbled.as_ref().and_then(Garbled::first) {
            Some(place) => Err(InputError::at(place, GARBLED)),
            None => Ok(&[]),
        }
    }

    /// Decodes at least one character, or finds out what comes next.
    fn decode(&mut self) -> Result<(), InputError> {
        if self.raw_at == self.raw.len() && !self.raw_ended {
            self.read()?;
        }
        let held = std::mem::take(&mut self.held);
        self.text.copy_within(self.text_len..self.text_len + held, 0);
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(&self.raw[self.raw_at..], &mut self.text[held..], self.raw_ended);
        self.decoded.extend_from_slice(&self.raw[self.raw_at..self.raw_at + read]);
        self.decoded.drain(..self.decoded.len().saturating_sub(not_utf8::BYTES_MAX));
        self.raw_at += read;
        let written = held + written;
        (self.text_at, self.text_len) = (0, written);
        self.has_wide = self.has_wide || !self.text[..written].is_ascii();
        self.then = match result {
            DecoderResult::Malformed(bytes, more) => {
                let at_end = self.raw_ended && self.raw_at == self.raw.len();
                Then::Malformed { bytes, at_end, what: self.almost_utf8(usize::from(bytes) + usize::from(more))? }
            }
            DecoderResult::InputEmpty if self.raw_ended => Then::End,
            DecoderResult::InputEmpty | DecoderResult::OutputFull => Then::More,
        };
        if let Some(nul) = memchr(0, &self.text[..written]) {
            (self.text_len, self.then) = (nul, Then::Nul);
        }
        if !is_unicode(self.encoding)
            && let Some((at, control)) = control(&self.text[..self.text_len])
        {
            (self.text_len, self.then) = (at, Then::Unused(control));
        }
        if self.unmarked_utf16
            && let Some(swapped) = swapped(&self.text[..self.text_len], self.place().line > 1)
        {
            (self.text_len, self.then) = (swapped, Then::Swapped);
        }
        if not_text::is_utf16(self.encoding)
            && let Some(joined) = joined::begins(&self.text[..self.text_len], self.encoding, self.then == Then::End)
        {
            (self.text_len, self.then) = (joined, Then::Joined);
        }
        if self.is_unnamed
            && let Some((at, name)) = foreign::shift(&self.text[..self.text_len])
        {
            (self.text_len, self.then) = (at, Then::Shifted(name));
        }
        self.hold();
        self.look_for_garbled();
        Ok(())
    }

    /// What the bytes are that are not UTF-8, if they are almost UTF-8. The last `bytes` decoded are the first of them.
    fn almost_utf8(&mut self, bytes: usize) -> io::Result<Option<&'static str>> {
        if self.encoding != UTF_8 {
            return Ok(None);
        }
        let mut sequence = self.decoded[self.decoded.len().saturating_sub(bytes)..].to_vec();
        // The others follow, and what is read here is not decoded any more.
        while sequence.len() < not_utf8::BYTES_MAX && !self.raw_ended {
            if self.raw_at == self.raw.len() {
                self.read()?;
            }
            let next = &self.raw[self.raw_at..(self.raw_at + not_utf8::BYTES_MAX).min(self.raw.len())];
            sequence.extend_from_slice(next);
            self.raw_at += next.len();
        }
        Ok(not_utf8::named(&sequence))
    }

    /// Keeps the end of the piece until the next one shows what it is: whether a character is the end mark, and whether the last
    /// characters are UTF-16.
    fn hold(&mut self) {
        let text = &self.text[..self.text_len];
        let ends_with_mark = text.ends_with(&[END_MARK]);
        match self.then {
            Then::More if not_text::is_utf16(self.encoding) => self.held = last_characters(text, joined::BEFORE),
            Then::More => self.held = usize::from(ends_with_mark),
            Then::End if ends_with_mark => (self.text_len, self.then) = (self.text_len - 1, Then::EndMark),
            _ => {}
        }
        self.text_len -= self.held;
    }

    fn look_for_garbled(&mut self) {
        if let Some(garbled) = &mut self.garbled {
            garbled.see(&self.text[..self.text_len], self.tracker);
        }
    }

    fn read(&mut self) -> io::Result<()> {
        self.raw.resize(RAW_BYTES, 0);
        self.raw_at = 0;
        let read = loop {
            match self.reader.read(&mut self.raw) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.raw.truncate(read);
        self.raw_ended = read == 0;
        if let Some(seen) = &mut self.misnamed {
            seen.see(&self.raw);
        }
        Ok(())
    }

    fn nul(&self) -> &'static str {
        if self.encoding == UTF_8 {
            "a NUL character: remove it, or give the file's encoding with --encoding if it is not UTF-8"
        } else {
            "a NUL character: remove it, or give the file's encoding with --encoding if it is different"
        }
    }

    fn unused(&self, control: char) -> String {
        format!(
            "the byte of the control character U+{:04X}, which no text in {} has: the file's encoding is another one. For text of DOS, as \
             Excel's “CSV (MS-DOS)”, convert it with `iconv -f CP850 -t UTF-8`; for text of an old Mac use --encoding macintosh",
            u32::from(control),
            self.encoding.name()
        )
    }

    fn swapped(&self) -> String {
        let (named, other) = if self.encoding == UTF_16BE { ("utf-16be", "utf-16le") } else { ("utf-16le", "utf-16be") };
        format!("a line end with its two bytes swapped: the file is not {named}; try --encoding {other}")
    }

    fn joined(&self) -> String {
        format!(
            "from here on the text is not {}: were two files of different encodings joined, or did a program on the way lose, add or \
             change bytes? Export the file again, in one encoding",
            self.encoding.name()
        )
    }

    /// `bytes` is the number of bytes that are not a character.
    fn malformed(&self, bytes: u8, at_end: bool) -> String {
        let name = self.encoding.name();
        // In most other encodings a single byte can be a character; two that could begin one in UTF-8 are hardly ever text.
        if self.encoding == UTF_8 && at_end && (self.has_wide || bytes > 1 || self.must_be_utf8) {
            "the file ends within a character: is it cut off?".to_owned()
        } else if self.encoding == UTF_8 && self.is_marked {
            "not UTF-8, though the file begins with the byte-order mark of UTF-8: the file is damaged here, or two files of different \
             encodings were joined; save all of it as UTF-8"
                .to_owned()
        } else if self.encoding == UTF_8 && self.has_wide {
            // Read in another encoding, the characters before it would be garbled, unless they are UTF-8 only by chance.
            let or = if self.must_be_utf8 { "" } else { "; if those are wrong too, give the file's encoding, as in --encoding gbk" };
            format!(
                "not UTF-8, unlike the characters before it: the file is damaged here, or two files of different encodings were joined{or}"
            )
        } else if self.must_be_utf8 && self.encoding == UTF_8 {
            "not UTF-8, as JSON always is: the file is damaged here, or was written in another encoding; write it as UTF-8".to_owned()
        } else if self.encoding == UTF_8 && at_end {
            "not UTF-8: is the file cut off within a character? Otherwise give its encoding, as in --encoding windows-1252".to_owned()
        } else if self.encoding == UTF_8 {
            "not UTF-8: give the file's encoding, as in --encoding windows-1252, or save it as UTF-8".to_owned()
        } else if not_text::is_utf16(self.encoding) && at_end {
            "the file ends within a character: is it cut off, or is there a byte too many?".to_owned()
        } else if not_text::is_utf16(self.encoding) {
            let or = if self.unmarked_utf16 { ", or the encoding is another one" } else { "" };
            format!("not {name}: half of a surrogate pair, which is no character: the file is damaged here{or}")
        } else {
            format!("not {name}: give the file's encoding with --encoding, or save it as UTF-8")
        }
    }
}

const GARBLED: &str = "here and at other places the text is UTF-8, which --encoding garbles, as `ü` to `Ã¼`, but not everywhere: were two \
                       files of different encodings joined? Save all of it as UTF-8, and leave --encoding out";
const END_MARK_LAST: &str = "the character 0x1A, with which old DOS programs end a file: remove it";

/// Prepares the check whether a file is UTF-8, if the given encoding is neither UTF-8 nor UTF-16.
fn misnamed(encoding: &'static Encoding, head: &[u8]) -> Option<MaybeUtf8> {
    (!is_unicode(encoding)).then(|| {
        let mut seen = MaybeUtf8::default();
        seen.see(head);
        seen
    })
}

fn is_unicode(encoding: &'static Encoding) -> bool {
    encoding == UTF_8 || not_text::is_utf16(encoding)
}

/// The first control character from U+0080 to U+009F. Encodings without Unicode have them for bytes that mean nothing in them.
fn control(text: &[u8]) -> Option<(usize, char)> {
    // Such a character is 0xc2 and its own number.
    let found = memchr_iter(0xc2, text).find_map(|at| Some((at, *text.get(at + 1)?)).filter(|(_, byte)| *byte < 0xa0));
    found.map(|(at, byte)| (at, char::from(byte)))
}

/// The length of the last `count` characters of a text, or of all of it if it has fewer.
fn last_characters(text: &[u8], count: usize) -> usize {
    let begins = text.iter().rev().enumerate().filter(|(_, byte)| !matches!(byte, 0x80..0xc0));
    begins.take(count).last().map_or(0, |(at, _)| at + 1)
}

/// The place of a line end whose two bytes are swapped, in a text that has no line end before it, as the first line of a text with swapped
/// bytes ends: U+0A00, which is not a character, or U+0D00.
fn swapped(text: &[u8], has_line_end: bool) -> Option<usize> {
    let first_line_end = if has_line_end { Some(0) } else { memchr2(b'\n', b'\r', text) };
    let find = |character: &str| memmem::find(text, character.as_bytes()).filter(|at| first_line_end.is_none_or(|end| *at < end));
    find("\u{0a00}").into_iter().chain(find("\u{0d00}")).min()
}

/// The encoding of a file that begins with `head`, and the length of its byte-order mark.
fn encoding(head: &[u8], reading: &Reading) -> Result<(&'static Encoding, usize), InputError> {
    let named = reading.encoding;
    match &head[..head.len().min(MARK_BYTES_MAX)] {
        [0xff, 0xfe, 0, 0] => return Err(InputError::File(not_text::utf32("UTF-32LE"))),
        [0, 0, 0xfe, 0xff] => return Err(InputError::File(not_text::utf32("UTF-32BE"))),
        _ => {}
    }
    let Some((marked, mark_bytes)) = Encoding::for_bom(head) else {
        not_text::refuse(head, named.map(|named| named.encoding), reading.delimiter.byte())?;
        return Ok((named.map_or(UTF_8, |named| named.encoding), 0));
    };
    let agrees = |named: NamedEncoding| named.encoding == marked || named.either_utf16 && [UTF_16LE, UTF_16BE].contains(&marked);
    match named {
        Some(named) if !agrees(named) => Err(InputError::File(format!(
            "the file begins with the byte-order mark of {}, but --encoding says {}: leave --encoding out",
            marked.name(),
            named.encoding.name()
        ))),
        _ => Ok((marked, mark_bytes)),
    }
}
