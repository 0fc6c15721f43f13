//! The development key: a random secret in a file that only its owner can read. It signs and checks tokens on a
//! developer's machine. A local server and a client beside it share the file, so no login is needed. Refused on Lambda.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, encode};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::error::{AuthError, DevelopmentKeyError};
use super::rules::{check_times, checked, rules};

/// The `iss` of development tokens.
pub const ISSUER: &str = "headway-dev";
/// The `aud` of development tokens.
pub const AUDIENCE: &str = "headway";
const KEY_BYTES: usize = 32;

/// Signs and checks development tokens.
#[derive(Clone)]
pub struct DevelopmentKey([u8; KEY_BYTES]);

/// A token, and when it expires.
#[derive(Debug, Clone)]
pub struct DevelopmentToken {
    /// The JWT.
    pub text: String,
    /// The claim `exp`.
    pub expires_at: DateTime<Utc>,
}

impl DevelopmentKey {
    /// A key with these bytes.
    pub const fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The key in the file that [`path_from_env`] names; the file is created if it does not exist.
    ///
    /// # Errors
    ///
    /// [`DevelopmentKeyError`], which says what to do.
    pub fn from_env(env: &dyn Fn(&str) -> Option<String>) -> Result<Self, DevelopmentKeyError> {
        Self::load_or_create(&path_from_env(env)?)
    }

    /// The key in `path`, mode 0600; the file is created if it does not exist. Processes that start at the same time
    /// get the same key.
    ///
    /// # Errors
    ///
    /// [`DevelopmentKeyError`], which says what to do.
    pub fn load_or_create(path: &Path) -> Result<Self, DevelopmentKeyError> {
        match Self::load(path) {
            Err(DevelopmentKeyError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                create(path).map_err(|source| DevelopmentKeyError::File { path: path.to_owned(), what: "made", source })?;
                Self::load(path)
            }
            loaded => loaded,
        }
    }

    fn load(path: &Path) -> Result<Self, DevelopmentKeyError> {
        let failed = |source| DevelopmentKeyError::File { path: path.to_owned(), what: "read", source };
        let mut file = File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(DevelopmentKeyError::Exposed { path: path.to_owned(), mode });
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed)?;
        let bytes = BASE64.decode(text.trim_ascii()).ok().and_then(|bytes| bytes.try_into().ok());
        Ok(Self(bytes.ok_or_else(|| DevelopmentKeyError::Damaged { path: path.to_owned() })?))
    }

    /// A token for `subject` that allows `scopes`. It is valid from `now` for `ttl`, or until the latest possible time
    /// if `ttl` is longer.
    ///
    /// # Errors
    ///
    /// If it cannot be signed.
    pub fn token(
        &self,
        subject: &str,
        scopes: &[String],
        now: DateTime<Utc>,
        ttl: TimeDelta,
    ) -> Result<DevelopmentToken, DevelopmentKeyError> {
        let expires_at = now.checked_add_signed(ttl).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": subject, "scope": scopes.join(" "),
            "iat": now.timestamp(), "nbf": now.timestamp(), "exp": expires_at.timestamp(),
        });
        let text = encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(&self.0))?;
        Ok(DevelopmentToken { text, expires_at })
    }

    /// The claims of a token that this key signed and that is valid now.
    pub(super) fn check(&self, token: &str, now: DateTime<Utc>) -> Result<Map<String, Value>, AuthError> {
        let rules = rules(Algorithm::HS256, &[ISSUER], &[AUDIENCE]);
        let payload = checked(token, &DecodingKey::from_secret(&self.0), &rules)?;
        check_times(&payload, now)?;
        Ok(payload)
    }
}

/// The path of the development key: `$XDG_STATE_HOME/headway/dev.key`, by default `~/.local/state/headway/dev.key`.
///
/// # Errors
///
/// [`DevelopmentKeyError::NoPlace`] if neither `XDG_STATE_HOME` (absolute) nor `HOME` is set.
pub fn path_from_env(env: &dyn Fn(&str) -> Option<String>) -> Result<PathBuf, DevelopmentKeyError> {
    let absolute = |name| env(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")));
    Ok(state.ok_or(DevelopmentKeyError::NoPlace)?.join("headway/dev.key"))
}

/// Creates the complete file in one step. If another process was faster, its key is kept.
fn create(path: &Path) -> io::Result<()> {
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    if let Some(directory) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    let draft = path.with_extension(Uuid::new_v4().simple().to_string());
    let written = write_private(&draft, format!("{}\n", BASE64.encode(bytes)).as_bytes());
    let linked = written.and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    // A draft that is left behind is private and is never read.
    let _ = fs::remove_file(&draft);
    linked
}

/// The mode is set again, since the umask may have taken away the owner's own rights.
fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(content)?;
    file.sync_all()
}

impl fmt::Debug for DevelopmentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DevelopmentKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state/headway/dev.key");
        (directory, path)
    }

    /// `serve` and `token` are two processes: they must find the same key, and nobody else may.
    #[test]
    fn concurrent_processes_get_one_private_key() {
        let (_directory, path) = place();
        let now = Utc::now();
        let keys: Vec<DevelopmentKey> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| DevelopmentKey::load_or_create(&path).unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let token = keys[0].token("u", &[], now, TimeDelta::hours(1)).unwrap().text;
        assert!(keys.iter().all(|key| key.check(&token, now).is_ok()));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no draft stays behind");
    }

    /// A file that others could read, or that another program wrote, must not be used as a key: it could be known or
    /// guessed.
    #[test]
    fn an_exposed_or_damaged_key_is_refused() {
        let (_directory, path) = place();
        DevelopmentKey::load_or_create(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let error = DevelopmentKey::load_or_create(&path).unwrap_err();
        assert!(
            matches!(error, DevelopmentKeyError::Exposed { mode: 0o640, .. })
                && error.to_string().contains("(mode 640): run chmod 600 on it")
        );
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        for content in ["", "c2hvcnQ=\n"] {
            fs::write(&path, content).unwrap();
            let error = DevelopmentKey::load_or_create(&path).unwrap_err();
            assert!(matches!(error, DevelopmentKeyError::Damaged { .. }) && error.to_string().contains("remove it"));
        }
    }

    /// Other programs may read a token too, so its claims have the usual names and forms of a JWT.
    #[test]
    fn a_token_contains_the_given_claims() {
        let (key, now) = (DevelopmentKey::new([7; KEY_BYTES]), Utc::now());
        let scopes = ["jobs:read".to_owned(), "jobs:write".to_owned()];
        let token = key.token("u-17", &scopes, now, TimeDelta::hours(1)).unwrap();
        let claims = key.check(&token.text, now).unwrap();
        assert_eq!((&claims["sub"], &claims["scope"]), (&json!("u-17"), &json!("jobs:read jobs:write")));
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!(ISSUER), &json!(AUDIENCE)));
        assert_eq!(claims["exp"], token.expires_at.timestamp());
        assert_eq!(token.expires_at, now + TimeDelta::hours(1));
        let ever = key.token("u-17", &scopes, now, TimeDelta::MAX).unwrap();
        assert_eq!(ever.expires_at, DateTime::<Utc>::MAX_UTC);
    }
}
