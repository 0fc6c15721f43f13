//! Changes the types of texts in an item by editing its bytes. Everything else is kept as it is: digits, order and
//! spaces.

use std::collections::HashSet;
use std::ops::Range;

use crate::raw::{self, Raw};
use crate::text::reading;

/// The item, with the texts at these pointers replaced by their other reading.
pub(crate) fn retype(item: &str, texts: &HashSet<String>) -> String {
    let mut edits = Edits { item, edits: Vec::new() };
    raw::each(item, &mut |pointer, raw| {
        if let Raw::Text(text) = raw
            && texts.contains(pointer)
        {
            edits.text(text);
        }
    });
    edits.edited()
}

/// What to replace in an item.
struct Edits<'i> {
    item: &'i str,
    edits: Vec<(Range<usize>, String)>,
}

impl<'i> Edits<'i> {
    fn text(&mut self, raw: &'i str) {
        let Some(text) = raw::text(raw) else { return };
        if let Some(other) = reading(&text) {
            let start = raw.as_ptr() as usize - self.item.as_ptr() as usize;
            self.edits.push((start..start + raw.len(), other.json(&text).to_owned()));
        }
    }

    fn edited(self) -> String {
        let mut typed = String::with_capacity(self.item.len());
        let mut kept = 0;
        for (at, json) in self.edits {
            typed.push_str(&self.item[kept..at.start]);
            typed.push_str(&json);
            kept = at.end;
        }
        typed.push_str(&self.item[kept..]);
        typed
    }
}
