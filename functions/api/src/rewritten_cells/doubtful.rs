//! Changes that tools make, and people too.

use super::numbers::is_shortened_number;
use super::truth::is_number_of_truth;
use crate::normal_form;

/// What data frames read as no value, and write for none.
const MISSING: [&str; 14] = ["NA", "N/A", "n/a", "NULL", "Null", "null", "None", "NaN", "nan", "-NaN", "-nan", "NaT", "<NA>", "#NA"];

/// The least that a column of text can hold in widespread formats, without a byte for its length.
const KEPT_CHARS_MIN: usize = 254;

/// True if `new` is `old` with a loss that may have been meant.
pub(super) fn is_doubtful(old: &str, new: &str) -> bool {
    is_missing(old, new)
        || old.strip_prefix('\'') == Some(new)
        || is_respelt(old, new)
        || has_got_zeros(old, new)
        || is_number_of_truth(old, new)
        || is_shortened_number(old, new)
        || is_cut_off(old, new)
}

/// The first 255 characters or more of a text: databases and old formats keep no more in a column.
fn is_cut_off(old: &str, new: &str) -> bool {
    new.len() >= KEPT_CHARS_MIN && new.len() < old.len() && old.starts_with(new) && new.chars().count() >= KEPT_CHARS_MIN
}

/// `NA` that is emptied, and an empty cell that is `nan`.
fn is_missing(old: &str, new: &str) -> bool {
    new.is_empty() && MISSING.contains(&old) || old.is_empty() && MISSING.contains(&new)
}

/// `é` as one character or as two, and line breaks, tabs and several blanks that became one blank.
fn is_respelt(old: &str, new: &str) -> bool {
    let breaks = |text: &str| text.chars().filter(|c| c.is_whitespace() && *c != ' ').count();
    let is_flattened = || breaks(new) < breaks(old) || breaks(new) == breaks(old) && new.len() < old.len();
    normal_form::is_same_text(old, new) || old.split_whitespace().eq(new.split_whitespace()) && is_flattened()
}

/// `5.0` for `5`, as data frames write the numbers of a column with empty cells, and `5,00`, as spreadsheets do with two decimals.
fn has_got_zeros(old: &str, new: &str) -> bool {
    let digits = old.strip_prefix('-').unwrap_or(old);
    let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_whole && new.strip_prefix(old).is_some_and(|zeros| matches!(zeros, ".0" | ".00" | ",0" | ",00"))
}
