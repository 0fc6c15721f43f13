//! The files of a project, compiled into this command from the examples and the repository's own template.

use super::language::Language;

/// A file of a project, as the repository has it.
#[derive(Debug)]
pub(super) struct File {
    /// Where it is in the project.
    pub(super) path: &'static str,
    /// Its text, before name and source are put in.
    pub(super) text: &'static str,
}

macro_rules! file {
    ($folder:literal, $path:literal) => {
        File { path: $path, text: include_str!(concat!("../../../../examples/new/", $folder, "/", $path)) }
    };
    ($path:literal) => {
        File { path: $path, text: include_str!(concat!("../../../../", $path)) }
    };
}

/// Of every project.
const COMMON: &[File] = &[
    file!("common", ".github/workflows/test.yml"),
    file!("common", "contacts.csv"),
    file!("common", "headway.mk"),
    file!("common", "tools/demo.sh"),
];

/// A worker's compiler, its template and how it is deployed are Headway's own.
const RUST: &[File] = &[
    file!("rust", ".cargo/config.toml"),
    file!("rust", ".gitignore"),
    file!("rust", "Cargo.toml"),
    file!("rust", "Makefile"),
    file!("rust", "README.md"),
    file!("rust", "src/contacts.rs"),
    file!("rust", "src/main.rs"),
    file!("rust-toolchain.toml"),
    file!("template.yaml"),
    file!("tools/deploy.sh"),
];

/// Of every project whose processor is a function.
const FUNCTION: &[File] = &[
    file!("function", "params.json"),
    file!("function", "params.lambda.json"),
    file!("function", "tools/deploy.sh"),
    file!("function", "tools/with-endpoint.sh"),
];

const PYTHON: &[File] = &[
    file!("python", ".gitignore"),
    file!("python", "Makefile"),
    file!("python", "README.md"),
    file!("python", "processor.py"),
    file!("python", "requirements-test.txt"),
    file!("python", "requirements.txt"),
    file!("python", "template.yaml"),
    file!("python", "test_processor.py"),
];

const NODE: &[File] = &[
    file!("node", ".gitignore"),
    file!("node", "Makefile"),
    file!("node", "README.md"),
    file!("node", "package.json"),
    file!("node", "processor.mjs"),
    file!("node", "processor.test.mjs"),
    file!("node", "template.yaml"),
];

/// All files of a project in this language.
pub(super) fn of(language: Language) -> impl Iterator<Item = &'static File> {
    let groups: &[&[File]] = match language {
        Language::Rust => &[COMMON, RUST],
        Language::Python => &[COMMON, FUNCTION, PYTHON],
        Language::Node => &[COMMON, FUNCTION, NODE],
    };
    groups.iter().copied().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::*;

    fn below(folder: &Path, found: &mut BTreeSet<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { below(&path, found) } else { assert!(found.insert(path)) }
        }
    }

    /// Every file of the examples is written by `headway new`, except what running them in place has left.
    #[test]
    fn no_file_of_the_examples_is_forgotten() {
        for (folder, files) in [("common", COMMON), ("rust", &RUST[..7]), ("function", FUNCTION), ("python", PYTHON), ("node", NODE)] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/new").join(folder);
            let mut there = BTreeSet::new();
            below(&folder, &mut there);
            let listed: BTreeSet<PathBuf> = files.iter().map(|file| folder.join(file.path)).collect();
            assert_eq!(there, listed);
        }
    }
}
