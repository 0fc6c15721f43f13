//! Lines of bounded length, from a reader of any size.

use std::io::{self, BufRead};

use super::UNENDED_BYTES_MAX;

/// How reading a line went.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line, without its end.
    Read,
    /// No line is left.
    End,
    /// The line is longer than any item.
    TooLong,
}

/// Replaces `line` by the next line, without LF or CRLF.
pub(super) fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Line> {
    line.clear();
    loop {
        let buffer = match reader.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            filled => filled?,
        };
        if buffer.is_empty() {
            return Ok(if line.is_empty() { Line::End } else { Line::Read });
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let (text, used) = end.map_or((buffer, buffer.len()), |at| (&buffer[..at], at + 1));
        line.extend_from_slice(text);
        reader.consume(used);
        if line.len() > UNENDED_BYTES_MAX {
            return Ok(Line::TooLong);
        }
        if end.is_some() {
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            return Ok(Line::Read);
        }
    }
}
