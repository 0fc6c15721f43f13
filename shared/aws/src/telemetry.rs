//! Logs: one JSON line an event. An item's content, a token or a secret is never among its fields.

use std::panic::{self, PanicHookInfo};

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Those below us tell, in detail, what they carry: requests, rows and events, which hold items and tokens.
const NO_DETAIL_FROM: [&str; 7] = ["aws=warn", "dynoxide=warn", "h2=warn", "hyper=warn", "lambda=info", "reqwest=warn", "rustls=warn"];

/// Writes logs to standard output as JSON lines, filtered by `HEADWAY_LOG` (`info` unless set). Call it once, first.
pub fn init() {
    // A second call changes nothing: tests share a process.
    let _ = tracing::subscriber::set_global_default(lines(filter("info"), std::io::stdout));
    report_panics();
}

/// What writes logs as JSON lines to `writer`.
pub fn lines<W>(filter: EnvFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).with_target(false).with_writer(writer).finish()
}

/// The filter that `HEADWAY_LOG` asks for, else `default`: a level, or levels by target. A level alone is not for the
/// crates that carry requests and rows: one that is to tell more of those has to be named.
pub fn filter(default: &str) -> EnvFilter {
    let asked = EnvFilter::try_from_env(headway_core::config::HEADWAY_LOG).unwrap_or_else(|_| EnvFilter::new(default));
    NO_DETAIL_FROM.iter().filter_map(|directive| directive.parse().ok()).fold(asked, EnvFilter::add_directive)
}

/// Logs where a panic happened. What it says stays out: the standard library's own panics quote the text they were at.
pub fn report_panics() {
    panic::set_hook(Box::new(|panic: &PanicHookInfo<'_>| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a panic");
    }));
}
