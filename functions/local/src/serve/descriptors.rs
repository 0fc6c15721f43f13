//! How many files and connections the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Kept for files, queues, child processes and outbound requests.
const KEPT_FOR_OTHERS: u64 = 256;
/// No more connections than these are of use on one machine.
const CONNECTIONS_MAX: usize = 1_024;
/// Fewer than these leave no room for people beside programs.
const CONNECTIONS_MIN: usize = 16;

/// Raises the limit of open files as far as the system lets the process, and gives how many connections there is room for.
pub(super) fn connections_max() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    // Refused where the hard limit is beyond what the kernel takes: then it is as it was.
    let open = if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
    for_open_files(open)
}

/// Without a limit as many as are of use; where there are few files, half of them.
fn for_open_files(limit: Option<u64>) -> usize {
    let Some(limit) = limit else { return CONNECTIONS_MAX };
    let left = limit.saturating_sub(KEPT_FOR_OTHERS).max(limit / 2);
    usize::try_from(left).unwrap_or(CONNECTIONS_MAX).clamp(CONNECTIONS_MIN, CONNECTIONS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_workers_keep_their_share() {
        assert_eq!(for_open_files(None), CONNECTIONS_MAX);
        assert_eq!(for_open_files(Some(u64::MAX)), CONNECTIONS_MAX);
        assert_eq!(for_open_files(Some(1_024)), 768);
        assert_eq!(for_open_files(Some(256)), 128);
        assert_eq!(for_open_files(Some(1)), CONNECTIONS_MIN);
    }
}
