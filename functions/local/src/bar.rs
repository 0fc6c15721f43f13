//! Shows a job's progress: a bar on a terminal, or else a line every ten seconds. All numbers come from the job.

use std::ffi::OsStr;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use headway_core::counted;
use indicatif::{ProgressBar, ProgressStyle};

use crate::duration;
use crate::job::JobView;
use crate::out::{Out, printable};

const LINE_EVERY: Duration = Duration::from_secs(10);
/// The narrowest bar, with its brackets and the blank after it.
const BAR_COLUMNS_MIN: usize = 13;
/// Its last character is shown at the end. Not every terminal has others than those of ASCII.
const SPINNER: &str = "-\\|/ ";
/// The spinner and the blank after it.
const SPINNER_COLUMNS: usize = 2;
const TICK: Duration = Duration::from_millis(120);

/// How progress is shown.
pub enum Bar {
    /// Nothing is shown: `--quiet` or `--json`.
    Silent,
    /// A line every ten seconds, where no bar can be drawn. Holds the time of the last line.
    Lines(Out, Instant),
    /// A bar on a terminal.
    Drawn(ProgressBar),
}

impl Bar {
    /// Chooses the way that fits stderr and the options.
    #[must_use]
    pub fn new(out: Out) -> Bar {
        if out.quiet || out.json {
            Bar::Silent
        } else if std::io::stderr().is_terminal() && can_draw(std::env::var_os("TERM").as_deref()) {
            let bar = ProgressBar::new(0).with_style(style("{spinner} {wide_msg}").tick_chars(SPINNER));
            bar.enable_steady_tick(TICK);
            Bar::Drawn(bar)
        } else {
            Bar::Lines(out, Instant::now())
        }
    }

    /// Shows a job's state. `sent` is the number of items sent so far, if they are still being sent. `held_up_by` is what
    /// calls wait for.
    pub fn show(&mut self, job: &JobView, sent: Option<u64>, held_up_by: Option<&str>) {
        let words = || match held_up_by {
            Some(why) => format!("{}, {why}", describe(job, sent)),
            None => describe(job, sent),
        };
        match self {
            Bar::Silent => {}
            Bar::Lines(..) => self.say(&words()),
            Bar::Drawn(bar) => {
                // Until the job is sealed its total grows, and a bar would run backwards.
                let width = terminal_width();
                let words = cut(&printable(&words()), width);
                if job.sealed {
                    bar.set_length(job.total_items.max(1));
                    bar.set_position(job.processed_items + job.failed_items);
                    bar.set_style(style(template(&words, width)).progress_chars("=> "));
                }
                // Last, since it draws: the words and the bar are of the same state.
                bar.set_message(words);
            }
        }
    }

    /// Shows what is going on before the job exists.
    pub fn say(&mut self, words: &str) {
        match self {
            Bar::Silent => {}
            Bar::Lines(out, last) => {
                if line_is_due(last, Instant::now()) {
                    out.note(words);
                }
            }
            Bar::Drawn(bar) => bar.set_message(cut(&printable(words), terminal_width())),
        }
    }

