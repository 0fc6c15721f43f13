//! Runs a command of the user in a shell, without waiting for it at the end of the process.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::sync::oneshot;

/// A running command. It is killed with everything that it started when this is dropped, if it still writes.
struct Running {
    child: Arc<Mutex<Child>>,
    group: Group,
}

/// How a command ended.
#[derive(Debug)]
pub enum Output {
    /// By itself, after it wrote this.
    Ended(ExitStatus, Vec<u8>),
    /// It wrote more than it may, and was stopped.
    TooLong,
}

/// The process group of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    /// The one of this process, whose terminal the command may use to ask a person.
    Shared,
    /// One of its own.
    Own,
}

impl Group {
    /// In a group of its own a command could not read from the terminal.
    fn usual() -> Self {
        if File::open("/dev/tty").is_ok() { Self::Shared } else { Self::Own }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // While its thread waits for its end, it has closed its output and ends by itself.
        let Ok(mut child) = self.child.try_lock() else { return };
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        match (self.group, pid) {
            (Group::Own, Some(pid)) => {
                let _ = kill_process_group(pid, Signal::KILL);
            }
            (Group::Shared, Some(pid)) => {
                for below in below(pid) {
                    let _ = kill_process(below, Signal::KILL);
                }
            }
            (_, None) => {}
        }
        let _ = child.kill();
    }
}

/// The processes that a process started, and those that these started, where `/proc` has them.
fn below(pid: Pid) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let all: Vec<(Pid, i32)> = entries.filter_map(|entry| parent(entry.file_name().to_str()?)).collect();
    let mut found = vec![pid];
    let mut at = 0;
    while let Some(parent) = found.get(at).copied() {
        found.extend(all.iter().filter(|(_, of)| *of == parent.as_raw_nonzero().get()).map(|(pid, _)| *pid));
        at += 1;
    }
    found.split_off(1)
}

/// A process and its parent. In `/proc/5/stat` the parent is the second field after the name, which is in parentheses.
fn parent(pid: &str) -> Option<(Pid, i32)> {
    let process = Pid::from_raw(pid.parse().ok()?)?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    Some((process, fields.split_whitespace().nth(1)?.parse().ok()?))
}

/// How the command ended, and what it wrote: at most this many bytes. The user sees its stderr. Its stdin is not the process's own, which
/// may contain items.
///
/// # Errors
///
/// The shell cannot be run.
pub async fn output(command: &str, bytes_max: u64) -> io::Result<Output> {
    output_in(command, bytes_max, Group::usual()).await
}

async fn output_in(command: &str, bytes_max: u64, group: Group) -> io::Result<Output> {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).stdin(Stdio::null()).stdout(Stdio::piped());
    if group == Group::Own {
        shell.process_group(0);
    }
    let mut child = shell.spawn()?;
    let stdout = child.stdout.take().ok_or_else(|| io::Error::other("the shell has no output"))?;
    let running = Running { child: Arc::new(Mutex::new(child)), group };
    let child = Arc::clone(&running.child);
    let (ended, end) = oneshot::channel();
    // A thread of the runtime's own would keep the process from ending.
    thread::Builder::new().name("shell".to_owned()).spawn(move || {
        let mut output = Vec::new();
        let read = stdout.take(bytes_max + 1).read_to_end(&mut output);
        if output.len() as u64 > bytes_max {
            let _ = ended.send(Ok(Output::TooLong));
            return;
        }
        let status = child.lock().unwrap_or_else(PoisonError::into_inner).wait();
        let _ = ended.send(read.and(status).map(|status| Output::Ended(status, output)));
    })?;
    end.await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bug found: only the shell was killed, and what it had started went on.
    #[tokio::test]
    async fn what_a_command_started_ends_with_it() {
        for group in [Group::Own, Group::Shared] {
            let directory = tempfile::tempdir().unwrap();
            let pipe = directory.path().join("pipe");
            assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
            // The reader sees the end of the pipe once all who could write are gone.
            let command = format!("(sleep 60; echo late) > '{}' & wait", pipe.display());
            let running = tokio::spawn(async move { output_in(&command, 1_000, group).await });
            let mut reader = tokio::task::spawn_blocking(move || File::open(pipe)).await.unwrap().unwrap();
            running.abort();
            assert!(running.await.unwrap_err().is_cancelled());
            let read = tokio::task::spawn_blocking(move || io::read_to_string(&mut reader)).await.unwrap().unwrap();
            assert_eq!(read, "", "{group:?}");
        }
    }
}
