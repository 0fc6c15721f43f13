//! `cargo lambda watch` and `cargo lambda invoke`, run in the workspace's root as the README says.

use std::ffi::OsString;
use std::io::{PipeReader, Read as _, pipe};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long the functions may take to end after they are told to.
const STOPS_WITHIN: Duration = Duration::from_secs(120);
/// How long building may take if `make test` has not built them before.
const BUILT_WITHIN: Duration = Duration::from_secs(1_800);
/// How long an invocation may take: much longer than on a busy machine.
const INVOKED_WITHIN: Duration = Duration::from_secs(600);
/// Ports that no system assigns by itself, so that one found free is still free when the functions are served there.
const PORTS: std::ops::Range<u16> = 15_000..25_000;

/// The served functions; stopped when dropped.
pub(crate) struct Watch {
    pub(crate) port: u16,
    process: Child,
    /// What it and its functions wrote, complete when all of them have ended.
    log: Receiver<String>,
}

impl Watch {
    /// Serves on a free port. Only these directories in the environment name data, and nothing names AWS.
    pub(crate) fn start(data: &Path, state: &Path) -> Self {
        let mut watch = cargo_lambda();
        build();
        let port = std::iter::repeat_with(|| fastrand::u16(PORTS)).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap();
        let (reader, writer) = pipe().unwrap();
        let process = watch
            .args(["watch", "-A", "127.0.0.1", "-P", &port.to_string(), "--ignore-changes"])
            .env("HEADWAY_DATA", data)
            .env("XDG_STATE_HOME", state)
            .stdin(Stdio::null())
            .stdout(writer.try_clone().unwrap())
            .stderr(writer)
            .spawn()
            .unwrap();
        Self { port, process, log: read(reader) }
    }

    /// The function's answer to the event in this file, a path from the workspace's root.
    pub(crate) fn invoke(&self, function: &str, event: impl AsRef<Path>) -> Value {
        let mut command = cargo_lambda();
        command.args(["invoke", function, "-A", "127.0.0.1", "-P", &self.port.to_string(), "--data-file"]).arg(event.as_ref());
        let answer = succeeds(&mut command, INVOKED_WITHIN);
        serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{function} answered {answer:?}"))
    }

    /// Stops it like Ctrl-C, and waits until all of its processes have ended.
    pub(crate) fn stop(mut self) {
        assert!(self.end().is_some(), "a function is still running after {STOPS_WITHIN:?}");
    }

    /// Everything that was written; `None` if a process is left that could still write.
    fn end(&mut self) -> Option<String> {
        if let Ok(None) = self.process.try_wait()
            && !(signal("-TERM", self.process.id()) && ends(&mut self.process, STOPS_WITHIN))
        {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
        self.log.recv_timeout(STOPS_WITHIN).ok()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let log = self.end();
        if thread::panicking() {
            eprintln!("{}", log.unwrap_or_default());
        }
    }
}

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Builds what cargo-lambda would otherwise build at a function's first invocation, with the same features.
fn build() {
    let functions = ["api", "worker", "cleanup"].map(|name| ["--bin", name]);
    let mut command = cargo();
    command.args(["build", "--locked", "--features", "embedded"]).args(functions.as_flattened());
    succeeds(&mut command, BUILT_WITHIN);
}

/// A cargo in the workspace, without the environment that cargo gave this process.
fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let strange = ["AWS_", "HEADWAY_", "CARGO_PKG_", "CARGO_MANIFEST_", "http_proxy", "HTTP_PROXY"];
    for (name, _) in std::env::vars_os() {
        if strange.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command.current_dir(root());
    command
}

fn cargo_lambda() -> Command {
    let mut command = cargo();
    command.arg("lambda").env("PATH", path_with_cargo_lambda());
    command
}

/// The caller's path, or the path with the environment that `make test` creates.
fn path_with_cargo_lambda() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let made = root().join(".venv/bin");
    let with_made = std::env::split_paths(&path).chain([made]).collect::<Vec<_>>();
    let found = with_made.iter().any(|directory| directory.join("cargo-lambda").is_file());
    assert!(found, "cargo-lambda is neither in PATH nor in .venv/bin: run make test, which installs it");
    std::env::join_paths(with_made).unwrap()
}

/// The stdout of a command that has to succeed in time.
fn succeeds(command: &mut Command, within: Duration) -> String {
    let process = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let id = process.id();
    let (sender, ended) = channel();
    thread::spawn(move || sender.send(process.wait_with_output()));
    let Ok(output) = ended.recv_timeout(within) else {
        let _ = signal("-KILL", id);
        panic!("{command:?} takes longer than {within:?}");
    };
    let output = output.unwrap();
    assert!(output.status.success(), "{command:?}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn signal(signal: &str, process: u32) -> bool {
    Command::new("kill").arg(signal).arg(process.to_string()).status().is_ok_and(|status| status.success())
}

fn ends(process: &mut Child, limit: Duration) -> bool {
    let since = Instant::now();
    while since.elapsed() < limit {
        if let Ok(Some(_)) = process.try_wait() {
            return true;
        }
        thread::sleep(Duration::from_millis(20));
    }
    false
}

/// Reads to the end, which comes when nobody has the other side open.
fn read(mut pipe: PipeReader) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut text = Vec::new();
        let _ = pipe.read_to_end(&mut text);
        let _ = sender.send(String::from_utf8_lossy(&text).into_owned());
    });
    receiver
}
