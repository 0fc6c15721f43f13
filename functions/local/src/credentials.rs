//! Where the token comes from, and when it is read again.
//!
//! A token is never an option on the command line, where other users of the machine could read it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use headway_api::auth::DevelopmentKeyError;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::local_token;
use crate::shell::{self, Output};

/// For how long a token made with the development key is valid.
const DEV_TOKEN_TTL: TimeDelta = TimeDelta::hours(1);
/// How long before its end such a token is replaced.
const DEV_TOKEN_MARGIN: TimeDelta = TimeDelta::minutes(5);

/// How long the command may take. A person may have to sign in.
const COMMAND_MAX: Duration = Duration::from_secs(300);
/// The most bytes that are read for a token. API Gateway accepts headers of 10,240 bytes together.
const BYTES_MAX: u64 = 65_536;

/// What errors call the sources.
const OF_FILE: &str = "the token file";
const OF_COMMAND: &str = "the output of HEADWAY_TOKEN_COMMAND";

/// Where tokens come from.
#[derive(Clone, Debug)]
pub enum TokenSource {
    /// There is no token.
    None,
    /// `HEADWAY_TOKEN`.
    Fixed(String),
    /// `--token-file`, read again after a 401.
    File(PathBuf),
    /// `HEADWAY_TOKEN_COMMAND`, run again after a 401.
    Command(String),
    /// The development key of this machine; for the default address only.
    DevKey,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The file of `--token-file` cannot be read.
    #[error("the token file {path} cannot be read", path = .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The command of `HEADWAY_TOKEN_COMMAND` could not be run.
    #[error("HEADWAY_TOKEN_COMMAND cannot be run")]
    Command(#[source] std::io::Error),
    /// The command of `HEADWAY_TOKEN_COMMAND` failed.
    #[error("HEADWAY_TOKEN_COMMAND failed ({0})")]
    CommandFailed(ExitStatus),
    /// The command of `HEADWAY_TOKEN_COMMAND` did not end.
    #[error("HEADWAY_TOKEN_COMMAND has not ended within {} s, and was stopped", COMMAND_MAX.as_secs())]
    CommandTooSlow,
    /// The source did not contain a token.
    #[error("{0} did not contain a token")]
    Empty(&'static str),
    /// The source may have no end.
    #[error("{0} contains more than a token: it has more than {BYTES_MAX} bytes")]
    TooLong(&'static str),
    /// The source contained something else.
    #[error("{from} contains more than a token: {what}")]
    NotAToken {
        /// The source.
        from: &'static str,
        /// What is wrong, and what to do. The token is not repeated.
        what: String,
    },
    /// The development key cannot be used.
    #[error("there is no token: set HEADWAY_TOKEN, or correct the development key")]
    DevelopmentKey(#[from] DevelopmentKeyError),
}

/// A token source, and the last token from it.
#[derive(Debug)]
pub struct Credentials {
    source: TokenSource,
    held: Mutex<Option<KeptToken>>,
}

#[derive(Clone, Debug)]
struct KeptToken {
    token: Arc<str>,
    replace_at: Option<DateTime<Utc>>,
}

impl TokenSource {
    /// `--token-file`; if not given, `HEADWAY_TOKEN`, then `HEADWAY_TOKEN_COMMAND`; else the development key, if no
    /// address is given. An empty variable counts as not set.
    #[must_use]
    pub fn choose(token_file: Option<PathBuf>, address_given: bool) -> TokenSource {
        let variable = |name| std::env::var(name).ok().filter(|text| !text.trim().is_empty());
        if let Some(path) = token_file {
            TokenSource::File(path)
        } else if let Some(token) = variable("HEADWAY_TOKEN") {
            TokenSource::Fixed(token.trim().to_owned())
        } else if let Some(command) = variable("HEADWAY_TOKEN_COMMAND") {
            TokenSource::Command(command)
        } else if address_given {
            TokenSource::None
        } else {
            TokenSource::DevKey
        }
    }
}

impl Credentials {
    /// Nothing is read or run before the first call.
    #[must_use]
    pub fn new(source: TokenSource) -> Credentials {
        Credentials { source, held: Mutex::new(None) }
    }

    /// What is waited for until there is a token, for people.
    #[must_use]
    pub fn waits_for(&self) -> String {
        match self.source {
            TokenSource::Command(_) => "waiting for HEADWAY_TOKEN_COMMAND".to_owned(),
            _ => "waiting for the token".to_owned(),
        }
    }

    /// The token to send now.
    ///
    /// # Errors
    ///
    /// If the source has no token.
    pub async fn current(&self) -> Result<Option<Arc<str>>, CredentialsError> {
        let mut held = self.held.lock().await;
        let stale = held.as_ref().is_none_or(|held| held.replace_at.is_some_and(|at| at <= Utc::now()));
        if stale {
            *held = self.obtain().await?;
        }
        Ok(held.as_ref().map(|held| Arc::clone(&held.token)))
    }

    /// True if there is a token other than `refused` now, because another call renewed it or the source has a new one.
    ///
    /// # Errors
    ///
    /// If the source has no token.
    pub async fn renew(&self, refused: Option<&str>) -> Result<bool, CredentialsError> {
        let mut held = self.held.lock().await;
        let differs = |held: &Option<KeptToken>| held.as_ref().map(|held| held.token.as_ref()) != refused;
        if !differs(&held) {
            *held = self.obtain().await?;
        }
        Ok(differs(&held))
    }

    async fn obtain(&self) -> Result<Option<KeptToken>, CredentialsError> {
        let lasting = |token: &str| KeptToken { token: token.into(), replace_at: None };
        Ok(match &self.source {
            TokenSource::None => None,
            TokenSource::Fixed(token) => Some(lasting(one_token(token, "HEADWAY_TOKEN")?)),
            TokenSource::File(path) => {
                let bytes = read(path).await.map_err(|source| CredentialsError::File { path: path.clone(), source })?;
                if bytes.len() as u64 > BYTES_MAX {
                    return Err(CredentialsError::TooLong(OF_FILE));
                }
                // Windows writes UTF-16 or UTF-8 with a byte-order mark, which decides here.
                let (text, ..) = encoding_rs::UTF_8.decode(&bytes);
                Some(lasting(one_token(&text, OF_FILE)?))
            }
            TokenSource::Command(command) => Some(lasting(one_token(&run(command, COMMAND_MAX).await?, OF_COMMAND)?)),
            TokenSource::DevKey => {
                let now = Utc::now();
                let token = local_token::usual(DEV_TOKEN_TTL)?;
                let replace_at = Some(now + DEV_TOKEN_TTL - DEV_TOKEN_MARGIN);
                Some(KeptToken { token: token.text.into(), replace_at })
            }
        })
    }
}

/// The token in a text, without what is often written around it: a byte-order mark, white space, the word `Bearer`.
fn one_token<'a>(text: &'a str, from: &'static str) -> Result<&'a str, CredentialsError> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let token = match text.split_once(char::is_whitespace) {
        Some((word, token)) if word.eq_ignore_ascii_case("bearer") => token.trim_start(),
        _ => text,
    };
    if token.is_empty() || token.eq_ignore_ascii_case("bearer") {
        return Err(CredentialsError::Empty(from));
    }
    // RFC 6750, 2.1: `=` only at the end.
    let is_of_token = |c: &char| c.is_ascii_alphanumeric() || "-._~+/".contains(*c);
    match token.trim_end_matches('=').chars().find(|c| !is_of_token(c)) {
        None => Ok(token),
        Some(other) => Err(CredentialsError::NotAToken { from, what: beyond(token, other) }),
    }
}

/// What is wrong with a text that has this character, which no token has.
fn beyond(text: &str, other: char) -> String {
    match other {
        '{' | '[' => "it is JSON: leave only the text of the token".to_owned(),
        _ if text.to_ascii_lowercase().starts_with("authorization:") => "it is a header: leave only the token after `Bearer`".to_owned(),
        '\n' | '\r' => "it has several lines: leave only the token".to_owned(),
        '=' => "it is an assignment, as in a file of settings: leave only what is behind the `=`".to_owned(),
        '"' | '\'' => "it has quotes: leave only what is between them".to_owned(),
        ' ' | '\t' => "it has several words: leave only the token".to_owned(),
        other => format!("it has the character {other:?}, which no token has: save the token again as plain text"),
    }
}

/// The beginning of a file: up to one byte more than a token may have. Not on this thread: it may be a pipe to which nobody writes.
async fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).await?.take(BYTES_MAX + 1).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// Runs the command in a shell, within this time.
async fn run(command: &str, time_max: Duration) -> Result<String, CredentialsError> {
    let ran = timeout(time_max, shell::output(command, BYTES_MAX)).await.map_err(|_| CredentialsError::CommandTooSlow)?;
    match ran.map_err(CredentialsError::Command)? {
        Output::Ended(status, output) if status.success() => Ok(String::from_utf8_lossy(&output).into_owned()),
        Output::Ended(status, _) => Err(CredentialsError::CommandFailed(status)),
        Output::TooLong => Err(CredentialsError::TooLong(OF_COMMAND)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_read_again_only_after_a_refusal() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "one\n").unwrap();
        let credentials = Credentials::new(TokenSource::File(path.clone()));
        assert_eq!(credentials.current().await.unwrap().as_deref(), Some("one"));
        assert!(!credentials.renew(Some("one")).await.unwrap(), "the same token would be refused again");
        std::fs::write(&path, "two\n").unwrap();
        assert_eq!(credentials.current().await.unwrap().as_deref(), Some("one"));
        assert!(credentials.renew(Some("one")).await.unwrap());
        assert!(credentials.renew(Some("one")).await.unwrap(), "another call renewed it already");
        assert_eq!(credentials.current().await.unwrap().as_deref(), Some("two"));
    }

    #[test]
    fn what_is_often_written_around_a_token_is_left_out() {
        for (text, expected) in [
            ("a.b-c_d~e+f/g==\r\n", Ok("a.b-c_d~e+f/g==")),
            ("\u{feff}a.b\r\n", Ok("a.b")),
            ("Bearer a.b\n", Ok("a.b")),
            ("\u{feff} bearer\t a.b", Ok("a.b")),
            ("Bearer", Err("did not contain a token")),
            (" \u{feff}\n", Err("contains more than a token: it has the character '\\u{feff}'")),
            ("\u{feff}\n", Err("did not contain a token")),
            ("{\"access_token\":\"a\"}", Err("it is JSON: leave only")),
            ("Authorization: Bearer a", Err("it is a header: leave only the token")),
            ("HEADWAY_TOKEN=a.b.c", Err("it is an assignment, as in a file of settings")),
            ("a\nb", Err("it has several lines")),
            ("\"a\"", Err("it has quotes")),
            ("a b", Err("it has several words")),
            ("a\u{200b}", Err("it has the character '\\u{200b}', which no token has")),
            ("a\u{fffd}", Err("which no token has: save the token again as plain text")),
        ] {
            match (one_token(text, "it"), expected) {
                (Ok(token), Ok(expected)) => assert_eq!(token, expected, "{text:?}"),
                (Err(error), Err(says)) => assert!(error.to_string().contains(says), "{text:?}: {error}"),
                (found, _) => panic!("{text:?}: {found:?}"),
            }
        }
    }

    #[tokio::test]
    async fn a_file_of_windows_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        for text in [&b"\xff\xfea\0.\0b\0\r\0\n\0"[..], b"\xef\xbb\xbfa.b\r\n"] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(Credentials::new(TokenSource::File(path.clone())).current().await.unwrap().as_deref(), Some("a.b"));
        }
    }

