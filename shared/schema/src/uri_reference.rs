//! References and ids of schemas as texts: URI references (RFC 3986).

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use referencing::uri;

use crate::pointer::cut;

/// Characters that a URI reference has only encoded. Source: RFC 3986, sections 2.1 to 2.3; beyond ASCII all are.
const ENCODED: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'[').add(b'\\').add(b']').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// Why a text is no URI reference, if it is none. It is said how to write it.
pub(crate) fn no_uri_reference(text: &str) -> Option<String> {
    uri::from_str(text).err()?;
    let encoded = utf8_percent_encode(text, ENCODED).to_string();
    let remedy = if uri::from_str(&encoded).is_ok() { format!(": write {}", cut(&encoded, 200)) } else { String::new() };
    Some(format!("{} is not a URI reference (RFC 3986){remedy}", cut(text, 100)))
}

/// True if every `%` of a reference begins an encoded byte.
pub(crate) fn is_encoded(reference: &str) -> bool {
    let is_byte = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    reference.split('%').skip(1).all(is_byte)
}
