//! `Retry-After` in every form of RFC 9110: seconds, and the three forms of a date.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Datelike as _, Months, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// A longer wait is cut to this one.
const WAIT_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// In all three forms of a date only the seconds are followed by a space.
const LEAP_SECOND: &str = ":60 ";

/// How long the answer asks to wait. A value that cannot be read is ignored; of several, the longest counts.
pub fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let texts = headers.get_all(RETRY_AFTER).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| waits(text.trim(), now)).max()
}

/// The waits in one line. A proxy may have joined several lines into one (RFC 9110, 5.3), with commas, which dates have too.
fn waits(text: &str, now: DateTime<Utc>) -> Vec<Duration> {
    let pieces: Vec<&str> = text.split(',').map(str::trim).collect();
    let (mut waits, mut rest) = (Vec::new(), pieces.as_slice());
    while let [first, then @ ..] = rest {
        let date = then.split_first().and_then(|(second, after)| Some((wait(&format!("{first}, {second}"), now)?, after)));
        let (found, after) = date.map_or_else(|| (wait(first, now), then), |(date, after)| (Some(date), after));
        waits.extend(found);
        rest = after;
    }
    waits
}

fn wait(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Only digits; a number that is too large is a very long wait.
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        date(text, now)?.duration_since(SystemTime::from(now)).unwrap_or_default()
    };
    Some(wait.min(WAIT_MAX))
}

fn date(text: &str, now: DateTime<Utc>) -> Option<SystemTime> {
    // A leap second is the one after the 59th.
    if text.contains(LEAP_SECOND) {
        return Some(date(&text.replace(LEAP_SECOND, ":59 "), now)? + Duration::from_secs(1));
    }
    match rfc_850(text) {
        Some(parts) => with_century(parts, now),
        None => httpdate::parse_http_date(text).ok(),
    }
}

/// `Sunday, 06-Nov-94 08:49:37 GMT` as its day's name, day, month, two digits of the year, and time.
fn rfc_850(text: &str) -> Option<[&str; 5]> {
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let (name, rest) = text.split_once(", ")?;
    let (date, time) = rest.split_once(' ')?;
    let mut date = date.split('-');
    let (day, month, year) = (date.next()?, date.next()?, date.next()?);
    let two_digits = year.len() == 2 && year.bytes().all(|byte| byte.is_ascii_digit());
    let is_one = DAYS.contains(&name) && two_digits && date.next().is_none();
    is_one.then_some([name, day, month, year, time])
}

