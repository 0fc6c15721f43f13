//! Limits that the kernel enforces. They are set before anything is read, and can only become stricter.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use rustix::process::{Resource, Rlimit, getrlimit, setpriority_process, setrlimit};

use crate::sandbox::bounds::{COMPILE_CPU_MAX, HEAP_BYTES_MAX, ITEM_CPU_MAX, NICENESS, STACK_BYTES, TURN};

/// The size of a page, if the kernel does not say.
const PAGE_BYTES: u64 = 4096;

/// The limits, and how much of them is used.
pub(super) struct Limits {
    /// The kernel's count of this process's pages; not available on every system.
    pages: Option<File>,
    base_bytes: u64,
}

impl Limits {
    /// No files, no core dump, no more memory than the limit, and an end together with the parent.
    pub(super) fn set() -> io::Result<Self> {
        end_with_parent()?;
        // If the machine does not allow it, children run with the normal priority.
        let _ = setpriority_process(None, NICENESS);
        let mut limits = Self { pages: File::open("/proc/self/statm").ok(), base_bytes: 0 };
        limits.base_bytes = limits.used_bytes();
        let bytes = limits.base_bytes + STACK_BYTES as u64 + HEAP_BYTES_MAX;
        lower(Resource::As, bytes)?;
        lower(Resource::Core, 0)?;
        lower(Resource::Fsize, 0)?;
        limits.extend_time()?;
        Ok(limits)
    }

    /// From now on no thread or process can be started, and nothing opened.
    pub(super) fn nothing_more(&self) -> io::Result<()> {
        lower(Resource::Nproc, 0)?;
        lower(Resource::Nofile, 0)
    }

    /// Gives the process some more seconds of processor time. After that the kernel ends it, if the parent does not.
    pub(super) fn extend_time(&self) -> io::Result<()> {
        let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime).tv_sec as u64;
        let more = 2 * (COMPILE_CPU_MAX + ITEM_CPU_MAX + TURN).as_secs() + 2;
        let hard = getrlimit(Resource::Cpu).maximum;
        Ok(setrlimit(Resource::Cpu, Rlimit { current: Some(used + more), maximum: hard })?)
    }

    pub(super) fn is_half_full(&self) -> bool {
        self.used_bytes() > self.base_bytes + STACK_BYTES as u64 + HEAP_BYTES_MAX / 2
    }

    /// How much address space is used.
    fn used_bytes(&self) -> u64 {
        let mut text = [0; 64];
        let read = self.pages.as_ref().and_then(|pages| pages.read_at(&mut text, 0).ok()).unwrap_or(0);
        let text = std::str::from_utf8(&text[..read]).unwrap_or_default();
        let pages: u64 = text.split(' ').next().and_then(|pages| pages.parse().ok()).unwrap_or(0);
        pages * page_bytes()
    }
}

fn page_bytes() -> u64 {
    u64::try_from(rustix::param::page_size()).unwrap_or(PAGE_BYTES)
}

fn lower(resource: Resource, to: u64) -> io::Result<()> {
    let to = getrlimit(resource).maximum.map_or(to, |now| now.min(to));
    Ok(setrlimit(resource, Rlimit { current: Some(to), maximum: Some(to) })?)
}

/// A killed parent closes the socket, which an idle child notices; a busy one is killed by the kernel.
fn end_with_parent() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    Ok(())
}
