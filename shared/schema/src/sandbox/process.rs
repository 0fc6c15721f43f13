//! A child process as seen by its parent: a socket in both directions, and its last output.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::bounds::{BLAMED_FROM_PART, ITEM_WALL_MAX};
use super::cause::Limit;
use super::child::MARK;
use super::child_position::ChildPosition;

/// How long the parent waits for an answer before it checks how much processor time the child has used.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How much of a dying child's output is read.
const LAST_WORDS_BYTES: u64 = 4096;
const SIGNAL_ABORT: i32 = 6;
const SIGNAL_TIME: i32 = 24;
/// SIGHUP, SIGINT, SIGQUIT, SIGKILL and SIGTERM: no limit of the child sends them. They come from the kernel of a machine
/// that is short of memory, or from a person.
const SIGNALS_FROM_OUTSIDE: [i32; 5] = [1, 2, 3, 9, 15];

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Records that this program calls `enter` first.
pub(super) fn this_program_can() {
    // This works even right after the file was replaced by a newer one.
    let running = PathBuf::from("/proc/self/exe");
    let program = if running.exists() { Some(running) } else { std::env::current_exe().ok() };
    program.into_iter().for_each(use_program);
}

pub(super) fn use_program(program: PathBuf) {
    let _ = PROGRAM.set(program);
}

/// A child.
pub(super) struct Process {
    child: Child,
    spawned: Instant,
    socket: UnixStream,
    received: Vec<u8>,
    /// Shares its position with the child, which moves it: see [`ChildPosition`].
    place: File,
    /// When it last sent something, and how much processor time it had used when that was first checked afterwards.
    quiet: Instant,
    cpu_when_quiet: Option<Duration>,
}

/// What the parent learned about a child by waiting for its answer.
pub(super) enum ChildState {
    /// More of its answer arrived.
    More,
    /// Nothing arrived yet, and it is within its limits.
    Nothing,
    /// It exceeded a limit and has ended.
    Ended(Limit),
    /// It was killed by something else on the machine.
    Killed,
    /// It has ended for a reason that no item and no schema is to blame for.
    NotToBlame(&'static str),
}

impl Process {
    pub(super) fn spawn() -> io::Result<Self> {
        let program =
            PROGRAM.get().ok_or_else(|| io::Error::other("the program's main has to call headway_schema::sandbox::enter() first"))?;
        let (socket, theirs) = UnixStream::pair()?;
        socket.set_read_timeout(Some(LOOK_EVERY))?;
        socket.set_write_timeout(Some(ITEM_WALL_MAX))?;
        let place = File::open(program)?;
        let mut command = Command::new(program);
        // No secret in the environment must be within a child's reach.
        command.env_clear().env(MARK, "1").env("MALLOC_ARENA_MAX", "1");
        command.envs(std::env::var_os("LD_LIBRARY_PATH").map(|path| ("LD_LIBRARY_PATH", path)));
        command.stdin(OwnedFd::from(theirs)).stdout(place.try_clone()?).stderr(Stdio::piped());
        // Ctrl-C in a terminal is for the parent, which stops in its own way.
        command.process_group(0);
        let child = command.spawn()?;
        Ok(Self { child, spawned: Instant::now(), socket, received: Vec::new(), place, quiet: Instant::now(), cpu_when_quiet: None })
    }

    /// When it was started.
    pub(super) fn spawned(&self) -> Instant {
        self.spawned
    }

    pub(super) fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Sends it a frame.
    pub(super) fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        self.progress();
        self.place.rewind()?;
        self.socket.write_all(frame)
    }

    /// Which item of the batch it is at; `None` if it has not begun any. Also known for a child that has ended.
    pub(super) fn place(&self) -> Option<ChildPosition> {
        ChildPosition::read(&self.place)
    }

    /// What has arrived and was not consumed yet.
    pub(super) fn received(&self) -> &[u8] {
        &self.received
    }

    /// Consumes this many bytes.
    pub(super) fn consume(&mut self, bytes: usize) {
        self.received.drain(..bytes);
    }

    fn progress(&mut self) {
        self.quiet = Instant::now();
        self.cpu_when_quiet = None;
    }

