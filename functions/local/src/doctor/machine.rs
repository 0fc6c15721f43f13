//! This machine: the directory where `serve` keeps its data, and the key that signs its tokens.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use headway_api::auth::hs256::{self, DevelopmentKey};
use headway_core::config;

use super::Check;

const DATA: &str = "data directory";
const KEY: &str = "development key";

/// Checks both.
pub fn look() -> Vec<Check> {
    match hs256::path_from_env(&config::optional) {
        Ok(key) => vec![data(&key.with_file_name("data")), development_key(&key)],
        Err(error) => vec![Check::bad(KEY, error.to_string(), "set HOME or XDG_STATE_HOME to a directory of yours")],
    }
}

/// Checks that the directory can be written, or created.
fn data(directory: &Path) -> Check {
    let shown = directory.display();
    let fix = || format!("make {shown} writable for you (chown, chmod u+rwx), or choose another with headway serve --data DIR");
    let Some((there, made)) = nearest(directory) else { return Check::bad(DATA, format!("{shown} cannot be created"), fix()) };
    if !there.is_dir() {
        return Check::bad(DATA, format!("{} is not a directory", there.display()), fix());
    }
    // Writing a temporary file is the only reliable check: permissions, read-only disks and quotas all count. The file
    // has no name.
    match tempfile::tempfile_in(&there) {
        Ok(_) if made => Check::good(DATA, format!("{shown} can be written")),
        Ok(_) => Check::good(DATA, format!("{shown} is created when it is first needed")),
        Err(error) => Check::bad(DATA, format!("{} cannot be written: {error}", there.display()), fix()),
    }
}

/// The path itself, or the nearest directory above it that exists; and whether it is the path itself.
fn nearest(path: &Path) -> Option<(PathBuf, bool)> {
    path.ancestors().find(|above| above.exists()).map(|there| (there.to_owned(), there == path))
}

/// Checks that nobody else can read the key.
fn development_key(path: &Path) -> Check {
    let shown = path.display();
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Check::good(KEY, format!("{shown} is created when it is first needed"));
        }
        _ => {}
    }
    match DevelopmentKey::load_or_create(path) {
        Ok(_) => Check::good(KEY, format!("{shown} can be read by you only")),
        Err(error) => {
            Check::bad(KEY, headway_core::error_chain(&error), format!("run chmod 600 {shown}, or remove it and a new one is created"))
        }
    }
}