    #[tokio::test]
    async fn a_command_is_run_in_a_shell_and_must_succeed() {
        let token = |command: &str| Credentials::new(TokenSource::Command(command.to_owned()));
        assert_eq!(token("printf ' %s\n' a.b").current().await.unwrap().as_deref(), Some("a.b"));
        assert!(matches!(token("echo x; exit 3").current().await, Err(CredentialsError::CommandFailed(_))));
        assert!(matches!(token("true").current().await, Err(CredentialsError::Empty(_))));
    }

    /// Bug found: what had no end was read until the memory was full.
    #[tokio::test]
    async fn a_source_without_an_end_is_given_up() {
        for source in [TokenSource::Command("yes".to_owned()), TokenSource::File("/dev/zero".into())] {
            let error = Credentials::new(source).current().await.unwrap_err();
            assert!(error.to_string().ends_with("contains more than a token: it has more than 65536 bytes"), "{error}");
        }
    }

    /// Bug found: a command that waited for ever kept `watch --timeout` from ending.
    #[tokio::test]
    async fn a_command_that_does_not_end_is_stopped() {
        let ran = run("exec sleep 1000", Duration::from_millis(1)).await;
        assert!(matches!(ran, Err(CredentialsError::CommandTooSlow)), "{ran:?}");
    }
}
