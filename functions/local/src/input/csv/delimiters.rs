//! Delimiters that files have, and how they are shown.

use super::super::format::Delimiter;

/// Delimiters that files often have instead of the expected one.
pub(super) const DELIMITERS: [u8; 4] = [b';', b'\t', b'|', b','];
/// Delimiters that files have now and then, and that names have too.
pub(super) const RARE_DELIMITERS: [u8; 6] = [b'^', b'~', b':', b'*', b'!', b'='];

/// True for a control character that can only separate cells, as Hive's U+0001. DOS ends files with U+001A, and U+001B
/// begins the escape sequences of terminals.
pub(super) fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && !matches!(byte, 0 | b'\t' | b'\n' | b'\r' | 0x1a | 0x1b)
}

/// A delimiter as the option's value.
pub(super) fn option(delimiter: u8) -> String {
    if delimiter == b'\t' { "tab".to_owned() } else { format!("'{}'", Delimiter::of(delimiter)) }
}

/// A delimiter, for messages.
pub(super) fn shown(delimiter: u8) -> String {
    match delimiter {
        b'\t' => "a tab".to_owned(),
        control if control.is_ascii_control() => format!("the control character U+{control:04X}"),
        other => format!("`{}`", char::from(other)),
    }
}
