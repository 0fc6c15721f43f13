//! Planted bugs: broken variants of the code, each of which the simulation has to catch. A bug that it cannot catch
//! shows what it does not test. `make planted` builds all of them into one simulation, each behind a switch, and runs it once
//! for each; `PLANTED=name,name` only for those.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on says where by panicking")]

mod bug;
mod bugs;
mod places;
mod runner;
mod switches;

use std::collections::BTreeSet;
use std::path::Path;

use bug::Bug;
use bugs::bugs;
use places::Sources;

/// The workspace.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")
}

/// Every bug can still be planted: the text that it replaces exists exactly once, in the body of a function. If the code changes, its
/// bugs have to be changed too.
#[test]
fn every_bug_can_be_planted() {
    let sources = Sources::read(root());
    let misplaced: Vec<String> = bugs().filter_map(|bug| sources.places(bug).err()).collect();
    assert!(misplaced.is_empty(), "{}", misplaced.join("\n"));
    let unswitched: Vec<String> = bugs().filter_map(|bug| sources.switched([bug].into_iter()).err()).collect();
    assert!(unswitched.is_empty(), "{}", unswitched.join("\n"));
    sources.switched(bugs()).unwrap();
    for Bug { name, edits, .. } in bugs() {
        assert!(edits.iter().all(|edit| edit.find != edit.replace), "{name}");
    }
    let names: BTreeSet<_> = bugs().map(|bug| bug.name).collect();
    assert_eq!(names.len(), bugs().count(), "two bugs have the same name");
}

/// The simulation catches every one of them.
#[test]
#[ignore = "simulates thousands of histories for each bug: make planted"]
fn every_planted_bug_is_caught() {
    let wanted = std::env::var("PLANTED").ok().filter(|name| !name.is_empty());
    let known: Vec<_> = bugs().map(|bug| bug.name).collect();
    let wanted: Vec<&str> = wanted.as_deref().map_or_else(|| known.clone(), |names| names.split(',').collect());
    let unknown: Vec<_> = wanted.iter().filter(|name| !known.contains(name)).collect();
    assert!(unknown.is_empty(), "no bug is named {unknown:?}; there are {known:?}");
    let wanted: Vec<_> = bugs().filter(|bug| wanted.contains(&bug.name)).collect();
    let survivors = runner::run(root(), &wanted);
    assert!(survivors.is_empty(), "not caught: {survivors:?}");
}
