//! Numbers in every way to write them: `1234.5`, `1,234.50`, `1.234,5`, `1 234,5`, `(5)`, `5-`, `1.2E+3`, `$5`, `50%`.

/// Spreadsheets keep 15 digits, and often show fewer of them.
const DIGITS_KEPT: usize = 15;
const DIGITS_SHOWN_MIN: usize = 9;
/// What a number with an exponent may have lost, and one with more digits than are kept.
const LOST_BY_EXPONENT: f64 = 1e-2;
const LOST_BY_LENGTH: f64 = 1e-14;
/// So many digits after the point nobody rounds to a whole number.
const WHOLE_AFTER_PLACES: i32 = 3;

/// A number in one reading of its separators.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Number {
    whole: String,
    fraction: String,
    exponent: Option<i32>,
    point: Option<char>,
    group: Option<char>,
    dress: Dress,
}

/// What is around the digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Dress {
    is_negative: bool,
    is_plus: bool,
    /// `(5)`, `5-`, or a minus that is not the keyboard's.
    is_unusual: bool,
    has_currency: bool,
    is_percent: bool,
}

/// True if both are the same number in one of their readings, and `new` is not what a person makes of `old`.
pub(super) fn is_same_number(old: &str, new: &str) -> bool {
    if old != new
        && matches!(new, "inf" | "-inf" | "Inf" | "-Inf")
        && (is_infinite(old) || readings(old).iter().any(Number::is_beyond_doubles))
    {
        return true;
    }
    let (before, after) = (readings(old), readings(new));
    let is_by_hand = |old: &Number, new: &Number| old.is_same(new) && (old.is_only_filled(new) || old.has_got_a_point(new));
    let pairs = || before.iter().flat_map(|old| after.iter().map(move |new| (old, new)));
    !pairs().any(|(old, new)| is_by_hand(old, new)) && pairs().any(|(old, new)| old.is_same(new) || old.is_rounded(new))
}

/// True if `new` is `old` with fewer digits after the point, as `3.14` is for `3.14159`.
pub(super) fn is_shortened_number(old: &str, new: &str) -> bool {
    let after = readings(new);
    readings(old).iter().any(|old| after.iter().any(|new| old.is_shortened(new)))
}

/// `INF`, `-Infinity`: a number beyond the range of doubles, for which data frames write `inf` or `Inf`.
fn is_infinite(text: &str) -> bool {
    let word = text.trim_start_matches(['-', '+']).to_ascii_lowercase();
    matches!(word.as_str(), "inf" | "infinity")
}

impl Number {
    fn is_same(&self, new: &Number) -> bool {
        let is_undressed = self.dress.has_currency && !new.dress.has_currency || self.dress.is_percent && !new.dress.is_percent;
        !is_undressed && self.is_negative() == new.is_negative() && self.canonical() == new.canonical()
    }

    /// Only zeros or a plus were added: nobody does that but a person.
    fn is_only_filled(&self, new: &Number) -> bool {
        let is_dressed_alike =
            Dress { is_plus: self.dress.is_plus, ..new.dress } == self.dress && (new.dress.is_plus || !self.dress.is_plus);
        is_dressed_alike
            && self.group == new.group
            && self.exponent.is_none()
            && new.exponent.is_none()
            && (self.point.is_none() || self.point == new.point)
            && !self.whole.is_empty()
            && new.whole.len() >= self.whole.len()
            && new.fraction.len() >= self.fraction.len()
    }

    fn has_got_a_point(&self, new: &Number) -> bool {
        self.point == Some(',') && new.point == Some('.') && new.group.is_none() && self.exponent == new.exponent
    }

    /// `1.23457E+19`, `12345678901234600000`, `3.141592654`.
    fn is_rounded(&self, new: &Number) -> bool {
        let (Some(before), Some(after)) = (self.value(), new.value()) else { return false };
        let differ_by = |most: f64| (before - after).abs() <= most;
        let has_lost_digits = self.digits().len() > DIGITS_KEPT && new.digits().bytes().skip(DIGITS_KEPT).all(|digit| digit == b'0');
        let is_shown_shorter = self.point.is_some()
            && new.fraction.len() < self.fraction.len()
            && new.digits().len() >= DIGITS_SHOWN_MIN
            && new.exponent.is_none();
        new.exponent.is_some() && differ_by(before.abs() * LOST_BY_EXPONENT)
            || self.digits().len() > DIGITS_KEPT && before == after && new.is_of_double(before)
            || has_lost_digits && differ_by(before.abs() * LOST_BY_LENGTH)
            || is_shown_shorter && differ_by(0.5 * 0.1_f64.powi(length(&new.fraction)))
    }

    /// The digits that programs write for this double: all of them, or as few as tell it from others.
    fn is_of_double(&self, value: f64) -> bool {
        let all = format!("{:.0}", value.abs());
        let few: String = format!("{:e}", value.abs()).chars().take_while(|c| *c != 'e').filter(char::is_ascii_digit).collect();
        let digits = self.canonical().0;
        [all, few].iter().any(|of_double| of_double.trim_end_matches('0') == digits)
    }

    fn is_shortened(&self, new: &Number) -> bool {
        let (Some(before), Some(after)) = (self.value(), new.value()) else { return false };
        let places = |number: &Number| length(&number.fraction) - number.exponent.unwrap_or(0);
        let (had, has) = (places(self), places(new));
        let is_shorter = match new.exponent {
            Some(_) => self.digits().len() > new.digits().len(),
            // People round to whole numbers.
            None => had > has && (has > 0 || had >= WHOLE_AFTER_PLACES),
        };
        let is_dressed_alike = self.dress == new.dress || after == 0.0;
        is_shorter && is_dressed_alike && (before - after).abs() <= 0.5 * 10_f64.powi(-has) * (1.0 + LOST_BY_LENGTH)
    }

