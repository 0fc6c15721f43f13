//! The structure of the code: inside a crate no two modules import each other, not even indirectly.
//!
//! A circle means that a type is in the file of the code that uses it: move the type into a file of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on says where by panicking")]

mod circles;
mod doors;
mod imports;
mod modules;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use circles::circles;
use doors::{round_the_doors, unused};
use imports::imports;
use modules::{Module, Modules};

/// Bug found: a type was in the file of the code that uses it, so that the two files, and all between them, could only
/// be understood and moved together.
#[test]
fn no_modules_of_a_crate_import_each_other() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut found = Vec::new();
    for package in packages(workspace) {
        for root in roots(&package) {
            found.extend(circles_below(&root));
        }
    }
    assert!(found.is_empty(), "modules import each other in circles:\n{}", found.join("\n"));
}

/// Bug found: a job ended without what has to follow every end, or a row was written without the repository.
#[test]
fn jobs_end_and_rows_change_through_one_door() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let modules = Modules::read(&workspace.join("shared/src/lib.rs"));
    let found: Vec<String> = modules.all().flat_map(round_the_doors).collect();
    assert!(found.is_empty(), "call crate::end::end, or the repository:\n{}", found.join("\n"));
    assert_eq!(unused(&modules.all().collect::<Vec<_>>()), [""; 0], "no door has these words any more");
}

/// What is tested, the files of an invented crate, and those of them that are in a circle.
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);

/// Bug found: the test found nothing because it read the code differently than the compiler.
#[test]
fn imports_are_found_however_they_are_written() {
    let cases: &[Case] = &[
        (
            "two that import each other",
            &[("lib", "mod a; mod b;"), ("a", "use crate::b::B; pub struct A(B);"), ("b", "use crate::a::A; pub struct B(A);")],
            &["a", "b"],
        ),
        ("a line is no circle", &[("lib", "mod a; mod b;"), ("a", "use crate::b::B;"), ("b", "pub struct B;")], &[]),
        (
            "a module is imported, its items are used",
            &[("lib", "mod a; mod b;"), ("a", "use crate::b; fn f() { b::g() }"), ("b", "use super::a::f;")],
            &["a", "b"],
        ),
        (
            "a path within code",
            &[("lib", "mod a; mod b;"), ("a", "fn f() { crate::b::g() }"), ("b", "fn g() { debug!(x = super::a::f()) }")],
            &["a", "b"],
        ),
        (
            "through a re-export at the root",
            &[("lib", "mod a; mod b; pub use a::A;"), ("a", "use crate::b::B;"), ("b", "use crate::A;")],
            &["a", "b"],
        ),
        (
            "tests may import what they test",
            &[("lib", "mod a; mod b;"), ("a", "#[cfg(test)] mod tests { use crate::b::B; }"), ("b", "use crate::a::A;")],
            &[],
        ),
        ("a parent names its child", &[("lib", "mod a;"), ("a", "mod c; pub struct A;"), ("a/c", "use super::A;")], &[]),
        (
            "a parent re-exports its child's",
            &[("lib", "mod a;"), ("a", "mod c; pub use c::C; pub struct A;"), ("a/c", "use super::A; pub struct C;")],
            &[],
        ),
        (
            "a parent uses what it re-exports",
            &[("lib", "mod a;"), ("a", "mod c; pub use c::C; pub struct A(C);"), ("a/c", "use super::A; pub struct C;")],
            &["a", "a/c"],
        ),
        (
            "a parent uses its child's",
            &[("lib", "mod a;"), ("a", "mod c; pub struct A; fn f() { c::g() }"), ("a/c", "use super::A;")],
            &["a", "a/c"],
        ),
        (
            "three in a circle",
            &[
                ("lib", "mod a; mod b; mod d;"),
                ("a", "use crate::b::B;"),
                ("b", "use crate::d::{self, D};"),
                ("d", "use crate::{a::A as Other};"),
            ],
            &["a", "b", "d"],
        ),
        ("grouped and renamed", &[("lib", "mod a; mod b;"), ("a", "use crate::{b::{B as C, D}};"), ("b", "use crate::a::*;")], &["a", "b"]),
    ];
    for (case, files, expected) in cases {
        let modules = Modules::of_texts(files);
        let found: Vec<String> = circles(&graph(&modules)).into_iter().flatten().map(|file| file.display().to_string()).collect();
        assert_eq!(found, *expected, "{case}");
    }
}

fn circles_below(root: &Path) -> Vec<String> {
    let modules = Modules::read(root);
    let names = |circle: Vec<PathBuf>| circle.iter().map(|file| format!("    {}\n", file.display())).collect::<String>();
    circles(&graph(&modules)).into_iter().map(names).collect()
}

fn graph(modules: &Modules) -> BTreeMap<PathBuf, Vec<PathBuf>> {
    let edges = |module: &Module| (module.file.clone(), imports(modules, module));
    modules.all().map(edges).collect()
}

/// The packages of the workspace that are product or examples.
fn packages(workspace: &Path) -> Vec<PathBuf> {
    let below = |dir: &str| std::fs::read_dir(workspace.join(dir)).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let mut packages: Vec<PathBuf> = [vec![workspace.join("shared")], below("shared"), below("functions"), below("examples")].concat();
    packages.retain(|package| package.join("src").is_dir());
    packages.sort();
    packages
}

/// The roots of a package's library and binaries.
fn roots(package: &Path) -> Vec<PathBuf> {
    let mut roots: Vec<PathBuf> =
        ["src/lib.rs", "src/main.rs"].iter().map(|root| package.join(root)).filter(|root| root.is_file()).collect();
    if let Ok(binaries) = std::fs::read_dir(package.join("src/bin")) {
        roots.extend(binaries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()));
    }
    roots
}
