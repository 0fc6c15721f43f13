//! Finds the places of a bug's texts in the sources, where each occurs exactly once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::bug::Bug;
use super::switches::{Bodies, switch};

/// Where bugs are planted, in the workspace and in its copy.
const SOURCES: [&str; 3] = ["shared/src", "shared/aws/src", "shared/processor/src"];
/// The main files of their crates.
const CRATES: [&str; 3] = ["shared/src/lib.rs", "shared/aws/src/lib.rs", "shared/processor/src/lib.rs"];
/// Production's adapters: only histories that use them can show a bug there.
const ADAPTERS: [&str; 1] = ["shared/aws/src"];

/// The source files, with their text.
pub(crate) struct Sources(Vec<(PathBuf, String)>);

impl Sources {
    pub(crate) fn read(root: &Path) -> Self {
        let mut files = Vec::new();
        SOURCES.iter().for_each(|dir| collect(root, Path::new(dir), &mut files));
        Self(files)
    }

    /// The files of the bug's edits, relative to the workspace, in the order of the edits; or what is wrong.
    pub(crate) fn places(&self, bug: &Bug) -> Result<Vec<&Path>, String> {
        bug.edits.iter().map(|edit| self.place(edit.find).map_err(|fault| format!("{}: {fault}", bug.name))).collect()
    }

    /// True if only histories with production's adapters can show the bug.
    pub(crate) fn is_of_adapters(&self, bug: &Bug) -> bool {
        let is_adapter = |place: &&Path| ADAPTERS.iter().any(|room| place.with_extension("").starts_with(room));
        self.places(bug).is_ok_and(|places| places.iter().any(is_adapter))
    }

    /// The files that are different if all these bugs are in them, each behind its switch; or which bug cannot be there, and why.
    pub(crate) fn switched<'a>(&self, bugs: impl Iterator<Item = &'a Bug>) -> Result<BTreeMap<PathBuf, String>, String> {
        let mut bodies: BTreeMap<&Path, Bodies> = BTreeMap::new();
        for bug in bugs {
            for (edit, place) in bug.edits.iter().zip(self.places(bug)?) {
                let added = bodies.entry(place).or_default().add(self.code(place), bug, edit);
                added.map_err(|fault| format!("{}: in {}: {fault}", bug.name, place.display()))?;
            }
        }
        let mut files: BTreeMap<PathBuf, String> =
            bodies.into_iter().map(|(path, bodies)| (path.to_owned(), bodies.switched(self.code(path)))).collect();
        for main in CRATES.map(Path::new) {
            files.entry(main.to_owned()).or_insert_with(|| self.code(main).to_owned()).push_str(&switch());
        }
        Ok(files)
    }

    fn code(&self, path: &Path) -> &str {
        self.0.iter().find(|(known, _)| known == path).map_or("", |(_, code)| code)
    }

    fn place(&self, text: &str) -> Result<&Path, String> {
        let found: Vec<_> = self.0.iter().flat_map(|(path, code)| code.matches(text).map(move |_| path.as_path())).collect();
        match found[..] {
            [place] => Ok(place),
            [] => Err(format!("nowhere in {SOURCES:?} is:\n{text}\n")),
            _ => Err(format!("more than once, in {found:?}, there is:\n{text}\n")),
        }
    }
}

fn collect(root: &Path, dir: &Path, files: &mut Vec<(PathBuf, String)>) {
    let mut names: Vec<_> = fs::read_dir(root.join(dir)).unwrap().map(|entry| dir.join(entry.unwrap().file_name())).collect();
    names.sort();
    for path in names {
        if root.join(&path).is_dir() {
            collect(root, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let code = fs::read_to_string(root.join(&path)).unwrap();
            files.push((path, code));
        }
    }
}
