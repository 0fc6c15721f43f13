//! What `serve` logs: JSON lines on stdout if asked for, else warnings for people on stderr.

use headway::{config, telemetry};
use tracing_subscriber::EnvFilter;

pub(super) fn init(json: bool) {
    if json {
        return telemetry::init();
    }
    let filter = EnvFilter::try_from_env(config::HEADWAY_LOG).unwrap_or_else(|_| EnvFilter::new("warn"));
    // A second call changes nothing.
    let _ = tracing_subscriber::fmt().compact().with_env_filter(filter).with_target(false).with_writer(std::io::stderr).try_init();
}
