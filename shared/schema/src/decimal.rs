//! Decimal numbers of any length, compared digit by digit. What a number costs depends on the digits that are written, never on
//! its exponent.

use std::cmp::Ordering;

/// Exponents beyond this are not read, so that sums of exponents cannot overflow.
const EXPONENT_MAX: i64 = 1_000_000_000;

/// `digits` × 10^`exponent`. The digits have no zero at either end, so equal numbers are written in one way; zero has no digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// Reads a number as JSON writes it. `None` for anything else, and for exponents beyond a billion.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let all = [whole, fraction].concat();
        if whole.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let exponent: i64 = exponent.parse().ok().filter(|exponent: &i64| exponent.abs() <= EXPONENT_MAX)?;
        let digits = all.trim_end_matches('0');
        let exponent = exponent - i64::try_from(fraction.len()).ok()? + i64::try_from(all.len() - digits.len()).ok()?;
        let digits = digits.trim_start_matches('0').to_owned();
        let is_zero = digits.is_empty();
        Some(Self { negative: negative && !is_zero, exponent: if is_zero { 0 } else { exponent }, digits })
    }

    /// True if it has no fraction.
    pub(crate) fn is_integer(&self) -> bool {
        self.exponent >= 0
    }

    /// True if it is a multiple of a number. `None` if that number has more digits than 64 bits hold, or is zero.
    pub(crate) fn is_multiple_of(&self, other: &Self) -> Option<bool> {
        let divisor = other.divisor()?;
        if self.digits.is_empty() {
            return Some(true);
        }
        // With fewer zeros at its end than the divisor it would have to be divisible by 10, and its digits end with none.
        let Ok(zeros) = u64::try_from(self.exponent - other.exponent) else { return Some(false) };
        let rest = self.digits.bytes().fold(0, |rest, digit| (rest * 10 + u128::from(digit - b'0')) % divisor);
        Some((rest * power_of_ten(zeros, divisor)).is_multiple_of(divisor))
    }

    /// Its digits as a number by which others can be divided.
    pub(crate) fn divisor(&self) -> Option<u128> {
        self.digits.parse().ok().filter(|digits| *digits > 0).map(|digits: u64| digits.into())
    }

    /// One text for each number.
    pub(crate) fn key(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}{}e{}", self.digits, self.exponent)
    }

    /// The size without the sign.
    fn cmp_size(&self, other: &Self) -> Ordering {
        // Where the first digit is. Zero is smaller than everything.
        let place = |number: &Self| (!number.digits.is_empty(), number.exponent.saturating_add_unsigned(number.digits.len() as u64));
        place(self).cmp(&place(other)).then_with(|| self.digits.cmp(&other.digits))
    }
}

/// 10^`power` modulo `divisor`, which fits into 64 bits.
fn power_of_ten(mut power: u64, divisor: u128) -> u128 {
    let (mut result, mut square) = (1 % divisor, 10 % divisor);
    while power > 0 {
        if power & 1 == 1 {
            result = result * square % divisor;
        }
        square = square * square % divisor;
        power >>= 1;
    }
    result
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.cmp_size(other),
            (true, true) => other.cmp_size(self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::read(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn numbers_are_read_as_json_writes_them() {
        for (text, key) in [
            ("0", "e0"),
            ("-0.0e5", "e0"),
            ("100", "1e2"),
            ("1.0", "1e0"),
            ("-0.00120", "-12e-4"),
            ("12e+3", "12e3"),
            ("1E-3", "1e-3"),
            ("1e1000000000", "1e1000000000"),
            ("12345678901234567890.5", "123456789012345678905e-1"),
        ] {
            assert_eq!(decimal(text).key(), key, "{text}");
        }
        for text in ["", "-", ".5", "1e", "x", "1e1000000001", "1e-99999999999999999999", "1.2.3", "NaN"] {
            assert_eq!(Decimal::read(text), None, "{text}");
        }
    }

    /// However long the digits and however large the exponents are.
    #[test]
    fn they_are_compared_to_the_last_digit() {
        let rising = [
            "-1e400",
            "-972783798187987123879878123.18878137",
            "-1",
            "-0.1000000000000000000002",
            "-0.1",
            "-1e-1000000000",
            "0",
            "1e-1000000000",
            "0.09999999999999999999999",
            "0.1",
            "0.10000000000000000000000001",
            "1",
            "9007199254740993",
            "9007199254740993.5",
            "100000000000000000000",
            "100000000000000000000.5",
            "1e21",
            "1e1000000000",
        ];
        for (at, text) in rising.iter().enumerate() {
            for (other_at, other) in rising.iter().enumerate() {
                assert_eq!(decimal(text).cmp(&decimal(other)), at.cmp(&other_at), "{text} {other}");
            }
        }
    }

    #[test]
    fn multiples_are_exact() {
        for (number, of, expected) in [
            ("1e1000000000", "3", Some(false)),
            ("3e1000000000", "3", Some(true)),
            ("1e308", "0.123456789", Some(false)),
            ("100000000000000000000.5", "1", Some(false)),
            ("100000000000000000000.5", "0.5", Some(true)),
            ("0.30000000000000000000", "0.1", Some(true)),
            ("0.3000000000000000000001", "0.1", Some(false)),
            ("12345678901234567890123", "7", Some(false)),
            ("-12345678901234567890123", "3", Some(true)),
            ("5", "10", Some(false)),
            ("0", "7.5", Some(true)),
            ("36893488147419103230", "18446744073709551615", Some(true)),
            ("1", "184467440737095516159", None),
            ("1", "0", None),
        ] {
            assert_eq!(decimal(number).is_multiple_of(&decimal(of)), expected, "{number} {of}");
        }
    }

    proptest! {
        /// As integers do.
        #[test]
        fn they_agree_with_integers(a: i64, b: i64, of in 1_i64..1_000_000) {
            let (x, y) = (decimal(&a.to_string()), decimal(&b.to_string()));
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!(x == y, a == b);
            prop_assert_eq!(x.is_multiple_of(&decimal(&of.to_string())), Some(a % of == 0));
            prop_assert!(x.is_integer());
        }
    }
}
