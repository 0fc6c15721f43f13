//! The suite's files.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::value::RawValue;

/// A schema and items for it.
#[derive(Deserialize)]
pub(crate) struct Group {
    #[serde(skip)]
    file: String,
    description: String,
    pub(crate) schema: Box<RawValue>,
    #[serde(rename = "tests")]
    pub(crate) cases: Vec<Case>,
}

/// An item, and whether it fits.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) description: String,
    pub(crate) data: Box<RawValue>,
    pub(crate) valid: bool,
}

impl Group {
    pub(crate) fn name(&self) -> String {
        format!("{}: {}", self.file, self.description)
    }
}

/// All of them, by file.
pub(crate) fn groups() -> Vec<Group> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/json-schema-test-suite/draft2020-12");
    let mut files = files_in(&root);
    files.sort();
    files.iter().flat_map(|file| groups_of(&root, file)).collect()
}

fn files_in(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_in(&path) } else { vec![path] }).collect()
}

fn groups_of(root: &Path, file: &Path) -> Vec<Group> {
    let mut groups: Vec<Group> = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let name = file.strip_prefix(root).unwrap().with_extension("");
    groups.iter_mut().for_each(|group| group.file = name.display().to_string());
    groups
}
