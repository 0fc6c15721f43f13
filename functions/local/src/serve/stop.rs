//! Stopping: after the first signal running work is finished, after the second the process ends at once.

use std::io::{self, Write as _};
use std::process::exit;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use headway_embedded::FUNCTION_TIMEOUT;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::interrupt;

/// How long everything may take after the first signal: as long as a worker may take, and a little more.
const STOPPING_MAX: Duration = FUNCTION_TIMEOUT.saturating_add(Duration::from_secs(15));

/// Waits for signals on a thread of its own, so that it receives them even if items keep all other threads busy. The
/// returned receiver becomes true at the first signal.
///
/// # Errors
///
/// If the system refuses a thread or a signal handler.
pub(super) fn when_asked() -> io::Result<watch::Receiver<bool>> {
    let (stop, stopped) = watch::channel(false);
    let (ready, is_ready) = mpsc::channel();
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let signals = runtime.and_then(|runtime| {
            let _entered = runtime.enter();
            let signals = Signals {
                interrupt: (!interrupt::is_ignored()).then(|| signal(SignalKind::interrupt())).transpose()?,
                hang_up: (!interrupt::is_hang_up_ignored()).then(|| signal(SignalKind::hangup())).transpose()?,
                terminate: signal(SignalKind::terminate())?,
            };
            Ok((runtime, signals))
        });
        match signals {
            Ok((runtime, signals)) => {
                // The caller waits for this.
                let _ = ready.send(Ok(()));
                runtime.block_on(hear(signals, &stop));
            }
            Err(error) => {
                let _ = ready.send(Err(error));
            }
        }
    })?;
    is_ready.recv().map_err(io::Error::other)??;
    Ok(stopped)
}

struct Signals {
    /// `None` if it is ignored.
    interrupt: Option<Signal>,
    /// The terminal was closed. `None` if it is ignored.
    hang_up: Option<Signal>,
    terminate: Signal,
}

impl Signals {
    /// Waits for a signal and returns the exit code for it.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = heard(self.interrupt.as_mut()) => 130,
            _ = heard(self.hang_up.as_mut()) => 129,
            _ = self.terminate.recv() => 143,
        }
    }
}

async fn heard(signal: Option<&mut Signal>) -> Option<()> {
    match signal {
        Some(signal) => signal.recv().await,
        None => std::future::pending().await,
    }
}

/// Ends the process itself if it does not end in time. The data is as safe as after a power cut.
async fn hear(mut signals: Signals, stop: &watch::Sender<bool>) {
    signals.next().await;
    // stderr may be closed, and the server may have failed meanwhile.
    let again = if interrupt::is_ignored() { "Send SIGTERM" } else { "Press Ctrl-C" };
    let _ = writeln!(
        io::stderr(),
        "Stopping: running items are finished first. {again} again to stop at once; nothing that was acknowledged is lost."
    );
    let _ = stop.send(true);
    let code = tokio::time::timeout(STOPPING_MAX, signals.next()).await;
    exit(code.unwrap_or(1));
}
