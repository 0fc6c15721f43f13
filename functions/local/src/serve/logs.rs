//! The logs of `serve`: JSON lines on stdout with `--json`, otherwise warnings for people on stderr.

use headway_aws::telemetry;

pub(super) fn init(json: bool) {
    if json {
        return telemetry::init();
    }
    // A second call has no effect. A line that cannot be written, as on a full disk, is left out: to complain of it on stderr would end
    // the process if stderr is on that disk too.
    let _ = tracing_subscriber::fmt()
        .log_internal_errors(false)
        .compact()
        .with_env_filter(telemetry::filter("warn"))
        .with_target(false)
        .with_writer(std::io::stderr)
        .try_init();
}
