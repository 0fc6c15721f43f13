//! One worker process: it is started like Lambda starts one, its output is read by lines, and it is killed with
//! everything that it started.

use std::io::{self, BufRead as _, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::sync::oneshot;

use crate::command::CommandLine;

/// Longer lines are shown in pieces of this many bytes.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// Where a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output: the log, on Lambda.
    Output,
    /// Standard error: also the log, on Lambda.
    Error,
}

/// A line that a worker wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The worker's number, from 1.
    pub worker: usize,
    /// Where it was written.
    pub stream: Stream,
    /// The line without its end. Bytes that are not UTF-8 are replaced.
    pub text: String,
}

/// Receives the workers' lines.
pub type LogSink = Arc<dyn Fn(Line) + Send + Sync>;

/// Killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    exited: oneshot::Receiver<()>,
}

impl Process {
    /// Starts it with the variables that Lambda and the template set, in addition to this process's own, where a
    /// processor finds its settings.
    pub(crate) fn start(command: &CommandLine, variables: &[(String, String)], worker: usize, log: &LogSink) -> io::Result<Self> {
        let mut child = Command::new(&command.program)
            .args(&command.arguments)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Its own process group, so that processes that it started are killed with it, and so that Ctrl-C lets it
            // finish its work.
            .process_group(0)
            .spawn()?;
        if let Some(output) = child.stdout.take() {
            read(output, worker, Stream::Output, Arc::clone(log))?;
        }
        if let Some(error) = child.stderr.take() {
            read(error, worker, Stream::Error, Arc::clone(log))?;
        }
        let (exits, exited) = oneshot::channel();
        let process = Self { child, exited };
        if let Some(pid) = process.pid() {
            thread::Builder::new().name(format!("worker {worker} ends")).spawn(move || {
                // The process is not reaped here, so its id is not used again before this is dropped.
                let _ = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
                let _ = exits.send(());
            })?;
        }
        Ok(process)
    }

    /// Waits until the process has ended by itself, and returns its status.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        let _ = (&mut self.exited).await;
        self.kill();
        self.child.wait()
    }

    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.child.id()).ok()?)
    }

    /// Kills what is left of its process group.
    fn kill(&self) {
        if let Some(pid) = self.pid() {
            // There may be nothing left to kill.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        // The process is dead; this reaps it.
        let _ = self.child.wait();
    }
}

/// Reads lines on a separate thread until the stream ends.
fn read(stream: impl Read + Send + 'static, worker: usize, from: Stream, log: LogSink) -> io::Result<()> {
    thread::Builder::new().name(format!("worker {worker} log")).spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut bytes = Vec::new();
        while matches!(reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes), Ok(1..)) {
            let line = String::from_utf8_lossy(&bytes);
            log(Line { worker, stream: from, text: line.trim_end_matches(['\r', '\n']).to_owned() });
            bytes.clear();
        }
    })?;
    Ok(())
}
