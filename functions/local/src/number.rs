//! Numbers in arguments: what is out of range is told with the range, in words.

use std::fmt::Display;
use std::str::FromStr;

/// Reads a whole number from `least` to `most`.
pub fn from_to<N>(least: N, most: N) -> impl Fn(&str) -> Result<N, String> + Clone
where
    N: FromStr + PartialOrd + Display + Copy,
{
    move |text| {
        in_range(text, |number| least <= number && number <= most).ok_or_else(|| format!("use a whole number from {least} to {most}"))
    }
}

/// Reads a whole number of at least `least`.
pub fn at_least<N>(least: N) -> impl Fn(&str) -> Result<N, String> + Clone
where
    N: FromStr + PartialOrd + Display + Copy,
{
    move |text| {
        let words = || match text.strip_prefix('+').unwrap_or(text) {
            digits if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<N>().is_err() => {
                "a smaller number".to_owned()
            }
            _ => format!("a whole number, {least} or more"),
        };
        in_range(text, |number| least <= number).ok_or_else(|| format!("use {}", words()))
    }
}

fn in_range<N: FromStr + Copy>(text: &str, fits: impl Fn(N) -> bool) -> Option<N> {
    text.parse().ok().filter(|number| fits(*number))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bug found: `--workers 99` was answered with `99 is not in 1..=64`, and `--workers two` with another text.
    #[test]
    fn what_is_no_number_in_range_is_told_the_range() {
        for (text, read) in
            [("1", Some(1)), ("64", Some(64)), ("0", None), ("65", None), ("-1", None), ("two", None), ("99999", None), ("", None)]
        {
            let expected = read.ok_or_else(|| "use a whole number from 1 to 64".to_owned());
            assert_eq!(from_to(1_u16, 64)(text), expected, "{text}");
        }
        assert_eq!((at_least(1_u64)("7"), at_least(1_u64)("0")), (Ok(7), Err("use a whole number, 1 or more".to_owned())));
        assert_eq!(at_least(1_u32)("99999999999"), Err("use a smaller number".to_owned()), "it is a whole number");
    }
}
