//! The exit codes. They never change, so that a script can tell a failed job from a server that was not reached.

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Success.
    Ok = 0,
    /// An error without a code of its own.
    Error = 1,
    /// The command was used wrongly.
    Usage = 2,
    /// The server could not be reached.
    Unreachable = 3,
    /// 401 or 403.
    Denied = 4,
    /// The job ended as `Failed`.
    JobFailed = 5,
    /// The job ended as `Cancelled`.
    JobCancelled = 6,
    /// The time of `--timeout` is over.
    Timeout = 124,
    /// Ctrl-C, SIGTERM or SIGHUP.
    Interrupted = 130,
}
