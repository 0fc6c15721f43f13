//! A percentage of items, as an exact decimal. In binary floating point 18.4 % of 375 items is a little less than 69.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// How many decimals a percentage may have: more than ten million items can distinguish.
pub const DECIMALS_MAX: usize = 9;
/// Units in one percent: 10 to the power of [`DECIMALS_MAX`].
const UNITS_PER_PERCENT: u64 = 1_000_000_000;
const UNITS_MAX: u64 = 100 * UNITS_PER_PERCENT;
const UNITS_MAX_DIGITS: usize = 12;

/// A percentage from 0 to 100, exact, with at most [`DECIMALS_MAX`] digits behind its point.
///
/// ```
/// use headway_core::Percentage;
///
/// let tolerated: Percentage = "18.4".parse().unwrap();
/// assert!(!tolerated.is_exceeded_by(69, 375));
/// assert!(tolerated.is_exceeded_by(70, 375));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percentage(u64);

/// Why a text is not a percentage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PercentageError {
    /// It is not a decimal number.
    #[error("must be a number, such as 2.5")]
    NotANumber,
    /// It is less than 0 or more than 100.
    #[error("must be from 0 to 100")]
    OutOfRange,
    /// It has more decimals than are kept.
    #[error("must have at most {DECIMALS_MAX} digits behind the point")]
    TooPrecise,
}

impl Percentage {
    /// True if `part` is a larger share of `of` than this.
    pub fn is_exceeded_by(self, part: u64, of: u64) -> bool {
        u128::from(part) * u128::from(UNITS_MAX) > u128::from(self.0) * u128::from(of)
    }
}

/// Reads a number as JSON writes it, exponents included.
impl FromStr for Percentage {
    type Err = PercentageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        use PercentageError::{NotANumber, OutOfRange, TooPrecise};
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (is_negative, mantissa) = mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        if ![whole, fraction, exponent.strip_prefix(['+', '-']).unwrap_or(exponent)].into_iter().all(is_digits) {
            return Err(NotANumber);
        }
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_start_matches('0').trim_end_matches('0');
        if significant.is_empty() {
            return Ok(Self(0));
        }
        if is_negative {
            return Err(OutOfRange);
        }
        // The exponent of the last digit, in units.
        let trailing = digits.len() - digits.trim_end_matches('0').len();
        let exponent: i64 = exponent.parse().map_err(|_| if exponent.starts_with('-') { TooPrecise } else { OutOfRange })?;
        let places = (trailing + DECIMALS_MAX) as i64 - fraction.len() as i64;
        let shift = usize::try_from(exponent.saturating_add(places)).map_err(|_| TooPrecise)?;
        if significant.len().saturating_add(shift) > UNITS_MAX_DIGITS {
            return Err(OutOfRange);
        }
        let units: u64 = format!("{significant}{}", "0".repeat(shift)).parse().map_err(|_| NotANumber)?;
        if units > UNITS_MAX { Err(OutOfRange) } else { Ok(Self(units)) }
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Without zeros at the end: `18.4`, `5`.
impl fmt::Display for Percentage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / UNITS_PER_PERCENT, self.0 % UNITS_PER_PERCENT);
        let text = format!("{whole}.{fraction:0DECIMALS_MAX$}");
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// As a JSON number with exactly its digits.
impl Serialize for Percentage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn percent(text: &str) -> Percentage {
        text.parse().unwrap()
    }

    /// Bug found: 69 of 375 failed, 18.4 % were tolerated, and the job failed. Checks every share that whole items can
    /// make up exactly.
    #[test]
    fn a_share_that_is_exactly_reached_is_not_exceeded() {
        assert!(!percent("18.4").is_exceeded_by(69, 375) && percent("18.4").is_exceeded_by(70, 375));
        for of in [1_u64, 2, 4, 5, 8, 10, 16, 20, 25, 32, 40, 64, 80, 125, 375, 625, 1_000, 1_024, 15_625] {
            for part in 0..=of {
                // As a decimal with six digits, where that is exact.
                let millionths = part * 100_000_000 / of;
                if millionths * of != part * 100_000_000 {
                    continue;
                }
                let share = percent(&format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000));
                assert!(!share.is_exceeded_by(part, of), "{part} of {of} at {share} %");
                assert!(part == of || share.is_exceeded_by(part + 1, of), "{} of {of} at {share} %", part + 1);
            }
        }
    }

    #[test]
    fn numbers_too_large_to_multiply_are_compared_all_the_same() {
        assert!(!percent("100").is_exceeded_by(u64::MAX, u64::MAX) && percent("99.999999999").is_exceeded_by(u64::MAX, u64::MAX));
        assert!(!percent("0").is_exceeded_by(0, 0) && percent("0").is_exceeded_by(1, u64::MAX));
    }

    #[test]
    fn every_way_to_write_a_number_is_read() {
        let same = [
            ("18.4", "18.4"),
            ("1.84e1", "18.4"),
            ("184E-1", "18.4"),
            ("18.40000000000000000000000", "18.4"),
            ("0.000000001", "0.000000001"),
            ("1e-9", "0.000000001"),
            ("10000000000e-10", "1"),
            ("100", "100"),
            ("1e+2", "100"),
            ("5.0", "5"),
            ("-0", "0"),
            ("-0.0e5", "0"),
            ("0e99999999999999999999", "0"),
            ("00000000000000000000000000012.5", "12.5"),
        ];
        for (text, expected) in same {
            assert_eq!(percent(text).to_string(), expected, "{text}");
            assert_eq!(serde_json::to_string(&percent(text)).unwrap(), expected, "{text}");
        }
    }

    /// A percentage that cannot be kept exactly is refused and never rounded.
    #[test]
    fn inexact_percentages_are_refused() {
        let refused = [
            ("100.000000001", PercentageError::OutOfRange),
            ("100.0000000001", PercentageError::TooPrecise),
            ("1e3", PercentageError::OutOfRange),
            ("1e99999999999999999999", PercentageError::OutOfRange),
            ("1e9223372036854775807", PercentageError::OutOfRange),
            ("-1", PercentageError::OutOfRange),
            ("-1e-99", PercentageError::OutOfRange),
            ("0.0000000001", PercentageError::TooPrecise),
            ("33.33333333333333", PercentageError::TooPrecise),
            ("1e-99999999999999999999", PercentageError::TooPrecise),
            ("0.1e-9223372036854775808", PercentageError::TooPrecise),
            ("", PercentageError::NotANumber),
            ("-", PercentageError::NotANumber),
            ("1.", PercentageError::NotANumber),
            (".5", PercentageError::NotANumber),
            ("1e", PercentageError::NotANumber),
            ("1e+", PercentageError::NotANumber),
            ("+1", PercentageError::NotANumber),
            ("1,5", PercentageError::NotANumber),
            ("0x1", PercentageError::NotANumber),
            ("NaN", PercentageError::NotANumber),
            ("inf", PercentageError::NotANumber),
            (" 1", PercentageError::NotANumber),
            ("\u{661}", PercentageError::NotANumber),
        ];
        for (text, error) in refused {
            assert_eq!(text.parse::<Percentage>(), Err(error), "{text}");
        }
    }

    proptest! {
        /// Rows, answers and the command all write and read this text.
        #[test]
        fn a_percentage_is_read_back_as_written(units in 0..=UNITS_MAX) {
            let percentage = Percentage(units);
            prop_assert_eq!(percentage.to_string().parse(), Ok(percentage));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-+0-9.eE]{0,40}") {
            let _ = text.parse::<Percentage>();
        }
    }
}
