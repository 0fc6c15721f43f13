//! What the process ends with. The codes are a contract, so that a script can tell a failed job from a server that was
//! not reached.

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// What was asked for was done.
    Ok = 0,
    /// Any error without a code of its own.
    Error = 1,
    /// The command was called wrongly.
    Usage = 2,
    /// The server was not reached.
    Unreachable = 3,
    /// 401 or 403.
    Denied = 4,
    /// The job that was followed ended as `Failed`.
    JobFailed = 5,
    /// The job that was followed ended as `Cancelled`.
    JobCancelled = 6,
    /// `--timeout` passed.
    Timeout = 124,
    /// Ctrl-C.
    Interrupted = 130,
}
