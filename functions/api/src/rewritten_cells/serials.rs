//! Dates and times as the numbers that spreadsheets keep: days, with the time as a fraction. And times without their hours.

/// The days from 1 January 1970 back to the day 0 of spreadsheets, and what the calendar of old Macs is later.
const DAYS_TO_1970: i64 = 25_569;
const DAYS_TO_1904: i64 = 1_462;
/// The years that a spreadsheet may have put to a date without one.
const YEARS: std::ops::RangeInclusive<u32> = 2_000..=2_099;
const DAY_SECONDS: f64 = 86_400.0;
/// With so many digits after the point a number is no rounded one.
const PLACES_MIN: usize = 4;
/// A second, in days: its fraction may be lost.
const SECOND: f64 = 1.2e-5;
const EQUAL: f64 = 1e-9;

/// A number of a date.
pub(super) struct Number {
    pub(super) value: u32,
    pub(super) digits: usize,
}

/// True if `new` is the number of this day, of this time (in seconds), or of both: `46350`, `0.5208333`, `46350.5`.
pub(super) fn is_serial(date: &[Number], time: Option<u32>, new: &str) -> bool {
    let (whole, fraction) = new.split_once(['.', ',']).unwrap_or((new, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
        return false;
    }
    let Ok(serial) = format!("{whole}.{fraction}0").parse::<f64>() else { return false };
    let days = if date.is_empty() { vec![0] } else { days_of(date) };
    let part = f64::from(time.unwrap_or(0)) / DAY_SECONDS;
    let within = if fraction.len() < PLACES_MIN { EQUAL } else { SECOND };
    let is_of = |day: i64| {
        let day = f64::from(i32::try_from(day).unwrap_or(i32::MAX));
        !date.is_empty() && fraction.is_empty() && serial == day || (serial - day - part).abs() <= within
    };
    days.into_iter().any(is_of)
}

/// The numbers that spreadsheets may have for a date.
fn days_of(date: &[Number]) -> Vec<i64> {
    let full = |year: &Number| if year.digits == 4 { vec![year.value] } else { vec![1900 + year.value, 2000 + year.value] };
    let of = |year: &Number, month: &Number, day: &Number| -> Vec<i64> {
        full(year).into_iter().filter_map(|year| days(year, month.value, day.value)).collect()
    };
    let found = match date {
        [one, two, three] => [of(one, two, three), of(three, two, one), of(three, one, two)].concat(),
        // A day of a year that the spreadsheet chose, the current one; or the first day of a month.
        [one, two] => {
            let of_any_year = |month: &Number, day: &Number| YEARS.filter_map(move |year| days(year, month.value, day.value)).collect();
            let first = Number { value: 1, digits: 1 };
            [of_any_year(one, two), of_any_year(two, one), of(one, two, &first), of(two, one, &first)].concat()
        }
        _ => Vec::new(),
    };
    let days = found.into_iter().map(|days| days + DAYS_TO_1970);
    // Spreadsheets believe that 1900 was a leap year.
    days.flat_map(|days| [days - i64::from(days < 61), days - DAYS_TO_1904]).collect()
}

/// The days since 1 January 1970; `None` if there is no such day.
fn days(year: u32, month: u32, day: u32) -> Option<i64> {
    let date = chrono::NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some(date.signed_duration_since(chrono::NaiveDate::default()).num_days())
}

/// `30:45.7` for `12:30:45.678`, as spreadsheets show a time with fractions of a second.
pub(super) fn is_without_hours(old: &str, new: &str) -> bool {
    let (Some((_, clock)), Some((shown_minutes, shown_seconds))) = (old.split_once(':'), new.split_once(':')) else { return false };
    let Some((minutes, seconds)) = clock.split_once(':') else { return false };
    let seconds = seconds.trim_end_matches(|c: char| !c.is_ascii_digit());
    let (Some((before, _)), Some((after, places))) = (of_hour(minutes, seconds), of_hour(shown_minutes, shown_seconds)) else {
        return false;
    };
    (before - after).abs() <= 0.5 * 0.1_f64.powi(places) + EQUAL
}

/// The seconds since the hour began, and how many digits are after the point; `None` without such digits.
fn of_hour(minutes: &str, seconds: &str) -> Option<(f64, i32)> {
    let (whole, fraction) = seconds.split_once(['.', ','])?;
    let is_digits = |text: &str, most: usize| (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(minutes, 2) || !is_digits(whole, 2) || !is_digits(fraction, 9) {
        return None;
    }
    let seconds: f64 = format!("{whole}.{fraction}").parse().ok()?;
    Some((minutes.parse::<f64>().ok()? * 60.0 + seconds, i32::try_from(fraction.len()).ok()?))
}
