//! Durations as people write and read them: `90s`, `10m`, `1h30m` in; `3m 20s` out.

use std::time::Duration;

/// Reads `90`, `90s`, `10m`, `1h30m` or `2d`; a number without a unit is seconds.
///
/// # Errors
///
/// If the text is not a duration; the error says how to write one.
pub fn parse(text: &str) -> Result<Duration, String> {
    if text.contains('M') {
        return Err(format!("{text:?} has an M, which could be minutes or months: write m for minutes, as in 10m"));
    }
    let seconds = text.trim().parse().ok().map(Duration::from_secs);
    let span = seconds.map_or_else(|| humantime::parse_duration(text), Ok);
    span.map_err(|error| format!("{text:?} is not a duration ({error}): write it like 90s, 10m, 1h30m or 2d"))
}

/// Writes a duration in its two largest units. One below a minute is written exactly.
#[must_use]
pub fn show(span: Duration) -> String {
    let seconds = span.as_secs();
    let smallest = match seconds {
        0..60 => return humantime::format_duration(span).to_string(),
        60..3_600 => 1,
        3_600..86_400 => 60,
        _ => 3_600,
    };
    humantime::format_duration(Duration::from_secs(seconds - seconds % smallest)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_every_unit() {
        for (text, seconds) in [("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5_400), ("1h 30min", 5_400), ("2d", 172_800), ("0s", 0)] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn invalid_durations_are_refused() {
        for text in ["", "m", "10x", "-5s", "99999999999999999999", "9999999999999999999d", "1h30", "soon", "1M"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_shown_in_two_units() {
        for (ms, text) in [(1, "1ms"), (500, "500ms"), (1_500, "1s 500ms"), (59_999, "59s 999ms"), (60_999, "1m")] {
            assert_eq!(show(Duration::from_millis(ms)), text);
        }
        for (seconds, text) in [(0, "0s"), (28, "28s"), (200, "3m 20s"), (3_661, "1h 1m"), (86_400 * 3 + 7_300, "3days 2h")] {
            assert_eq!(show(Duration::from_secs(seconds)), text);
        }
    }
}
