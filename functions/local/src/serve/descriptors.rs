//! How many files and connections the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// File descriptors kept for files, queues, child processes and outbound requests.
const KEPT_FOR_OTHERS: u64 = 256;
/// The maximum number of connections: more are of no use on one machine.
const CONNECTIONS_MAX: usize = 1_024;
/// The minimum number of connections: with fewer, programs would take all of them, and people could not use the server.
const CONNECTIONS_MIN: usize = 16;

/// Raises the limit of open files as far as the system allows, and returns how many connections there may be.
pub(super) fn connections_max() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    // Fails if the hard limit is higher than the kernel accepts. The limit is then as before.
    let open = if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
    for_open_files(open)
}

/// Without a limit, the useful maximum. If there are few files, half of them.
fn for_open_files(limit: Option<u64>) -> usize {
    let Some(limit) = limit else { return CONNECTIONS_MAX };
    let left = limit.saturating_sub(KEPT_FOR_OTHERS).max(limit / 2);
    usize::try_from(left).unwrap_or(CONNECTIONS_MAX).clamp(CONNECTIONS_MIN, CONNECTIONS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_workers_keep_enough_descriptors() {
        assert_eq!(for_open_files(None), CONNECTIONS_MAX);
        assert_eq!(for_open_files(Some(u64::MAX)), CONNECTIONS_MAX);
        assert_eq!(for_open_files(Some(1_024)), 768);
        assert_eq!(for_open_files(Some(256)), 128);
        assert_eq!(for_open_files(Some(1)), CONNECTIONS_MIN);
    }
}
