//! The real binary against a small server that keeps the API's promises, and breaks them on demand.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod acting;
mod doctor;
mod exit_codes;
mod fake_server;
mod files;
mod lists;
mod safety;
mod streams;
mod submitting;
mod terminal;
mod watching;

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The binary in a home of its own, with nothing of the caller's environment.
pub(crate) struct Home {
    dir: tempfile::TempDir,
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
        Home { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file into the home and gives its name.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path().join(name), content).unwrap();
        name.to_owned()
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_headway"));
        command.args(words).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.path()).current_dir(self.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs to the end, with a token that the fake server takes.
    pub(crate) async fn run(&self, words: &[&str]) -> Ended {
        let mut command = self.command(words);
        command.env("HEADWAY_TOKEN", fake_server::TOKEN);
        self.run_command(command, "").await
    }

    pub(crate) async fn run_command(&self, mut command: Command, stdin: impl AsRef<[u8]> + Send + 'static) -> Ended {
        command.stdin(Stdio::piped());
        let ran = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().unwrap();
            // The child may not want it, and end before it is written.
            let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), stdin.as_ref());
            child.wait_with_output().unwrap()
        });
        Ended::of(ran.await.unwrap())
    }
}

impl Ended {
    pub(crate) fn of(output: Output) -> Ended {
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The one problem on stderr.
    pub(crate) fn problem(&self) -> serde_json::Value {
        assert_eq!(self.stderr.lines().count(), 1, "one problem, one line: {}", self.stderr);
        serde_json::from_str(&self.stderr).unwrap()
    }
}
