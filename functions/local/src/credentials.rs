//! Where the token comes from, and when it is read again.
//!
//! A token is never an option on the command line, where other users of the machine could read it.

use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headway_api::auth::DevelopmentKeyError;
use tokio::sync::Mutex;

use crate::local_token;

/// For how long a token made with the development key is valid.
const DEV_TOKEN_TTL: TimeDelta = TimeDelta::hours(1);
/// How long before its end such a token is replaced.
const DEV_TOKEN_MARGIN: TimeDelta = TimeDelta::minutes(5);

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
    /// The source did not contain a token.
    #[error("{0} did not contain a token")]
    Empty(&'static str),
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
            TokenSource::Fixed(token) => Some(lasting(token)),
            TokenSource::File(path) => {
                let text = std::fs::read_to_string(path).map_err(|source| CredentialsError::File { path: path.clone(), source })?;
                Some(lasting(one_token(&text, "the token file")?))
            }
            TokenSource::Command(command) => Some(lasting(one_token(&run(command.clone()).await?, "HEADWAY_TOKEN_COMMAND")?)),
            TokenSource::DevKey => {
                let now = Utc::now();
                let token = local_token::usual(DEV_TOKEN_TTL)?;
                let replace_at = Some(now + DEV_TOKEN_TTL - DEV_TOKEN_MARGIN);
                Some(KeptToken { token: token.text.into(), replace_at })
            }
        })
    }
}

fn one_token<'a>(text: &'a str, from: &'static str) -> Result<&'a str, CredentialsError> {
    let token = text.trim();
    if token.is_empty() { Err(CredentialsError::Empty(from)) } else { Ok(token) }
}

/// Runs the command in a shell. The user sees its stderr. Its stdin is not the process's own, which may contain items.
async fn run(command: String) -> Result<String, CredentialsError> {
    let ran = tokio::task::spawn_blocking(move || {
        Command::new("sh").arg("-c").arg(command).stdin(Stdio::null()).stderr(Stdio::inherit()).output()
    });
    let output = ran.await.map_err(|error| CredentialsError::Command(std::io::Error::other(error)))?;
    let output = output.map_err(CredentialsError::Command)?;
    if !output.status.success() {
        return Err(CredentialsError::CommandFailed(output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
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

    #[tokio::test]
    async fn a_command_is_run_in_a_shell_and_must_succeed() {
        let token = |command: &str| Credentials::new(TokenSource::Command(command.to_owned()));
        assert_eq!(token("printf ' %s\n' a.b").current().await.unwrap().as_deref(), Some("a.b"));
        assert!(matches!(token("echo x; exit 3").current().await, Err(CredentialsError::CommandFailed(_))));
        assert!(matches!(token("true").current().await, Err(CredentialsError::Empty(_))));
    }
}
