//! The logs of `serve`: JSON lines on stdout with `--json`, otherwise warnings for people on stderr.

use headway_aws::telemetry;

pub(super) fn init(json: bool) {
    if json {
        return telemetry::init();
    }
    // A second call has no effect.
    let _ = tracing_subscriber::fmt()
        .compact()
        .with_env_filter(telemetry::filter("warn"))
        .with_target(false)
        .with_writer(std::io::stderr)
        .try_init();
}