    /// Hides the bar while `write` prints something else.
    pub fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        match self {
            Bar::Drawn(bar) => bar.suspend(write),
            _ => write(),
        }
    }

    /// Removes the bar, so that other text can follow.
    pub fn clear(&mut self) {
        if let Bar::Drawn(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// A terminal that calls itself dumb, or does not say what it is, cannot move the cursor.
fn can_draw(term: Option<&OsStr>) -> bool {
    term.is_some_and(|term| !term.is_empty() && term != "dumb")
}

fn line_is_due(last: &mut Instant, now: Instant) -> bool {
    let due = now.duration_since(*last) >= LINE_EVERY;
    if due {
        *last = now;
    }
    due
}

/// In columns.
fn terminal_width() -> usize {
    usize::from(console::Term::stderr().size().1)
}

/// As much as fits beside the spinner. A line that wraps could not be drawn over; a time whose end is missing is another one.
fn cut(words: &str, width: usize) -> String {
    console::truncate_str(words, width.saturating_sub(SPINNER_COLUMNS), "…").into_owned()
}

/// The bar and the words beside it; in a terminal too narrow for both the words alone.
fn template(words: &str, width: usize) -> &'static str {
    let has_room = console::measure_text_width(words) + BAR_COLUMNS_MIN <= width;
    if has_room { "[{wide_bar:.cyan/dim}] {msg}" } else { "{wide_msg}" }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A job's state in one line.
fn describe(job: &JobView, sent: Option<u64>) -> String {
    let mut words = if job.sealed {
        vec![job.percent(), format!("{} of {}", job.processed_items + job.failed_items, job.total_items)]
    } else {
        let so_far = sent.unwrap_or(0).max(job.total_items);
        vec![format!("{} sent", counted(so_far, "item")), format!("{} handled", job.processed_items + job.failed_items)]
    };
    if job.failed_items > 0 {
        words.push(format!("{} failed", job.failed_items));
    }
    if job.paused {
        words.push("paused".to_owned());
    }
    if job.settling {
        words.push("ended, its last items are still being counted".to_owned());
    }
    words.extend(job.waiting_words());
    if let Some(rate) = job.items_per_second {
        words.extend(shown_rate(rate));
        words.extend(time_left(job, rate).map(|left| format!("{} left", duration::show(left))));
    }
    words.join(", ")
}

/// The rate, so exact that a slow job does not seem to stand still. Nothing is said of none.
fn shown_rate(rate: f64) -> Option<String> {
    match rate {
        rate if rate >= 10.0 => Some(format!("{rate:.0}/s")),
        rate if rate > 0.0 => Some(format!("{rate}/s")),
        _ => None,
    }
}

/// The time left, by the job's own rate, so that a wrong clock here does not matter. Nothing is said of the last
/// second, of a job that waits, or of a job whose items all wait for another attempt: the rate says nothing about
/// those.
fn time_left(job: &JobView, rate: f64) -> Option<Duration> {
    let known = job.sealed && !job.status.is_terminal() && rate > 0.0 && job.waiting_for.is_none();
    let running = job.pending_items.saturating_sub(job.retrying_items);
    let left = Duration::from_secs(Duration::try_from_secs_f64(running as f64 / rate).ok()?.as_secs());
    (known && left >= Duration::from_secs(1)).then_some(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(fields: serde_json::Value) -> JobView {
        let mut job = serde_json::json!({"id": "x", "status": "Processing", "progressPercentage": 42.0, "totalItems": 50_000,
            "processedItems": 20_990, "failedItems": 10, "pendingItems": 29_000, "errorMessage": null, "processor": "p", "round": 1,
            "sealed": true, "paused": false, "createdAt": "", "completedAt": null, "itemsPerSecond": 1_020.0});
        job.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        serde_json::from_value(job).unwrap()
    }

    #[test]
    fn a_line_says_what_is_known_and_no_more() {
        let line = |fields, sent| describe(&job(fields), sent);
        assert_eq!(line(serde_json::json!({}), None), "42.0 %, 21000 of 50000, 10 failed, 1020/s, 28s left");
        assert_eq!(
            line(serde_json::json!({"itemsPerSecond": null, "failedItems": 0, "paused": true}), None),
            "42.0 %, 20990 of 50000, paused"
        );
        assert_eq!(line(serde_json::json!({"sealed": false}), Some(60_000)), "60000 items sent, 21000 handled, 10 failed, 1020/s");
        assert_eq!(line(serde_json::json!({"itemsPerSecond": 0.0}), None), "42.0 %, 21000 of 50000, 10 failed");
        let slow = serde_json::json!({"itemsPerSecond": 0.4, "pendingItems": 95});
        assert_eq!(line(slow, None), "42.0 %, 21000 of 50000, 10 failed, 0.4/s, 3m 57s left");
    }

    #[test]
    fn the_reason_for_waiting_is_shown_with_the_error_made_harmless() {
        let line = |fields| describe(&job(fields), None);
        assert_eq!(
            line(serde_json::json!({"retryingItems": 7})),
            "42.0 %, 21000 of 50000, 10 failed, 7 waiting for another attempt, 1020/s, 28s left"
        );
        let waiting = serde_json::json!({"detail": "crm cannot be reached", "until": "2026-11-24T08:00:30.000Z",
            "lastError": "connection\u{1b}[2J refused\nnow"});
        assert_eq!(
            line(serde_json::json!({"retryingItems": 29_000, "waitingFor": waiting, "itemsPerSecond": null, "failedItems": 0})),
            "42.0 %, 20990 of 50000, 29000 waiting for another attempt, crm cannot be reached, next try at 2026-11-24T08:00:30.000Z: connection\\u001b[2J refused\\nnow"
        );
        let shown = line(serde_json::json!({"waitingFor": {"detail": "crm asked to wait", "until": null, "lastError": null}}));
        assert!(shown.contains(", crm asked to wait,") && !shown.contains("left"), "{shown}");
    }

    #[test]
    fn no_time_left_is_shown_where_it_is_not_known() {
        for fields in [
            serde_json::json!({"pendingItems": 1}),
            serde_json::json!({"pendingItems": 1, "retryingItems": 1}),
            serde_json::json!({"pendingItems": 5_000, "retryingItems": 5_000}),
            serde_json::json!({"status": "Failed", "settling": true}),
        ] {
            assert!(!describe(&job(fields.clone()), None).contains("left"), "{fields}");
        }
    }

    #[test]
    fn a_hundred_per_cent_means_all_items() {
        for (fields, percent) in [
            (serde_json::json!({"progressPercentage": 99.96}), "99.9 %"),
            (serde_json::json!({"progressPercentage": 100.0}), "99.9 %"),
            (serde_json::json!({"progressPercentage": 100.0, "processedItems": 49_990}), "100.0 %"),
            (serde_json::json!({"progressPercentage": 100.0, "status": "Completed"}), "100.0 %"),
            (serde_json::json!({"progressPercentage": 100.0, "processedItems": 49_990, "sealed": false}), "99.9 %"),
            (serde_json::json!({"progressPercentage": 0.06}), "0.0 %"),
        ] {
            assert_eq!(job(fields.clone()).percent(), percent, "{fields}");
        }
    }

    #[test]
    fn without_a_bar_a_line_comes_every_ten_seconds() {
        let began = Instant::now();
        let mut last = began;
        let lines = (0..=60).filter(|second| line_is_due(&mut last, began + Duration::from_secs(*second))).collect::<Vec<_>>();
        assert_eq!(lines, [10, 20, 30, 40, 50, 60]);
    }

    #[test]
    fn a_bar_never_wraps() {
        for (words, width, has_bar) in
            [("42.0 %, 5 of 9", 80, true), ("42.0 %, 5 of 9", 27, true), ("42.0 %, 5 of 9", 26, false), ("", 0, false)]
        {
            assert_eq!(template(words, width).contains("wide_bar"), has_bar, "{words:?} in {width}");
        }
    }

    #[test]
    fn words_that_do_not_fit_end_with_a_mark() {
        assert_eq!(cut("next try at 2026-11-30", 24), "next try at 2026-11-30");
        assert_eq!(cut("next try at 2026-11-30", 23), "next try at 2026-11-…");
        assert_eq!(cut("\u{6f22}\u{5b57}", 5), "\u{6f22}…");
    }

    #[test]
    fn a_bar_is_drawn_only_where_the_cursor_moves() {
        for (term, drawn) in [(Some("xterm-256color"), true), (Some("dumb"), false), (Some(""), false), (None, false)] {
            assert_eq!(can_draw(term.map(OsStr::new)), drawn, "{term:?}");
        }
    }
}
