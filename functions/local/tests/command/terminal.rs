//! A pseudo-terminal to run a command on, and what it displayed.

use std::io::{Read as _, Write as _};
use std::process::Command;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

pub(crate) struct Terminal;

impl Terminal {
    /// Runs the command with stdout and stderr on a terminal. Returns its exit code and everything that was written to
    /// the terminal.
    pub(crate) async fn run(command: Command) -> (Option<i32>, String) {
        Terminal::started(command, None, None).await
    }

    /// The same, with stdin on the terminal too, where this is typed.
    pub(crate) async fn run_typing(command: Command, typed: &'static str) -> (Option<i32>, String) {
        Terminal::started(command, Some(typed), None).await
    }

    /// The same, with nothing typed. Once `words` are shown, the command is sent the signal of this name, or the terminal is closed.
    pub(crate) async fn run_until(command: Command, words: &'static str, signal: &'static str) -> (Option<i32>, String) {
        Terminal::started(command, Some(""), Some((words, signal))).await
    }

    async fn started(
        mut command: Command,
        typed: Option<&'static str>,
        mut until: Option<(&'static str, &'static str)>,
    ) -> (Option<i32>, String) {
        let ran = tokio::task::spawn_blocking(move || {
            let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
            grantpt(&ours).unwrap();
            unlockpt(&ours).unwrap();
            let name = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
            let theirs = std::fs::File::options().read(true).write(true).open(name).unwrap();
            if let Some(typed) = typed {
                command.stdin(theirs.try_clone().unwrap());
                // The terminal keeps what is typed until it is read.
                std::fs::File::from(ours.try_clone().unwrap()).write_all(typed.as_bytes()).unwrap();
            }
            command.stdout(theirs.try_clone().unwrap()).stderr(theirs);
            let mut child = command.spawn().unwrap();
            // The builder holds the other side open, so it is dropped here.
            drop(command);
            let mut shown = Vec::new();
            let (mut ours, mut piece) = (std::fs::File::from(ours), [0; 4_096]);
            // Reading fails once nobody has the other side open.
            while let Ok(read @ 1..) = ours.read(&mut piece) {
                shown.extend_from_slice(&piece[..read]);
                if let Some((_, signal)) = until.take_if(|(words, _)| String::from_utf8_lossy(&shown).contains(*words)) {
                    match signal {
                        "close" => break,
                        name => headway_testkit::home::signal(name, &child),
                    }
                }
            }
            drop(ours);
            (child.wait().unwrap().code(), String::from_utf8_lossy(&shown).into_owned())
        });
        ran.await.unwrap()
    }
}
