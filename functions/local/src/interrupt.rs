//! Signals: Ctrl-C, and alike SIGTERM and a terminal that is closed (SIGHUP). None of them if whoever started the command had it ignored. A
//! shell without job control does that for `headway … &`, so that Ctrl-C stops what is in front and not what runs behind it. Such a process
//! must not begin to listen for it.

use std::future::{Future, pending, poll_fn};
use std::io;
use std::process::exit;
use std::sync::LazyLock;
use std::task::Poll;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{OnceCell, watch};
use tokio::time::{sleep, timeout};

use crate::exit::Exit;

/// After a signal, how long the answer to a request under way is waited for.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// How long ending may take after that. A pipe that nobody reads keeps the command from saying its last words.
const END_MAX: Duration = Duration::from_secs(1);

/// The number of SIGHUP.
const SIGHUP: u32 = 1;
/// The number of SIGINT.
const SIGINT: u32 = 2;
/// The number of SIGTERM.
const SIGTERM: u32 = 15;
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

/// How far the command has been told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Nothing,
    /// A signal has come. Requests under way may still be answered.
    End,
    /// A second signal has come, or the time for an answer is over.
    EndNow,
}

/// Waits for Ctrl-C or another signal to end. It does not matter whether the signal comes before or after this is called, once this has
/// been called for the first time.
///
/// # Errors
///
/// The system refuses to tell of the signals.
pub fn pressed() -> impl Future<Output = io::Result<()>> {
    reached(Told::End)
}

/// Waits until a request under way is no longer waited for: some seconds after the first signal, or for the second.
///
/// # Errors
///
/// The system refuses to tell of the signals.
pub fn given_up() -> impl Future<Output = io::Result<()>> {
    reached(Told::EndNow)
}

async fn reached(wanted: Told) -> io::Result<()> {
    static TOLD: OnceCell<watch::Receiver<Told>> = OnceCell::const_new();
    let mut told = TOLD.get_or_try_init(async || listen()).await?.clone();
    match told.wait_for(|told| *told >= wanted).await {
        Ok(_) => Ok(()),
        // Nobody listens any more: the process is ending.
        Err(_) => pending().await,
    }
}

/// Listens from now on. The process does not outlive the first signal for long, whatever keeps the command from ending.
fn listen() -> io::Result<watch::Receiver<Told>> {
    let heard = [(SIGINT, SignalKind::interrupt()), (SIGTERM, SignalKind::terminate()), (SIGHUP, SignalKind::hangup())];
    let heard = heard.into_iter().filter(|(number, _)| !ignores(&STATUS, *number));
    let mut signals = heard.map(|(_, kind)| signal(kind)).collect::<io::Result<Vec<Signal>>>()?;
    let (tell, told) = watch::channel(Told::Nothing);
    tokio::spawn(async move {
        next(&mut signals).await;
        tell.send_replace(Told::End);
        // Both ends of the wait mean the same.
        let _ = timeout(ANSWER_MAX, next(&mut signals)).await;
        tell.send_replace(Told::EndNow);
        sleep(END_MAX).await;
        exit(Exit::Interrupted as i32);
    });
    Ok(told)
}

/// Waits for one of these signals.
async fn next(signals: &mut [Signal]) {
    poll_fn(|context| {
        let has_come = signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
        if has_come { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
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
