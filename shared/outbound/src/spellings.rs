//! Reverses the ways in which programs encode text in text: escapes, tags, members, base64, hexadecimal, numbers.
//!
//! Nothing here is exact: each function finds everything that could be meant, and more. It is for searching, not for
//! reading.

mod digits;
mod escapes;
mod members;
mod readable;

pub(crate) use digits::{decoded, encoded_values};
pub(crate) use members::documents;
pub(crate) use readable::readable;

/// The ways in which a text can be read: as a whole, and the values of its members, in their order and by their names;
/// each of these unchanged, without escapes, without tags, and without white space. `None` if it has too many members.
pub(crate) fn readings(text: &[u8]) -> Option<impl Iterator<Item = Vec<u8>> + use<>> {
    let (in_order, by_name) = members::values(text)?;
    let mut forms = vec![text.to_vec(), in_order, by_name];
    // Equal forms have equal readings.
    forms.dedup();
    Some(forms.into_iter().flat_map(|form| {
        let plain = escapes::plain(&form);
        let joined = escapes::joined(&escapes::plain(&escapes::joined(&form)));
        let without_tags = [escapes::without_tags(&plain), escapes::without_tags(&joined)];
        [form, plain, joined].into_iter().chain(without_tags)
    }))
}