/// A year with two digits is the latest one that is not more than 50 years in the future: RFC 9110, section 5.6.7.
fn with_century([name, day, month, year, time]: [&str; 5], now: DateTime<Utc>) -> Option<SystemTime> {
    let years: i32 = year.parse().ok()?;
    let latest = SystemTime::from(now.checked_add_months(Months::new(50 * 12))?);
    let century = now.year() / 100 * 100;
    let dates = [century + 100, century, century - 100].into_iter().filter_map(|century| {
        let text = format!("{}, {day} {month} {} {time}", name.get(..3)?, century + years);
        httpdate::parse_http_date(&text).ok()
    });
    dates.filter(|date| *date <= latest).max()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    const DAY: u64 = 24 * 60 * 60;

    fn seconds(texts: &[&'static str]) -> Option<u64> {
        let now = DateTime::parse_from_rfc3339("2026-11-24T08:00:00Z").unwrap().to_utc();
        let headers: HeaderMap = texts.iter().map(|text| (RETRY_AFTER, HeaderValue::from_static(text))).collect();
        retry_after(&headers, now).map(|wait| wait.as_secs())
    }

    /// Bug found: a date in an older form was ignored, so that the endpoint was called again at once.
    #[test]
    fn reads_every_form() {
        let table = [
            ("7", 7),
            ("0", 0),
            ("007", 7),
            (" \t7 ", 7),
            ("99999999999999999999999", DAY),
            ("Tue, 24 Nov 2026 08:01:30 GMT", 90),
            ("Tuesday, 24-Nov-26 08:01:30 GMT", 90),
            ("Tue Nov 24 08:01:30 2026", 90),
            ("Tue, 01 Dec 2026 00:00:00 GMT", DAY),
            ("Tue Dec  1 00:00:00 2026", DAY),
            ("Tue, 24 Nov 2026 07:00:00 GMT", 0),
            ("Tuesday, 24-Nov-26 07:00:00 GMT", 0),
            ("Tue Nov 24 07:00:00 2026", 0),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Fri, 31 Dec 9999 23:59:59 GMT", DAY),
            ("Tue, 24 Nov 2026 08:00:60 GMT", 60),
            ("Tuesday, 24-Nov-26 08:00:60 GMT", 60),
            ("Tue Nov 24 08:00:60 2026", 60),
        ];
        for (text, expected) in table {
            assert_eq!(seconds(&[text]), Some(expected), "{text:?}");
        }
    }

    /// A year with two digits: up to 50 years in the future, otherwise in the past.
    #[test]
    fn a_year_of_two_digits_is_the_latest_within_fifty_years() {
        let table = [
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(0)),
            ("Sunday, 24-Nov-75 08:00:00 GMT", Some(DAY)),
            ("Tuesday, 24-Nov-76 08:00:00 GMT", Some(DAY)),
            ("Thursday, 25-Nov-76 08:00:00 GMT", Some(0)),
            ("Thursday, 24-Nov-77 08:00:00 GMT", Some(0)),
            // The day's name is that of 2077, which is too far in the future.
            ("Wednesday, 24-Nov-77 08:00:00 GMT", None),
        ];
        for (text, expected) in table {
            assert_eq!(seconds(&[text]), expected, "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_ignored() {
        let table = [
            "",
            " ",
            "soon",
            "-5",
            "+5",
            "1.5",
            "5s",
            "0x10",
            ", ,",
            "1e3",
            "2026-11-24T08:01:30Z",
            "Tue, 24 Nov 2026 08:01:30",
            "Tue, 24 Nov 2026 08:01:30 +0100",
            "24 Nov 2026 08:01:30 GMT",
            "Mon, 24 Nov 2026 08:01:30 GMT",
            "Tue, 31 Nov 2026 08:01:30 GMT",
            "Tue, 24 Nov 2026 25:01:30 GMT",
            "Tue, 24 Nov 2026 08:60:00 GMT",
            "Tue, 24 Nov 2026 08:00:61 GMT",
            "Tue, 24 Nov 2026 08:00:60",
            "Tue, 24-Nov-26 08:01:30 GMT",
            "Tuesday, 24-Nov-2026 08:01:30 GMT",
            "Tuesday, 24-Nov-+6 08:01:30 GMT",
            "Tuesday, 24-Nov-26-1 08:01:30 GMT",
            "Thu, 01 Jan 1960 00:00:00 GMT",
        ];
        for text in table {
            assert_eq!(seconds(&[text]), None, "{text:?}");
        }
    }

    #[test]
    fn of_several_the_longest_counts() {
        assert_eq!(seconds(&["5", "Tue, 24 Nov 2026 08:01:30 GMT", "soon"]), Some(90));
        assert_eq!(seconds(&["100", "Tue, 24 Nov 2026 08:01:30 GMT"]), Some(100));
        assert_eq!(seconds(&[]), None);
        // The same lines, joined by a proxy.
        assert_eq!(seconds(&["90, 30"]), Some(90));
        assert_eq!(seconds(&["5,Tue, 24 Nov 2026 08:01:30 GMT , soon"]), Some(90));
        assert_eq!(seconds(&["Tue, 24 Nov 2026 08:01:30 GMT, Tuesday, 24-Nov-26 08:02:00 GMT, 7"]), Some(120));
        assert_eq!(seconds(&["Tue Nov 24 08:01:30 2026, , 5s"]), Some(90));
    }
}
