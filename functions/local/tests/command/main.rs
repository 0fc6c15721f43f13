//! The real binary against a small fake server that keeps the API's promises, or breaks them on demand.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod acting;
mod doctor;
mod exit_codes;
mod fake_server;
mod files;
mod hostile;
mod interrupting;
mod lists;
mod new;
mod safety;
mod streams;
mod submitting;
mod terminal;
mod trying;
mod watching;

use std::ops::Deref;
use std::process::Command;

pub(crate) use headway_testkit::home::Ended;

/// Runs the binary with a home directory of its own and an empty environment.
pub(crate) struct Home(headway_testkit::home::Home);

impl Deref for Home {
    type Target = headway_testkit::home::Home;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Home {
    pub(crate) fn new() -> Home {
        Home(headway_testkit::home::Home::of(env!("CARGO_BIN_EXE_headway")))
    }

    /// Runs to the end, with a token that the fake server accepts.
    pub(crate) async fn run(&self, words: &[&str]) -> Ended {
        let mut command = self.command(words);
        command.env("HEADWAY_TOKEN", fake_server::TOKEN);
        self.run_command(command, "").await
    }

    pub(crate) async fn run_command(&self, command: Command, stdin: impl AsRef<[u8]> + Send + 'static) -> Ended {
        tokio::task::spawn_blocking(move || headway_testkit::home::run(command, stdin)).await.unwrap()
    }
}
