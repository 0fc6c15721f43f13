//! The real binary: found beside this test, run in a home of its own, served until it is told to stop or is killed.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine: only what hangs gets there.
pub(crate) const LONG: Duration = Duration::from_secs(120);

/// The one that `HEADWAY_BINARY` names, or what `cargo test --workspace` builds before any test runs, since the command's own tests need it.
///
/// # Panics
/// If it is not there, saying how to build it.
pub(crate) fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("HEADWAY_BINARY") {
        return PathBuf::from(named).canonicalize().unwrap();
    }
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let binary = profile.join("headway");
    assert!(
        binary.is_file(),
        "{} is not built: run the tests of the whole workspace (make test), or first: cargo build --workspace --features embedded --bin headway",
        binary.display()
    );
    if let Some(newer) = newer_source(&binary) {
        eprintln!("warning: {newer} has changed since {} was built; this tests what was there before", binary.display());
    }
    binary
}

/// A source of the binary that is newer than it: cargo lists them beside it.
fn newer_source(binary: &Path) -> Option<String> {
    let built = binary.metadata().ok()?.modified().ok()?;
    let list = std::fs::read_to_string(binary.with_extension("d")).ok()?;
    let changed = |path: &&str| Path::new(path).metadata().and_then(|file| file.modified()).is_ok_and(|changed| changed > built);
    list.split_once(':')?.1.split_whitespace().find(changed).map(str::to_owned)
}

/// A file of `examples/`.
pub(crate) fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name);
    path.to_str().unwrap().to_owned()
}

/// A directory in which the binary runs with nothing of the caller's environment.
pub(crate) struct Home {
    pub(crate) dir: tempfile::TempDir,
    binary: PathBuf,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Home {
    pub(crate) fn new() -> Home {
        Home { dir: tempfile::tempdir().unwrap(), binary: binary() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(words).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.path()).current_dir(self.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// A `headway serve` under way; killed when dropped.
pub(crate) struct Serving {
    pub(crate) child: Child,
    ready: mpsc::Receiver<String>,
    pub(crate) lines: Arc<Mutex<Vec<String>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Serving {
    /// Starts `command`, which serves with `--json`.
    pub(crate) fn spawn(mut command: Command) -> Serving {
        let mut child = command.spawn().unwrap();
        let (tell, ready) = mpsc::channel();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let read = |stream: Box<dyn Read + Send>, tell: Option<mpsc::Sender<String>>| {
            let lines = Arc::clone(&lines);
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if let (Some(tell), Some(page)) = (&tell, ready_at(&line)) {
                        // Nobody may be waiting for it.
                        let _ = tell.send(page);
                    }
                    lines.lock().unwrap().push(line);
                }
            })
        };
        let readers = vec![read(Box::new(stdout), Some(tell)), read(Box::new(stderr), None)];
        Serving { child, ready, lines, readers }
    }

    /// Waits until it is ready: the address of its page, or none if it ended first or the time is over.
    pub(crate) fn wait_ready(&mut self, within: Duration) -> Option<String> {
        self.ready.recv_timeout(within).ok()
    }

    /// SIGKILL: the process is gone without a chance to do anything. What it had said, for a test that fails.
    pub(crate) fn kill(&mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.said()
    }

    /// SIGTERM, and how it ended.
    pub(crate) fn terminate(mut self) -> (ExitStatus, Vec<String>) {
        signal("TERM", &self.child);
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

/// Runs a command to its end.
pub(crate) fn run(mut command: Command, stdin: &str) -> Ended {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // The child may not want it, and end before it is written.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    ended(child)
}

/// Waits for a child's end.
pub(crate) fn ended(child: Child) -> Ended {
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Sends a signal by its name.
pub(crate) fn signal(name: &str, child: &Child) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", child.id())]).status().unwrap();
    assert!(sent.success(), "SIG{name} could not be sent");
}

/// The child's status, if it ends in time.
pub(crate) fn wait(child: &mut Child, within: Duration) -> Option<ExitStatus> {
    let until = Instant::now() + within;
    while Instant::now() < until {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    None
}
