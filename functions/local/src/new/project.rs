//! Writing a project: its files with name and source put in, into a directory of its own. Nothing is ever overwritten.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::{Path, PathBuf};

use super::files::{self, File};
use super::language::Language;
use super::name::Name;
use super::source::Source;

/// The name in the examples.
const NAME: &str = "my-jobs";
/// Headway's source in the examples: they are in a checkout.
const SOURCE: &str = "../../..";
/// The link to Headway's source, or the clone that `make` creates.
const LINK: &str = ".headway-source";
/// Where the worker's program is in Headway's own template.
const WORKER: &str = "target/lambda/worker/";

/// Why no project was written.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// Something is there.
    #[error("{0} exists and is not an empty directory: nothing was written. Give another directory")]
    Exists(PathBuf),
    /// It cannot be written. What had been written was removed.
    #[error("{path} cannot be written")]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// Writes a project into `directory`, which must not exist or be empty, and returns what was created. If that fails, what was
/// created is removed again.
///
/// # Errors
///
/// [`ProjectError`].
pub fn write(directory: &Path, language: Language, name: &Name, source: &Source) -> Result<Vec<PathBuf>, ProjectError> {
    let made = make_empty(directory)?;
    let mut created = Vec::new();
    let written = write_all(directory, language, name, source, &mut created);
    if written.is_err() {
        remove(directory, &created, made);
    }
    written?;
    created.sort();
    Ok(created)
}

/// Creates the directory unless it exists and is empty. True if it was created.
fn make_empty(directory: &Path) -> Result<bool, ProjectError> {
    let failed = |source| ProjectError::Write { path: directory.to_owned(), source };
    if let Some(parent) = directory.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    match fs::create_dir(directory) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists || directory.is_dir() => {
            let is_empty = fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_none());
            if is_empty { Ok(false) } else { Err(ProjectError::Exists(directory.to_owned())) }
        }
        Err(error) => Err(failed(error)),
    }
}

fn write_all(directory: &Path, language: Language, name: &Name, source: &Source, created: &mut Vec<PathBuf>) -> Result<(), ProjectError> {
    for file in files::of(language) {
        let path = directory.join(file.path);
        let failed = |source| ProjectError::Write { path: path.clone(), source };
        path.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
        write_new(&path, text(file, name, source).as_bytes()).map_err(failed)?;
        created.push(path);
    }
    let Source::Checkout(checkout) = source else { return Ok(()) };
    let link = directory.join(LINK);
    symlink(checkout, &link).map_err(|source| ProjectError::Write { path: link.clone(), source })?;
    created.push(link);
    if language == Language::Rust {
        // The versions with which Headway was tested. Cargo removes what the project does not need.
        let path = directory.join("Cargo.lock");
        let lock = fs::read(checkout.join("Cargo.lock")).and_then(|lock| write_new(&path, &lock));
        lock.map_err(|source| ProjectError::Write { path: path.clone(), source })?;
        created.push(path);
    }
    Ok(())
}

/// Writes a file that does not exist yet. Scripts can be executed.
fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    let mode = if text.starts_with(b"#!") { 0o777 } else { 0o666 };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text).inspect_err(|_| drop(fs::remove_file(path)))
}

/// Removes what was created, and the directories that are empty then. What cannot be removed is left: the caller has an error to
/// report already.
fn remove(directory: &Path, created: &[PathBuf], made: bool) {
    for path in created {
        let _ = fs::remove_file(path);
        let inside = path.ancestors().skip(1).take_while(|folder| *folder != directory);
        inside.take_while(|folder| fs::remove_dir(folder).is_ok()).for_each(drop);
    }
    if made {
        let _ = fs::remove_dir(directory);
    }
}

/// The file's text for this project. The name comes first: the source's path may contain the one of the examples.
fn text(file: &File, name: &Name, source: &Source) -> String {
    let worker = format!("target/lambda/{name}/");
    let text = file.text.replace(WORKER, &worker).replace(NAME, name.as_str());
    let source = source.to_string();
    let quoted = match Path::new(file.path).extension().and_then(|extension| extension.to_str()) {
        Some("mk") => source.replace('$', "$$").replace('#', "\\#"),
        // Within the quotes of YAML.
        Some("yml") => source.replace('\\', "\\\\").replace('"', "\\\""),
        _ => source,
    };
    text.replace(SOURCE, &quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples with another name and source: neither of the repository's is left, and nothing else changes.
    #[test]
    fn name_and_source_are_put_in_everywhere() {
        let name = Name::of(Path::new("crm-sync")).unwrap();
        let source = Source::Git("https://git.example.com/my-jobs/$x#y\"z.git".to_owned());
        for language in [Language::Rust, Language::Python, Language::Node] {
            for file in files::of(language) {
                let written = text(file, &name, &source);
                assert!(!written.contains(SOURCE) && !written.contains(WORKER), "{}", file.path);
                assert_eq!(written.lines().count(), file.text.lines().count(), "{}", file.path);
            }
        }
        let written = |path: &str| {
            let file = files::of(Language::Rust).find(|file| file.path == path).unwrap();
            text(file, &name, &source)
        };
        assert!(written("Cargo.toml").contains("name = \"crm-sync\""));
        assert!(written("template.yaml").contains("CodeUri: target/lambda/crm-sync/"));
        assert!(written("headway.mk").contains("HEADWAY_SOURCE ?= https://git.example.com/my-jobs/$$x\\#y\"z.git\n"));
        assert!(written(".github/workflows/test.yml").contains("HEADWAY_SOURCE: \"https://git.example.com/my-jobs/$x#y\\\"z.git\"\n"));
    }

    /// A file that cannot be written leaves nothing of the project behind.
    #[test]
    fn a_project_is_written_whole_or_not_at_all() {
        let home = tempfile::tempdir().unwrap();
        let name = Name::of(Path::new("crm-sync")).unwrap();
        let gone = Source::Checkout(home.path().join("gone"));
        for (directory, left) in [("new", false), ("empty", true)] {
            let directory = home.path().join(directory);
            if left {
                fs::create_dir(&directory).unwrap();
            }
            let failed = write(&directory, Language::Rust, &name, &gone);
            assert!(matches!(&failed, Err(ProjectError::Write { path, .. }) if path.ends_with("Cargo.lock")), "{failed:?}");
            assert_eq!(directory.exists(), left);
            assert!(!left || fs::read_dir(&directory).unwrap().next().is_none());
        }
    }
}
