//! Cells that a spreadsheet rewrites when it opens and saves a file, although nobody changed them.
//!
//! The rule: a changed cell is suspected if its old and its new text are the same value in another spelling (a number, a
//! date, a time, a truth word), or if the new text is a form of the old one in which something is lost (letters, the end, all
//! of it to an error such as `#REF!`). What people correct by hand is not suspected: a decimal comma that becomes a point, a
//! date that becomes `2026-11-24`, a truth word that becomes `true`, and zeros, a plus or blanks that are added.
//!
//! Some changes are made by tools as well as by people: `NA` that is emptied, a number with fewer digits. They are suspected only in a
//! column that the item's error does not blame, since there nobody had a reason to change anything.
//! The page has the same rules in JavaScript, by the same tables of cases.

mod blame;
mod dates;
mod doubtful;
mod lossy;
mod numbers;
mod serials;
mod truth;

pub use self::blame::{is_blamed, may_be_blamed};
use self::dates::is_same_moment;
use self::doubtful::is_doubtful;
use self::lossy::is_lossy;
use self::numbers::is_same_number;
use self::truth::is_same_truth;

/// Longer cells are no number, date or truth word.
const VALUE_BYTES_MAX: usize = 100;

/// True if `new` is what a spreadsheet may make of `old`. `is_blamed` says if the item's error names the column.
#[must_use]
pub fn is_rewritten(old: &str, new: &str, is_blamed: bool) -> bool {
    old != new && (is_lossy(old, new) || is_same_value(old.trim(), new.trim()) || !is_blamed && is_doubtful(old, new))
}

fn is_same_value(old: &str, new: &str) -> bool {
    let is_value = |text: &str| !text.is_empty() && text.len() <= VALUE_BYTES_MAX;
    old != new && is_value(old) && is_value(new) && (is_same_number(old, new) || is_same_moment(old, new) || is_same_truth(old, new))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page judges cells too, and its test uses the same table.
    #[test]
    fn what_spreadsheets_make_of_cells_is_told_from_corrections() {
        let table: Vec<(String, String, serde_json::Value)> = serde_json::from_str(include_str!("rewritten_cells.json")).unwrap();
        let is_wrong = |(old, new, expected): &(String, String, serde_json::Value)| {
            is_rewritten(old, new, true) != (*expected == true) || is_rewritten(old, new, false) != (*expected != false)
        };
        let wrong: Vec<_> = table.into_iter().filter(is_wrong).collect();
        assert_eq!(wrong, []);
    }

    #[test]
    fn a_column_is_blamed_by_its_pointer_or_its_name() {
        let table: Vec<(String, String, serde_json::Value)> = serde_json::from_str(include_str!("blamed_columns.json")).unwrap();
        let is_wrong = |(column, message, expected): &(String, String, serde_json::Value)| {
            is_blamed(column, message) != (*expected == true) || may_be_blamed(column, message) != (*expected != false)
        };
        let wrong: Vec<_> = table.into_iter().filter(is_wrong).collect();
        assert_eq!(wrong, []);
        assert!(may_be_blamed("c", &"x".repeat(1_000)) && !may_be_blamed("c", &"x".repeat(999)), "a message that was cut");
    }

    #[test]
    fn the_end_of_a_text_that_is_longer_than_a_cell_can_be_is_lost() {
        let old = "ä".repeat(70_000);
        for (kept, expected) in [(32_767, true), (50_000, true), (65_535, true), (32_768, false), (60_000, false)] {
            assert_eq!(is_rewritten(&old, &"ä".repeat(kept), true), expected, "{kept}");
        }
        assert!(is_rewritten(&"😀".repeat(20_000), &"😀".repeat(16_383), true));
    }
}
