//! What every verb is given: the global options, the streams, and the way to a server.

use std::sync::Arc;

use crate::client::{Client, ClientError, URL_DEFAULT};
use crate::credentials::TokenSource;
use crate::globals::{ColorWhen, Globals};
use crate::out::{Out, printable};

/// The surroundings of one command.
#[derive(Debug)]
pub struct Context {
    /// stdout and stderr.
    pub out: Out,
    globals: Globals,
}

impl Context {
    /// Decides about colours, once for the process.
    #[must_use]
    pub fn new(globals: Globals) -> Context {
        match globals.color {
            ColorWhen::Auto => {}
            when => {
                console::set_colors_enabled(when == ColorWhen::Always);
                console::set_colors_enabled_stderr(when == ColorWhen::Always);
            }
        }
        Context { out: Out { json: globals.json, quiet: globals.quiet }, globals }
    }

    /// A client of the server that the options, else the environment name.
    ///
    /// # Errors
    /// If the address is none, or may be given no token.
    pub fn client(&self) -> Result<Arc<Client>, ClientError> {
        self.client_at(None)
    }

    /// The same, but of the server at `default` if they name none.
    ///
    /// # Errors
    /// As [`Context::client`].
    pub fn client_at(&self, default: Option<&str>) -> Result<Arc<Client>, ClientError> {
        let address = self.address().or(default.map(str::to_owned));
        let source = TokenSource::choose(self.globals.token_file.clone(), address.is_some());
        Ok(Arc::new(Client::new(address.as_deref().unwrap_or(URL_DEFAULT), source)?))
    }

    /// The server's address, if the options or the environment give one.
    #[must_use]
    pub fn address(&self) -> Option<String> {
        let variable = || std::env::var("HEADWAY_URL").ok().filter(|url| !url.trim().is_empty());
        self.globals.url.clone().or_else(variable)
    }

    /// A command line that can be pasted, with the options that name the server.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> String {
        let mut all = vec!["headway".to_owned()];
        if let Some(url) = &self.globals.url {
            all.extend(["--url".to_owned(), quoted(url)]);
        }
        if let Some(path) = &self.globals.token_file {
            all.extend(["--token-file".to_owned(), quoted(&path.to_string_lossy())]);
        }
        all.extend(words.iter().map(|word| quoted(&printable(word))));
        all.join(" ")
    }
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn what_is_printed_can_be_pasted() {
        assert_eq!(quoted("a/b-c.csv"), "a/b-c.csv");
        assert_eq!(quoted("my file's $x"), r"'my file'\''s $x'");
        assert_eq!(quoted(""), "''");
    }
}
