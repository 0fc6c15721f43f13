//! A running `headway serve`, until it is stopped or killed.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::home::{LONG, signal, wait};

/// A running `headway serve`. It is killed when this is dropped.
#[derive(Debug)]
pub struct Serving {
    /// The process.
    pub child: Child,
    ready: mpsc::Receiver<String>,
    /// Its output so far.
    pub lines: Arc<Mutex<Vec<String>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Serving {
    /// Starts `command`, which must run `serve` with `--json`.
    ///
    /// # Panics
    ///
    /// It cannot be started.
    pub fn spawn(mut command: Command) -> Serving {
        let mut child = command.spawn().unwrap();
        let (tell, ready) = mpsc::channel();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let read = |stream: Box<dyn Read + Send>, tell: Option<mpsc::Sender<String>>| {
            let lines = Arc::clone(&lines);
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if let (Some(tell), Some(page)) = (&tell, ready_at(&line)) {
                        // Perhaps nobody waits for it.
                        let _ = tell.send(page);
                    }
                    lines.lock().unwrap().push(line);
                }
            })
        };
        let readers = vec![read(Box::new(stdout), Some(tell)), read(Box::new(stderr), None)];
        Serving { child, ready, lines, readers }
    }

    /// Waits until it is ready. Returns the address of its page, or `None` if it ended before or the time is over.
    pub fn wait_ready(&mut self, within: Duration) -> Option<String> {
        self.ready.recv_timeout(within).ok()
    }

    /// The ids of the processes that it has started: its workers, if it runs any.
    ///
    /// # Panics
    ///
    /// The system has no `/proc`.
    pub fn children(&self) -> Vec<u32> {
        let parent = self.child.id().to_string();
        let is_child = |pid: &u32| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.rsplit_once(')').is_some_and(|(_, rest)| rest.split_whitespace().nth(1) == Some(parent.as_str()))
        };
        let numbers = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
        numbers.filter(is_child).collect()
    }

    /// Sends SIGKILL: the process ends at once. Returns its output, for a test that fails.
    pub fn kill(&mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.said()
    }

    /// Sends SIGTERM, and returns how it ended.
    pub fn terminate(self) -> (ExitStatus, Vec<String>) {
        self.stop("TERM")
    }

    /// Sends this signal, which has to stop it, and returns how it ended.
    pub fn stop(mut self, name: &str) -> (ExitStatus, Vec<String>) {
        signal(name, &self.child);
        let status = wait(&mut self.child, LONG).unwrap_or_else(|| panic!("serve does not stop: {:?}", self.kill()));
        (status, self.said())
    }

    fn said(&mut self) -> Vec<String> {
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        std::mem::take(&mut self.lines.lock().unwrap())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ready_at(line: &str) -> Option<String> {
    let event: serde_json::Value = serde_json::from_str(line).ok()?;
    Some(event.get("url").filter(|_| event["event"] == "ready")?.as_str()?.to_owned())
}
