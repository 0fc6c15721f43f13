//! Logs: one JSON line for each event. No field ever contains an item's content, a token or a secret.

use std::panic::{self, PanicHookInfo};
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// At detailed levels these libraries log what they carry: requests, rows and events, which contain items and tokens.
const NO_DETAIL_FROM: [&str; 7] = ["aws=warn", "dynoxide=warn", "h2=warn", "hyper=warn", "lambda=info", "reqwest=warn", "rustls=warn"];

/// Writes logs to stdout as JSON lines, filtered by `HEADWAY_LOG` (`info` unless set). Call it once, before anything
/// else.
pub fn init() {
    // A second call has no effect: tests share a process.
    let _ = tracing::subscriber::set_global_default(lines(filter("info"), std::io::stdout));
    report_panics();
}

/// Writes logs as JSON lines to `writer`.
pub fn lines<W>(filter: EnvFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    // A line that cannot be written, as on a full disk, is left out: to complain of it on stderr would end the process if stderr is on
    // that disk too.
    let lines = tracing_subscriber::fmt().log_internal_errors(false).json().flatten_event(true);
    lines.with_env_filter(filter).with_target(false).with_writer(writer).finish()
}

/// The filter in `HEADWAY_LOG`, otherwise `default`: a level, or levels by target. A level alone does not apply to the
/// libraries that carry requests and rows. To get more logs of one of those, name it.
pub fn filter(default: &str) -> EnvFilter {
    let asked = EnvFilter::try_from_env(headway_core::config::HEADWAY_LOG).unwrap_or_else(|_| EnvFilter::new(default));
    NO_DETAIL_FROM.iter().filter_map(|directive| directive.parse().ok()).fold(asked, EnvFilter::add_directive)
}

/// True while no panic can quote an item, since none has been received yet.
static IS_STARTING: AtomicBool = AtomicBool::new(false);

/// Until [`started`], the text of a panic is logged too: it says why the process cannot start.
pub fn starting() {
    IS_STARTING.store(true, Ordering::Relaxed);
}

/// From now on there is data that a panic can quote.
pub fn started() {
    IS_STARTING.store(false, Ordering::Relaxed);
}

/// Logs where a panic happened, and its text only while the process starts: the standard library's panics quote the data.
pub fn report_panics() {
    panic::set_hook(Box::new(|panic: &PanicHookInfo<'_>| {
        let place = panic.location().map(ToString::to_string);
        let text = panic.payload_as_str().filter(|_| IS_STARTING.load(Ordering::Relaxed));
        tracing::error!(place, text, "a panic");
    }));
}
