//! Logs: one JSON line an event. An item's content, a token or a secret is never among its fields.

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Writes logs to standard output as JSON lines, filtered by `HEADWAY_LOG` (`info` unless set). Call it once, first.
pub fn init() {
    let filter = EnvFilter::try_from_env(crate::config::HEADWAY_LOG).unwrap_or_else(|_| EnvFilter::new("info"));
    // A second call changes nothing: tests share a process.
    let _ = tracing::subscriber::set_global_default(lines(filter, std::io::stdout));
}

/// What writes logs as JSON lines to `writer`.
pub fn lines<W>(filter: EnvFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).with_target(false).with_writer(writer).finish()
}