    /// The digits without the zeros in front.
    fn digits(&self) -> String {
        format!("{}{}", self.whole, self.fraction).trim_start_matches('0').to_owned()
    }

    /// The digits without zeros at either end, and the power of ten of the last one.
    fn canonical(&self) -> (String, i32) {
        let digits = self.digits();
        let short = digits.trim_end_matches('0');
        if short.is_empty() {
            return (String::new(), 0);
        }
        let percent = if self.dress.is_percent { 2 } else { 0 };
        let power = length(&digits) - length(short) - length(&self.fraction) - percent + self.exponent.unwrap_or(0);
        (short.to_owned(), power)
    }

    fn is_negative(&self) -> bool {
        self.dress.is_negative && !self.digits().is_empty()
    }

    fn value(&self) -> Option<f64> {
        self.nearest_double().filter(|value| value.is_finite())
    }

    fn is_beyond_doubles(&self) -> bool {
        self.nearest_double().is_some_and(f64::is_infinite)
    }

    fn nearest_double(&self) -> Option<f64> {
        let (digits, power) = self.canonical();
        let sign = if self.is_negative() { "-" } else { "" };
        format!("{sign}0{digits}e{power}").parse().ok()
    }
}

/// The numbers that a text can be, by what separates groups and what begins the fraction.
fn readings(text: &str) -> Vec<Number> {
    let Some((body, dress)) = undressed(text) else { return Vec::new() };
    let (body, exponent) = match body.split_once(['e', 'E']) {
        None => (body, None),
        Some((body, exponent)) => match exponent.parse::<i16>() {
            Ok(exponent) => (body, Some(i32::from(exponent))),
            Err(_) => return Vec::new(),
        },
    };
    let mut found: Vec<Number> = Vec::new();
    for point in ['.', ','] {
        for group in [None, Some('.'), Some(','), Some(' '), Some('\u{a0}'), Some('\u{202f}'), Some('\''), Some('’')] {
            if group != Some(point)
                && let Some(number) = reading(body, point, group)
            {
                let number = Number { exponent, dress, ..number };
                if !found.contains(&number) {
                    found.push(number);
                }
            }
        }
    }
    found
}

fn reading(body: &str, point: char, group: Option<char>) -> Option<Number> {
    let (whole, fraction) = body.split_once(point).map_or((body, None), |(whole, fraction)| (whole, Some(fraction)));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let whole = match group {
        None => whole.to_owned(),
        Some(group) => without_groups(whole, group)?,
    };
    let fraction_digits = fraction.unwrap_or_default();
    let is_number = is_digits(&whole) && is_digits(fraction_digits) && !(whole.is_empty() && fraction_digits.is_empty());
    let (fraction, point) = (fraction_digits.to_owned(), fraction.map(|_| point));
    is_number.then(|| Number { whole, fraction, exponent: None, point, group, dress: Dress::default() })
}

/// `1234567` for `1,234,567` or, as in India, `12,34,567`; `None` if there are no groups.
fn without_groups(whole: &str, group: char) -> Option<String> {
    let groups: Vec<&str> = whole.split(group).collect();
    let (first, rest) = groups.split_first()?;
    let (last, inner) = rest.split_last()?;
    let is_grouped = matches!(first.len(), 1..=3) && !first.starts_with('0') && last.len() == 3;
    let same = |length: usize| inner.iter().all(|group| group.len() == length);
    (is_grouped && (same(3) || same(2) && first.len() <= 2)).then(|| groups.concat())
}

/// The text without sign, parentheses, currency and percent.
fn undressed(text: &str) -> Option<(&str, Dress)> {
    let (mut text, mut dress) = (text, Dress::default());
    if let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        (text, dress.is_negative, dress.is_unusual) = (inner, true, true);
    }
    // Each piece once, at either end.
    for _ in 0..4 {
        text = text.trim();
        let is_signed = dress.is_negative || dress.is_plus;
        if let Some(rest) = text.strip_prefix(is_currency).or_else(|| text.strip_suffix(is_currency)).filter(|_| !dress.has_currency) {
            (text, dress.has_currency) = (rest, true);
        } else if let Some(rest) = text.strip_suffix('%').filter(|_| !dress.is_percent) {
            (text, dress.is_percent) = (rest, true);
        } else if let Some(rest) = text.strip_prefix('-').filter(|_| !is_signed) {
            (text, dress.is_negative) = (rest, true);
        } else if let Some(rest) = text.strip_prefix('\u{2212}').or_else(|| text.strip_suffix(['-', '\u{2212}'])).filter(|_| !is_signed) {
            (text, dress.is_negative, dress.is_unusual) = (rest, true, true);
        } else if let Some(rest) = text.strip_prefix('+').filter(|_| !is_signed) {
            (text, dress.is_plus) = (rest, true);
        }
    }
    text.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == ',').then_some((text, dress))
}

fn length(digits: &str) -> i32 {
    i32::try_from(digits.len()).unwrap_or(i32::MAX)
}

fn is_currency(c: char) -> bool {
    matches!(c, '$' | '£' | '¥' | '¤' | '\u{20a0}'..='\u{20cf}')
}
