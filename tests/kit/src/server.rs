//! A server that is ready, and its client.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::home::{Ended, Home, LONG, run};
use crate::serving::Serving;

/// A server that is ready.
#[derive(Debug)]
pub struct Server {
    /// Its process.
    pub serving: Serving,
    /// Its address.
    pub url: String,
    /// The token of its page.
    pub token: String,
}

impl Home {
    /// `serve` with these arguments on a free port.
    ///
    /// # Panics
    /// It does not become ready.
    pub fn serve(&self, words: &[&str]) -> Server {
        self.serve_with(words, &[])
    }

    /// The same with these variables set.
    ///
    /// # Panics
    /// It does not become ready.
    pub fn serve_with(&self, words: &[&str], environment: &[(&str, &str)]) -> Server {
        let mut command = self.command(&[&["serve", "--json", "--listen", "127.0.0.1:0"], words].concat());
        command.envs(environment.iter().copied());
        self.ready(command)
    }

    /// The server that this command starts, once it is ready.
    ///
    /// # Panics
    /// It does not become ready.
    pub fn ready(&self, command: Command) -> Server {
        let words = format!("{command:?}");
        let mut serving = Serving::spawn(command);
        let page = serving.wait_ready(LONG).unwrap_or_else(|| panic!("{words} did not get ready: {:?}", serving.kill()));
        let (url, token) = page.split_once("/#token=").unwrap();
        Server { serving, url: url.to_owned(), token: token.to_owned() }
    }
}

impl Server {
    /// A client command for this server.
    pub fn client(&self, home: &Home, words: &[&str]) -> Command {
        let mut command = home.command(words);
        command.env("HEADWAY_URL", &self.url).env("HEADWAY_TOKEN", &self.token);
        command
    }

    /// Runs the client to its end.
    pub fn run(&self, home: &Home, words: &[&str]) -> Ended {
        run(self.client(home, words), "")
    }

    /// The client's JSON answer.
    ///
    /// # Panics
    ///
    /// There is none.
    pub fn json(&self, home: &Home, words: &[&str]) -> serde_json::Value {
        let ended = self.run(home, &[words, &["--json"]].concat());
        serde_json::from_str(ended.stdout.trim()).unwrap_or_else(|_| panic!("{words:?} gave no JSON: {ended:?}"))
    }

    /// True if it has written this, in its log or elsewhere.
    pub fn has_said(&self, words: &str) -> bool {
        self.serving.lines.lock().unwrap().iter().any(|line| line.contains(words))
    }
}

/// Checks again and again until there is a result, as is needed with another process.
///
/// # Panics
/// There is no result in the end.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + LONG;
    loop {
        match look() {
            Some(found) => return found,
            None if Instant::now() > until => panic!("not within {LONG:?}: {what}"),
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}
