//! The development key: what a local server and the client on the same machine share, so that no login is needed.
//!
//! It lies in `$XDG_STATE_HOME/headway/dev.key`, readable by its owner only. It signs HS256 tokens, which no server on
//! Lambda accepts.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

/// The issuer of development tokens: the claim `iss`.
pub const ISSUER: &str = "headway-dev";
/// Whom development tokens are for: the claim `aud`.
pub const AUDIENCE: &str = "headway";
/// The user that the client is when nobody says: the claim `sub`.
pub const USER_DEFAULT: &str = "dev";
/// What a token allows when nobody says.
pub const SCOPES_DEFAULT: [&str; 2] = ["jobs:read", "jobs:write"];

const KEY_BYTES: usize = 32;

/// The key, 32 random bytes.
#[derive(Clone)]
pub struct DevKey {
    bytes: [u8; KEY_BYTES],
}

/// A token, and when it ends.
#[derive(Clone, Debug)]
pub struct DevToken {
    /// The JWT.
    pub text: String,
    /// The claim `exp`.
    pub expires_at: DateTime<Utc>,
}

/// The development key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DevKeyError {
    /// There is no place for it.
    #[error("there is no place for the development key: set HOME or XDG_STATE_HOME, or give a token in HEADWAY_TOKEN")]
    NoHome,
    /// The file cannot be read or made.
    #[error("the development key {path} cannot be {what}", path = .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// `read` or `made`.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// Others may read the file.
    #[error("the development key {path} can be read by others (mode {mode:03o}): chmod 600 it, or delete it to get a new one",
        path = .path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file holds no key.
    #[error("the development key {path} is damaged: delete it to get a new one", path = .path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
    },
    /// The system gives no randomness.
    #[error("the system gives no randomness")]
    Random(#[source] getrandom::Error),
    /// The token cannot be signed.
    #[error("the token cannot be signed")]
    Sign(#[from] jsonwebtoken::errors::Error),
}

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    scope: String,
}

/// Reads the key, or makes it if there is none. Safe to call from several processes at once: all get the same key.
///
/// # Errors
/// If the file cannot be read or made, can be read by others, or holds no key.
pub fn load_or_create() -> Result<DevKey, DevKeyError> {
    load_or_create_at(&path()?)
}

/// Where the key lies: `$XDG_STATE_HOME/headway/dev.key`, by default `~/.local/state/headway/dev.key`.
///
/// # Errors
/// If neither `XDG_STATE_HOME` (absolute) nor `HOME` is set.
pub fn path() -> Result<PathBuf, DevKeyError> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")));
    Ok(state.ok_or(DevKeyError::NoHome)?.join("headway/dev.key"))
}

impl DevKey {
    /// The secret that HS256 signs and checks with.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A token for `user` from `now` on.
    ///
    /// # Errors
    /// If it cannot be signed.
    pub fn token(&self, user: &str, scopes: &[String], ttl: TimeDelta, now: DateTime<Utc>) -> Result<DevToken, DevKeyError> {
        let expires_at = now.checked_add_signed(ttl).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let claims =
            Claims { sub: user, iss: ISSUER, aud: AUDIENCE, iat: now.timestamp(), exp: expires_at.timestamp(), scope: scopes.join(" ") };
        let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        let key = jsonwebtoken::EncodingKey::from_secret(&self.bytes);
        Ok(DevToken { text: jsonwebtoken::encode(&header, &claims, &key)?, expires_at })
    }
}

impl std::fmt::Debug for DevKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DevKey(…)")
    }
}

fn load_or_create_at(path: &Path) -> Result<DevKey, DevKeyError> {
    match load(path) {
        Err(DevKeyError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        loaded => return loaded,
    }
    create(path)?;
    load(path)
}

fn load(path: &Path) -> Result<DevKey, DevKeyError> {
    let failed = |source| DevKeyError::File { path: path.to_owned(), what: "read", source };
    let mode = fs::metadata(path).map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(DevKeyError::Exposed { path: path.to_owned(), mode });
    }
    let text = fs::read(path).map_err(failed)?;
    let bytes = BASE64.decode(text.trim_ascii()).ok().and_then(|bytes| bytes.try_into().ok());
    Ok(DevKey { bytes: bytes.ok_or_else(|| DevKeyError::Damaged { path: path.to_owned() })? })
}

/// The file appears under its name with all its content, or not at all; if another process was faster, its key stands.
fn create(path: &Path) -> Result<(), DevKeyError> {
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes).map_err(DevKeyError::Random)?;
    let dir = path.parent().unwrap_or(Path::new("/"));
    let draft = dir.join(format!(".dev.key.{}", uuid::Uuid::new_v4()));
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir).and_then(|()| {
        write_private(&draft, format!("{}\n", BASE64.encode(bytes)).as_bytes())?;
        match fs::hard_link(&draft, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }
    });
    // A draft left behind is private and never read.
    let _ = fs::remove_file(&draft);
    made.map_err(|source| DevKeyError::File { path: path.to_owned(), what: "made", source })
}

fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/headway/dev.key");
        (dir, path)
    }

    #[test]
    fn many_at_once_get_one_private_key() {
        let (dir, path) = place();
        let keys: Vec<DevKey> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| load_or_create_at(&path).unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| key.bytes() == keys[0].bytes()));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no draft is left in {dir:?}");
    }

    #[test]
    fn an_exposed_or_damaged_key_is_refused() {
        let (_dir, path) = place();
        load_or_create_at(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(load_or_create_at(&path), Err(DevKeyError::Exposed { mode: 0o640, .. })));
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "c2hvcnQ=\n").unwrap();
        assert!(matches!(load_or_create_at(&path), Err(DevKeyError::Damaged { .. })));
    }

    #[test]
    fn a_token_holds_what_a_local_server_checks() {
        let (_dir, path) = place();
        let key = load_or_create_at(&path).unwrap();
        let token = key.token("u-17", &["jobs:read".into(), "jobs:write".into()], TimeDelta::hours(1), Utc::now()).unwrap();
        let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::HS256);
        rules.set_audience(&[AUDIENCE]);
        rules.set_issuer(&[ISSUER]);
        let checked: jsonwebtoken::TokenData<serde_json::Value> =
            jsonwebtoken::decode(&token.text, &jsonwebtoken::DecodingKey::from_secret(key.bytes()), &rules).unwrap();
        assert_eq!(checked.claims["sub"], "u-17");
        assert_eq!(checked.claims["scope"], "jobs:read jobs:write");
        assert_eq!(checked.claims["exp"], token.expires_at.timestamp());
    }
}
