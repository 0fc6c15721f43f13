//! Cells that a spreadsheet rewrites when it opens and saves a file, although nobody changed them: numbers without the
//! zeros in front or rounded, decimal commas, dates in the order of the country, `WAHR` for `true`.
//!
//! A correction often goes the other way (`12,50` becomes `12.50`, `24.11.2026` becomes `2026-11-24`), so only what a
//! spreadsheet reads as a number, a date or a truth value is looked at, and only forms that it writes.

/// True if `new` is what a spreadsheet may make of `old`.
pub fn is_rewritten(old: &str, new: &str) -> bool {
    let (old, new) = (old.trim(), new.trim());
    old != new && (is_same_number(old, new) || is_same_date(old, new) || is_made_a_date(old, new) || is_same_truth(old, new))
}

/// `00123` and `123`, `12.50` and `12,5`, `1234567890123456` and `1.23457E+15` or `1234567890123450`.
fn is_same_number(old: &str, new: &str) -> bool {
    let (Some(before), Some(after)) = (number(old), number(&new.replace(',', "."))) else { return false };
    let differ_by = |part: f64| (before - after).abs() <= before.abs() * part;
    if new.contains(['e', 'E']) {
        return differ_by(1e-2);
    }
    // Nobody adds zeros but a person.
    let is_shorter = new.len() <= old.len() || old.contains(['e', 'E']);
    // Spreadsheets keep 15 digits.
    let has_lost_digits = digits(old) > 15 && new.bytes().filter(u8::is_ascii_digit).skip(15).all(|digit| digit == b'0');
    (is_shorter && differ_by(f64::EPSILON)) || (has_lost_digits && differ_by(1e-14))
}

/// Digits with at most a sign, a point and an exponent.
fn number(text: &str) -> Option<f64> {
    let is_plain =
        text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) && text.contains(|c: char| c.is_ascii_digit());
    text.parse().ok().filter(|number: &f64| is_plain && number.is_finite())
}

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// `2026-11-24`, perhaps with a time, and `24.11.26`, `11/24/2026` or another order, perhaps with a time.
fn is_same_date(old: &str, new: &str) -> bool {
    let day = |text: &str| {
        let mut fields: Vec<u32> = fields(text)?.into_iter().take(3).map(|field| field % 100).collect();
        fields.sort_unstable();
        (fields.len() == 3).then_some(fields)
    };
    is_iso(old) && !is_iso(new) && day(old).is_some() && day(old) == day(new)
}

/// `1-2`, `3/4` or `12.5` and a whole date with the same day and month.
fn is_made_a_date(old: &str, new: &str) -> bool {
    let (Some(before), Some(after)) = (fields(old), fields(new)) else { return false };
    before.len() == 2 && after.len() == 3 && before.iter().all(|field| after.contains(field))
}

fn is_iso(text: &str) -> bool {
    let shape = |(place, byte): (usize, u8)| if matches!(place, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() >= 10 && text.bytes().take(10).enumerate().all(shape)
}

/// The numbers of a date and time; `None` for any other text.
fn fields(text: &str) -> Option<Vec<u32>> {
    let text = text.trim_end_matches('Z');
    text.split(['-', '.', '/', ':', ' ', 'T']).map(|field| field.parse().ok().filter(|_| field.len() <= 4)).collect()
}

fn is_same_truth(old: &str, new: &str) -> bool {
    const TRUE: [&str; 5] = ["TRUE", "WAHR", "VRAI", "VERDADERO", "VERO"];
    const FALSE: [&str; 5] = ["FALSE", "FALSCH", "FAUX", "FALSO", "ONWAAR"];
    let of = |words: [&str; 5]| words.contains(&new);
    old.eq_ignore_ascii_case("true") && of(TRUE) || old.eq_ignore_ascii_case("false") && of(FALSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page judges cells too, and its test uses the same table.
    #[test]
    fn what_spreadsheets_make_of_cells_is_told_from_corrections() {
        let table: Vec<(String, String, bool)> = serde_json::from_str(include_str!("rewritten_cells.json")).unwrap();
        for (old, new, expected) in table {
            assert_eq!(is_rewritten(&old, &new), expected, "{old} as {new}");
        }
    }
}
