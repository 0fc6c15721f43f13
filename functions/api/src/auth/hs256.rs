//! The development key: one random secret in one file that only its owner can read, which signs and checks tokens on a
//! developer's machine. Refused on Lambda.

use std::fmt;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, encode};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{AuthError, check_times, checked, rules};

/// `iss` of development tokens.
pub const ISSUER: &str = "headway-dev";
/// `aud` of development tokens.
pub const AUDIENCE: &str = "headway";
const KEY_BYTES: usize = 32;

/// The key is of no use.
#[derive(Debug, thiserror::Error)]
pub enum DevelopmentKeyError {
    /// Neither a place for it nor a home is named.
    #[error("no place for the development key: set XDG_STATE_HOME or HOME")]
    NoPlace,
    /// The file cannot be read or made.
    #[error("the development key {path} cannot be read or made")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Others on this machine can read it.
    #[error("the development key {0} can be read by others: chmod 600 it, or remove it to have a new one made")]
    Open(PathBuf),
    /// Not what this program writes.
    #[error("{0} is not a development key: remove it to have a new one made")]
    Content(PathBuf),
}

/// Signs and checks development tokens.
#[derive(Clone)]
pub struct DevelopmentKey([u8; KEY_BYTES]);

impl DevelopmentKey {
    /// A key of these bytes.
    pub const fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The key in the file that [`path_from_env`] names, made if it is not there.
    ///
    /// # Errors
    /// [`DevelopmentKeyError`], which says what to mend.
    pub fn from_env(env: &dyn Fn(&str) -> Option<String>) -> Result<Self, DevelopmentKeyError> {
        Self::load_or_create(&path_from_env(env)?)
    }

    /// The key in `path`, mode 0600, made if it is not there. Two processes that begin at once get the same key.
    ///
    /// # Errors
    /// [`DevelopmentKeyError`], which says what to mend.
    pub fn load_or_create(path: &Path) -> Result<Self, DevelopmentKeyError> {
        let failed = |source| DevelopmentKeyError::File { path: path.to_owned(), source };
        match Self::load(path) {
            Err(DevelopmentKeyError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                create(path).map_err(failed)?;
                Self::load(path)
            }
            loaded => loaded,
        }
    }

    fn load(path: &Path) -> Result<Self, DevelopmentKeyError> {
        let failed = |source| DevelopmentKeyError::File { path: path.to_owned(), source };
        if fs::metadata(path).map_err(failed)?.permissions().mode() & 0o077 != 0 {
            return Err(DevelopmentKeyError::Open(path.to_owned()));
        }
        let text = fs::read(path).map_err(failed)?;
        let bytes = BASE64.decode(text.trim_ascii()).ok().and_then(|bytes| bytes.try_into().ok());
        Ok(Self(bytes.ok_or_else(|| DevelopmentKeyError::Content(path.to_owned()))?))
    }

    /// A token for `subject`, with further claims, valid from `now` for `ttl`.
    ///
    /// # Errors
    /// If the claims cannot be written as JSON.
    pub fn token(
        &self,
        subject: &str,
        scopes: &[String],
        now: DateTime<Utc>,
        ttl: TimeDelta,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": subject, "scope": scopes.join(" "),
            "iat": now.timestamp(), "nbf": now.timestamp(), "exp": (now + ttl).timestamp(),
        });
        encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(&self.0))
    }

    /// The claims of a token that this key signed and that holds now.
    pub(super) fn check(&self, token: &str, now: DateTime<Utc>) -> Result<Map<String, Value>, AuthError> {
        let rules = rules(Algorithm::HS256, &[ISSUER], &[AUDIENCE]);
        let payload = checked(token, &DecodingKey::from_secret(&self.0), &rules)?;
        check_times(&payload, now)?;
        Ok(payload)
    }
}

/// Where the development key is: `$XDG_STATE_HOME/headway/dev.key`, by default `~/.local/state/headway/dev.key`.
///
/// # Errors
/// [`DevelopmentKeyError::NoPlace`] if neither `XDG_STATE_HOME` (absolute) nor `HOME` is set.
pub fn path_from_env(env: &dyn Fn(&str) -> Option<String>) -> Result<PathBuf, DevelopmentKeyError> {
    let absolute = |name| env(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")));
    Ok(state.ok_or(DevelopmentKeyError::NoPlace)?.join("headway/dev.key"))
}

/// Written whole under another name and then linked, so that nobody ever reads half a key or a second one.
fn create(path: &Path) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    let draft = path.with_extension(Uuid::new_v4().simple().to_string());
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let text = format!("{}\n", BASE64.encode(bytes));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    let linked = written.and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    fs::remove_file(&draft)?;
    linked
}

impl fmt::Debug for DevelopmentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DevelopmentKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `serve` and `token` are two processes: they must find one key, and nobody else may.
    #[test]
    fn the_key_is_made_once_and_is_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state/headway/dev.key");
        let now = Utc::now();
        let token = DevelopmentKey::load_or_create(&path).unwrap().token("u", &[], now, TimeDelta::hours(1)).unwrap();
        assert!(DevelopmentKey::load_or_create(&path).unwrap().check(&token, now).is_ok());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no draft stays behind");

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(DevelopmentKey::load_or_create(&path), Err(DevelopmentKeyError::Open(_))));
    }

    /// A file of another program must not become a key that anybody could guess.
    #[test]
    fn another_file_is_not_taken_for_a_key() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("dev.key");
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path).unwrap();
        assert!(matches!(DevelopmentKey::load_or_create(&path), Err(DevelopmentKeyError::Content(_))));
    }
}