    /// Waits a moment for more of the answer. While the child sends nothing, it may use `cpu_max` of processor time and take
    /// `wall_max` by the clock.
    pub(super) fn wait_for_more(&mut self, cpu_max: Duration, wall_max: Duration) -> ChildState {
        let mut bytes = [0; 64 << 10];
        match self.socket.read(&mut bytes) {
            Ok(0) => self.ended(),
            Ok(read) => {
                self.received.extend_from_slice(&bytes[..read]);
                self.progress();
                ChildState::More
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {
                self.check_time(cpu_max, wall_max)
            }
            Err(_) => self.ended(),
        }
    }

    /// Judges by the processor time used, so that no harmless item fails on a busy machine.
    fn check_time(&mut self, cpu_max: Duration, wall_max: Duration) -> ChildState {
        let quiet = self.quiet.elapsed();
        let Some(cpu) = cpu_time(self.child.id()) else {
            return if quiet > cpu_max * 2 { self.overran() } else { ChildState::Nothing };
        };
        let before = *self.cpu_when_quiet.get_or_insert(cpu);
        match time_verdict(cpu.saturating_sub(before), cpu_max, quiet > wall_max) {
            TimeVerdict::Within => ChildState::Nothing,
            TimeVerdict::Overran => self.overran(),
            TimeVerdict::Starved => {
                self.kill();
                ChildState::NotToBlame("the machine is too busy")
            }
        }
    }

    fn overran(&mut self) -> ChildState {
        self.kill();
        ChildState::Ended(Limit::Time)
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// The child closed its socket: finds out why it ended.
    pub(super) fn ended(&mut self) -> ChildState {
        let status = self.ends_soon();
        self.kill();
        let mut words = Vec::new();
        if let Some(stderr) = self.child.stderr.take() {
            let _ = stderr.take(LAST_WORDS_BYTES).read_to_end(&mut words);
        }
        let words = String::from_utf8_lossy(&words);
        match status.map(|status| status.signal()) {
            Some(Some(SIGNAL_TIME)) => ChildState::Ended(Limit::Time),
            Some(Some(signal)) if SIGNALS_FROM_OUTSIDE.contains(&signal) => ChildState::Killed,
            Some(Some(SIGNAL_ABORT)) if words.contains("memory allocation") => ChildState::Ended(Limit::Memory),
            Some(Some(_)) if words.contains("overflowed its stack") => ChildState::Ended(Limit::Stack),
            Some(Some(_)) => ChildState::Ended(Limit::Crash),
            // It ended by itself: its limits could not be set, or it did not understand a frame.
            _ => {
                tracing::warn!(words = %words.chars().take(200).collect::<String>(), "a child process that checks items ended by itself");
                ChildState::NotToBlame("the process that checks items does not work")
            }
        }
    }

    /// A child that closed its socket is about to end: waits a moment for its exit status.
    fn ends_soon(&mut self) -> Option<std::process::ExitStatus> {
        for _ in 0..100 {
            match self.child.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(10)),
                other => return other.ok().flatten(),
            }
        }
        None
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a child that has sent nothing for a while has used too much time.
#[derive(Debug, PartialEq, Eq)]
enum TimeVerdict {
    Within,
    Overran,
    /// It got too little processor time to be blamed.
    Starved,
}

fn time_verdict(cpu: Duration, cpu_max: Duration, wall_is_over: bool) -> TimeVerdict {
    if cpu > cpu_max || (wall_is_over && cpu >= cpu_max / BLAMED_FROM_PART) {
        TimeVerdict::Overran
    } else if wall_is_over {
        TimeVerdict::Starved
    } else {
        TimeVerdict::Within
    }
}

/// How much processor time a process has used; `None` if the system does not say.
fn cpu_time(process: u32) -> Option<Duration> {
    /// The kernel's unit for programs: a hundredth of a second on every architecture that is supported.
    const TICKS_A_SECOND: u64 = 100;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in parentheses, may contain any character.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map(|field| field.parse::<u64>().ok());
    let ticks = times.next()?? + times.next()??;
    Some(Duration::from_millis(ticks * 1000 / TICKS_A_SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On a busy machine an excessive item ends all the same, and one that got almost no processor time is not blamed.
    #[test]
    fn the_clock_ends_what_a_core_would_take_long_to_end() {
        let max = Duration::from_secs(1);
        let table = [
            (1_100, false, TimeVerdict::Overran),
            (1_100, true, TimeVerdict::Overran),
            (900, false, TimeVerdict::Within),
            (250, true, TimeVerdict::Overran),
            (240, true, TimeVerdict::Starved),
            (0, true, TimeVerdict::Starved),
            (0, false, TimeVerdict::Within),
        ];
        for (cpu, wall_is_over, expected) in table {
            assert_eq!(time_verdict(Duration::from_millis(cpu), max, wall_is_over), expected, "{cpu} ms, {wall_is_over}");
        }
    }
}
