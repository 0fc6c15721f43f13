//! A server that is ready, and the client against it.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::serving::{Ended, Home, LONG, Serving, run};

/// A server that is ready.
pub(crate) struct Server {
    pub(crate) serving: Serving,
    pub(crate) url: String,
    pub(crate) token: String,
}

impl Home {
    /// Writes a file and gives its name.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path().join(name), content).unwrap();
        name.to_owned()
    }

    /// `serve` with these words on a port that is free.
    pub(crate) fn serve(&self, words: &[&str]) -> Server {
        self.serve_with(words, &[])
    }

    pub(crate) fn serve_with(&self, words: &[&str], environment: &[(&str, &str)]) -> Server {
        let mut command = self.command(&[&["serve", "--json", "--listen", "127.0.0.1:0"], words].concat());
        command.envs(environment.iter().copied());
        self.ready(command)
    }

    /// The server that this command starts, once it is ready.
    pub(crate) fn ready(&self, command: Command) -> Server {
        let words = format!("{command:?}");
        let mut serving = Serving::spawn(command);
        let page = serving.wait_ready(LONG).unwrap_or_else(|| panic!("{words} did not get ready: {:?}", serving.kill()));
        let (url, token) = page.split_once("/#token=").unwrap();
        Server { serving, url: url.to_owned(), token: token.to_owned() }
    }
}

impl Server {
    /// A command of the client towards this server.
    pub(crate) fn client(&self, home: &Home, words: &[&str]) -> Command {
        let mut command = home.command(words);
        command.env("HEADWAY_URL", &self.url).env("HEADWAY_TOKEN", &self.token);
        command
    }

    /// Runs the client to its end.
    pub(crate) fn run(&self, home: &Home, words: &[&str]) -> Ended {
        run(self.client(home, words), "")
    }

    /// The client's JSON answer.
    pub(crate) fn json(&self, home: &Home, words: &[&str]) -> serde_json::Value {
        let ended = self.run(home, &[words, &["--json"]].concat());
        serde_json::from_str(ended.stdout.trim()).unwrap_or_else(|_| panic!("{words:?} gave no JSON: {ended:?}"))
    }

    /// Whether it has said this, in its log or beside it.
    pub(crate) fn has_said(&self, words: &str) -> bool {
        self.serving.lines.lock().unwrap().iter().any(|line| line.contains(words))
    }
}

/// Looks again and again until there is something, as one has to with another process.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + LONG;
    loop {
        match look() {
            Some(found) => return found,
            None if Instant::now() > until => panic!("not within {LONG:?}: {what}"),
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}
