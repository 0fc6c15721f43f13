//! Plants one bug at a time in a copy of the workspace, builds the simulation there and runs it until an invariant is
//! violated. The copy has a target directory of its own: in the workspace's, Cargo would mix up the two builds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use super::bug::Bug;
use super::places::Sources;

/// Most bugs are caught within this many histories, which take less time than building an optimized simulation.
const QUICK_HISTORIES: u64 = 3_000;
/// How many histories a bug may survive.
const HISTORIES_MAX: u64 = 100_000;
/// The same with the adapters, where a history takes much longer.
const HISTORIES_THROUGH_ADAPTERS_MAX: u64 = 2_000;
/// What is copied of the workspace.
const COPIED: [&str; 9] =
    ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "template.yaml", "shared", "functions", "tests", "tools", "examples"];

/// Histories over the ports need few crates, and are optimized only for many.
const PORTS: [&str; 2] = ["-p", "headway-simulation"];
const PORTS_OPTIMIZED: [&str; 4] = ["-p", "headway-simulation", "--profile", "sim"];
const ADAPTERS: [&str; 3] = ["--workspace", "--features", "embedded"];

/// The result for one bug.
enum Outcome {
    Caught {
        invariant: String,
        histories: u64,
    },
    Survived,
    /// The simulation could not be built, or printed something unexpected.
    Unclear(String),
}

/// Plants each in turn and prints the result. Returns the names of those that were not caught.
pub(crate) fn run(root: &Path, bugs: &[&Bug]) -> Vec<&'static str> {
    let copy = root.join("target/planted/workspace");
    println!("in {}, where everything is built the first time", copy.display());
    COPIED.iter().for_each(|name| mirror(&root.join(name), &copy.join(name)));
    println!("{:<44} {:<26} {:>9} {:>8}", "planted", "violates", "histories", "seconds");
    let sources = Sources::read(&copy);
    let mut survivors = Vec::new();
    for bug in bugs {
        let began = Instant::now();
        let originals = plant(&copy, &sources, bug);
        let (test, most, crates) = match sources.is_of_adapters(bug) {
            false => ("no_history_breaks_an_invariant", HISTORIES_MAX, &PORTS[..]),
            true => ("no_history_breaks_an_invariant_through_the_adapters", HISTORIES_THROUGH_ADAPTERS_MAX, &ADAPTERS[..]),
        };
        let outcome = match simulate(&copy, test, most.min(QUICK_HISTORIES), crates) {
            Outcome::Survived if most > QUICK_HISTORIES => simulate(&copy, test, most, &PORTS_OPTIMIZED),
            outcome => outcome,
        };
        originals.into_iter().for_each(|(path, code)| fs::write(path, code).unwrap());
        let seconds = began.elapsed().as_secs();
        match &outcome {
            Outcome::Caught { invariant, histories } => println!("{:<44} {invariant:<26} {histories:>9} {seconds:>8}", bug.name),
            Outcome::Survived => {
                println!("{:<44} {:<26} {most:>9} {seconds:>8}\n    {} ({})", bug.name, "SURVIVED", bug.breaks, bug.trap)
            }
            Outcome::Unclear(output) => println!("{:<44} {:<26} {:>9} {seconds:>8}\n{output}", bug.name, "UNCLEAR", ""),
        }
        if !matches!(outcome, Outcome::Caught { .. }) {
            survivors.push(bug.name);
        }
    }
    survivors
}

/// Makes `to` equal to `from`, changing only what differs, so that little is built again.
fn mirror(from: &Path, to: &Path) {
    if from.is_file() {
        let code = fs::read(from).unwrap();
        if fs::read(to).ok().as_ref() != Some(&code) {
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(to, code).unwrap();
        }
        return;
    }
    fs::create_dir_all(to).unwrap();
    let names = |dir: &Path| fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    let here = names(from);
    for gone in names(to).into_iter().filter(|name| !here.contains(name)) {
        let path = to.join(gone);
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }
    here.iter().filter(|name| *name != "__pycache__").for_each(|name| mirror(&from.join(name), &to.join(name)));
}

/// Makes the bug's edits. Returns the original texts.
fn plant(copy: &Path, sources: &Sources, bug: &Bug) -> Vec<(PathBuf, String)> {
    let mut originals: Vec<(PathBuf, String)> = Vec::new();
    let places = sources.places(bug).unwrap_or_else(|fault| panic!("{fault}"));
    for (edit, place) in bug.edits.iter().zip(places) {
        let path = copy.join(place);
        let code = fs::read_to_string(&path).unwrap();
        assert_eq!(code.matches(edit.find).count(), 1, "{}: {}", bug.name, edit.find);
        fs::write(&path, code.replacen(edit.find, edit.replace, 1)).unwrap();
        if originals.iter().all(|(known, _)| *known != path) {
            originals.push((path, code));
        }
    }
    originals
}

fn simulate(copy: &Path, test: &str, most: u64, crates: &[&str]) -> Outcome {
    let output = Command::new(env!("CARGO"))
        .current_dir(copy)
        .arg("test")
        .args(crates)
        .args(["--locked", "--offline", "--test", "simulation"])
        .args(["--", "--exact", test, "--nocapture"])
        .env("CARGO_TARGET_DIR", copy.with_file_name("target"))
        .env("HEADWAY_SIM_HISTORIES", most.to_string())
        .env_remove("SEED")
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let between = |before: &str, after: &str| Some(said.split_once(before)?.1.split_once(after)?.0.to_owned());
    if let (Some(invariant), Some(histories)) = (between(", violates ", ":"), between(", after ", " histories")) {
        return Outcome::Caught { invariant, histories: histories.parse().unwrap_or_default() };
    }
    match said.contains("without a violation") {
        true => Outcome::Survived,
        false => Outcome::Unclear(
            said.lines().filter(|line| line.starts_with("error") || line.contains("panicked")).collect::<Vec<_>>().join("\n"),
        ),
    }
}
