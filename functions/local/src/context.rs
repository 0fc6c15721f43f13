//! What every command is given: the global options, the output streams, and a client of the server.

use std::sync::Arc;

use crate::client::{Client, ClientError, URL_DEFAULT};
use crate::colors;
use crate::credentials::TokenSource;
use crate::globals::Globals;
use crate::out::{Out, printable};

/// The global options and output streams of a command.
#[derive(Debug)]
pub struct Context {
    /// stdout and stderr.
    pub out: Out,
    globals: Globals,
}

impl Context {
    /// Decides once for the process whether to use colours.
    #[must_use]
    pub fn new(globals: Globals) -> Context {
        colors::choose(globals.color);
        Context { out: Out { json: globals.json, quiet: globals.quiet }, globals }
    }

    /// A client of the server that the options or the environment name.
    ///
    /// # Errors
    ///
    /// If the address is invalid, or must not be sent a token.
    pub fn client(&self) -> Result<Arc<Client>, ClientError> {
        self.client_at(None)
    }

    /// The same, but a client of the server at `default` if they name none.
    ///
    /// # Errors
    ///
    /// As [`Context::client`].
    pub fn client_at(&self, default: Option<&str>) -> Result<Arc<Client>, ClientError> {
        let address = self.address().or(default.map(str::to_owned));
        let source = TokenSource::choose(self.globals.token_file.clone(), address.is_some());
        Ok(Arc::new(Client::new(address.as_deref().unwrap_or(URL_DEFAULT), source)?.telling(self.out)))
    }

    /// The server's address, if the options or the environment name one.
    #[must_use]
    pub fn address(&self) -> Option<String> {
        let variable = || std::env::var("HEADWAY_URL").ok().filter(|url| !url.trim().is_empty());
        self.globals.url.clone().or_else(variable)
    }

    /// A command line that can be pasted into a shell, with the options that name the server.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> String {
        let mut all = vec!["headway".to_owned()];
        if let Some(url) = &self.globals.url {
            all.extend(["--url".to_owned(), quoted(url)]);
        }
        if let Some(path) = &self.globals.token_file {
            all.extend(["--token-file".to_owned(), quoted(&path.to_string_lossy())]);
        }
        all.push(shell_words(words));
        all.join(" ")
    }
}

/// Words that can be pasted into a shell.
#[must_use]
pub fn shell_words(words: &[&str]) -> String {
    words.iter().map(|word| quoted(&printable(word))).collect::<Vec<_>>().join(" ")
}

/// A word, quoted so that a shell reads it back unchanged.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn printed_commands_can_be_pasted() {
        assert_eq!(quoted("a/b-c.csv"), "a/b-c.csv");
        assert_eq!(quoted("my file's $x"), r"'my file'\''s $x'");
        assert_eq!(quoted(""), "''");
    }
}
