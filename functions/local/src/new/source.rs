//! Where Headway's source is. Nothing of it is published, so a project takes the crate, the kits and two functions from there.

use std::fmt;
use std::path::{Path, PathBuf};

/// A file by which a checkout is recognised.
const MARK: &str = "shared/headway/Cargo.toml";

/// Headway's source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A directory on this machine, absolute.
    Checkout(PathBuf),
    /// A Git repository.
    Git(String),
}

/// Why there is no source.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SourceError {
    /// This command has been moved out of its checkout, or that is gone.
    #[error("Headway's source was not found near this command: give it with --source, a checkout or the address of a Git repository")]
    NotFound,
    /// It is neither.
    #[error("--source {0:?} is neither a directory nor the address of a Git repository, such as https://git.example.com/headway.git")]
    Neither(String),
    /// The directory is something else.
    #[error("--source {0:?} is not a checkout of Headway: {MARK} is missing")]
    NoCheckout(String),
    /// A program that reads it later would take it for something else.
    #[error("--source {0:?} has a control character or begins with a hyphen")]
    Unusable(String),
}

impl Source {
    /// The given one, or the checkout that built this command.
    ///
    /// # Errors
    ///
    /// What is wrong with it, or that there is none.
    pub fn choose(given: Option<&str>) -> Result<Self, SourceError> {
        match given {
            Some(given) => Self::parse(given),
            None => own_checkout().map(Self::Checkout).ok_or(SourceError::NotFound),
        }
    }

    fn parse(given: &str) -> Result<Self, SourceError> {
        if given.is_empty() || given.starts_with('-') || given.contains(char::is_control) {
            return Err(SourceError::Unusable(given.to_owned()));
        }
        let directory = Path::new(given);
        if directory.is_dir() {
            return checkout(directory).map(Self::Checkout).ok_or_else(|| SourceError::NoCheckout(given.to_owned()));
        }
        if is_git(given) { Ok(Self::Git(given.to_owned())) } else { Err(SourceError::Neither(given.to_owned())) }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkout(directory) => directory.display().fmt(f),
            Self::Git(address) => f.write_str(address),
        }
    }
}

/// The checkout that built this command: the one in whose directory `target` the command is. A command that was built for
/// development also knows where that was; a release contains no path of the machine that built it.
fn own_checkout() -> Option<PathBuf> {
    let command = std::env::current_exe().and_then(|command| command.canonicalize()).ok();
    let around = command.iter().flat_map(|command| command.ancestors().skip(1)).find_map(checkout);
    let built_in = if cfg!(debug_assertions) { checkout(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))) } else { None };
    around.or(built_in)
}

/// The absolute path of a checkout that is there and can be written into a file.
fn checkout(directory: &Path) -> Option<PathBuf> {
    let directory = directory.canonicalize().ok()?;
    let is_text = directory.to_str().is_some_and(|path| !path.contains(char::is_control));
    (is_text && directory.join(MARK).is_file()).then_some(directory)
}

/// True if it is an address as Git knows them: a URL, or `user@host:path`. Anything else, such as `ext::`, may run programs.
fn is_git(address: &str) -> bool {
    let is_plain = !address.contains(char::is_whitespace);
    let is_url = ["https://", "http://", "ssh://", "git://", "file://"]
        .iter()
        .any(|scheme| address.len() > scheme.len() && address.starts_with(scheme));
    let is_short = || {
        let (host, path) = address.split_once(':').unwrap_or_default();
        host.contains('@') && !host.contains('/') && !path.is_empty() && !path.starts_with(':')
    };
    is_plain && (is_url || is_short())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_checkout_or_a_repository() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
        assert_eq!(Source::parse(here.to_str().unwrap()), Ok(Source::Checkout(here.clone())));
        // With CARGO_TARGET_DIR the tests may be below the directory `target` of another checkout.
        let is_elsewhere = std::env::var_os("CARGO_TARGET_DIR").is_some();
        let chosen = Source::choose(None);
        assert!(matches!(&chosen, Ok(Source::Checkout(at)) if is_elsewhere || *at == here), "{chosen:?}");
        for address in [
            "https://git.example.com/headway.git",
            "ssh://git@example.com/headway",
            "git@example.com:team/headway.git",
            "file:///srv/git/headway",
        ] {
            assert_eq!(Source::parse(address), Ok(Source::Git(address.to_owned())));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let empty = tempfile::tempdir().unwrap();
        let empty = empty.path().to_str().unwrap();
        assert_eq!(Source::parse(empty), Err(SourceError::NoCheckout(empty.to_owned())));
        for neither in ["nowhere/at/all", "headway", "https://", "ext::sh -c reboot", "https://a b", "C:\\headway"] {
            assert_eq!(Source::parse(neither), Err(SourceError::Neither(neither.to_owned())));
        }
        for unusable in ["", "--upload-pack=reboot", "https://a\n.PHONY: x"] {
            assert_eq!(Source::parse(unusable), Err(SourceError::Unusable(unusable.to_owned())));
        }
    }
}
