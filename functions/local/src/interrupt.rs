//! Signals. Ctrl-C, unless whoever started the command had it ignored. A shell without job control does that for `headway … &`, so that
//! Ctrl-C stops what is in front and not what runs behind it. Such a process must not begin to listen for it.

use std::future::Future;
use std::io;
use std::sync::LazyLock;

use tokio::signal::unix::{SignalKind, signal};

/// The number of SIGHUP.
const SIGHUP: u32 = 1;
/// The number of SIGINT.
const SIGINT: u32 = 2;
/// The number of SIGXFSZ.
const SIGXFSZ: i32 = 25;

/// As it was when the command started: listening for a signal would change it.
static STATUS: LazyLock<String> = LazyLock::new(|| std::fs::read_to_string("/proc/self/status").unwrap_or_default());

/// True if Ctrl-C was ignored when the command started. Where the system does not tell (it is read from Linux's `/proc`), false.
#[must_use]
pub fn is_ignored() -> bool {
    ignores(&STATUS, SIGINT)
}

/// True if the closing of the terminal (SIGHUP) was ignored when the command started, as under `nohup`.
#[must_use]
pub fn is_hang_up_ignored() -> bool {
    ignores(&STATUS, SIGHUP)
}

/// Lets a write beyond the limit of a file's size (`ulimit -f`) fail like every other, where it would end the process by SIGXFSZ.
/// Within a tokio runtime.
///
/// # Errors
///
/// The system refuses to tell of the signal.
pub fn survive_file_limit() -> io::Result<()> {
    signal(SignalKind::from_raw(SIGXFSZ)).map(drop)
}

/// Waits for Ctrl-C; for ever if it is ignored.
///
/// # Errors
///
/// The system refuses to tell of the signal.
pub fn pressed() -> impl Future<Output = io::Result<()>> {
    let is_ignored = is_ignored();
    async move { if is_ignored { std::future::pending().await } else { tokio::signal::ctrl_c().await } }
}

/// Whether a process with this status ignores the signal: `SigIgn` is a number in hexadecimal with a bit for each signal.
fn ignores(status: &str, signal: u32) -> bool {
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signals_that_a_process_ignores_are_read() {
        let status = |mask: &str| format!("Name:\theadway\nSigBlk:\tffffffffffffffff\nSigIgn:\t{mask}\nSigCgt:\tffffffffffffffff\n");
        for (mask, ignored) in [
            ("0000000000000002", true),
            ("0000000000000006", true),
            ("ffffffffffffffff", true),
            ("0000000000001000", false),
            ("0000000000000001", false),
            ("0000000000000004", false),
            ("0000000000000000", false),
            ("x", false),
        ] {
            assert_eq!(ignores(&status(mask), SIGINT), ignored, "{mask}");
        }
        for (mask, ignored) in [("0000000000000001", true), ("0000000000000003", true), ("0000000000000002", false)] {
            assert_eq!(ignores(&status(mask), SIGHUP), ignored, "{mask}");
        }
        assert!(!ignores("", SIGINT));
    }
}
