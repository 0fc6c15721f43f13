//! Plants all bugs in a copy of the workspace, each behind a switch, builds the simulation there, and runs it with one bug after the
//! other until an invariant is violated. The copy has a target directory of its own: in the workspace's, Cargo would mix up the two
//! builds.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde_json::Value;

use super::bug::Bug;
use super::bugs::bugs;
use super::places::Sources;
use super::switches::{SWITCH, reached};

/// What is copied of the workspace.
const COPIED: [&str; 9] =
    ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "template.yaml", "shared", "functions", "tests", "tools", "examples"];

/// The simulation with all bugs in it.
struct Simulation {
    test: &'static str,
    /// How it is built.
    cargo: &'static [&'static str],
    /// So many histories without any bug show that the switches alone change nothing.
    histories_without: u64,
    /// How many histories a bug may survive.
    histories_max: u64,
}

/// Over the ports: few crates, and thousands of histories in a second.
const PORTS: Simulation = Simulation {
    test: "no_history_breaks_an_invariant",
    cargo: &["--profile", "sim", "-p", "headway-simulation", "--features", "virtual-time"],
    histories_without: 2_000,
    histories_max: 100_000,
};

/// With the adapters a history takes much longer.
const ADAPTERS: Simulation = Simulation {
    test: "no_history_breaks_an_invariant_through_the_adapters",
    cargo: &["--config", "tests/simulation/fast.toml", "--workspace", "--features", "embedded"],
    histories_without: 50,
    histories_max: 2_000,
};

/// The result for one bug.
enum Outcome {
    Caught {
        invariant: String,
        histories: u64,
    },
    /// No history violated anything; whether the bug's code ran in any.
    Survived {
        reached: bool,
    },
    /// The simulation printed something unexpected.
    Unclear(String),
}

/// Switches each on in turn and prints the result. Returns the names of those that were not caught.
pub(crate) fn run(root: &Path, wanted: &[&Bug]) -> Vec<&'static str> {
    let (copy, sources) = (root.join("target/planted/workspace"), Sources::read(root));
    println!("in {}, where everything is built the first time", copy.display());
    let switched = sources.switched(bugs()).unwrap_or_else(|fault| panic!("{fault}"));
    COPIED.iter().for_each(|name| mirror(root, &copy, Path::new(name), &switched));
    println!("{:<44} {:<26} {:>9} {:>8}", "planted", "violates", "histories", "seconds");
    let (of_adapters, of_ports): (Vec<_>, Vec<_>) = wanted.iter().partition(|bug| sources.is_of_adapters(bug));
    let mut survivors = Vec::new();
    for (simulation, bugs) in [(PORTS, of_ports), (ADAPTERS, of_adapters)] {
        if !bugs.is_empty() {
            survivors.extend(simulation.run(&copy, &bugs));
        }
    }
    survivors
}

impl Simulation {
    fn run(&self, copy: &Path, bugs: &[&Bug]) -> Vec<&'static str> {
        let (began, program) = (Instant::now(), self.build(copy));
        println!("built in {} s", began.elapsed().as_secs());
        let without = self.simulate(copy, &program, "", self.histories_without);
        assert!(matches!(without, Outcome::Survived { .. }), "without a bug: {}", without.text(self.histories_without));
        let mut survivors = Vec::new();
        for bug in bugs {
            let began = Instant::now();
            let outcome = self.simulate(copy, &program, bug.name, self.histories_max);
            println!("{:<44} {} {:>8}", bug.name, outcome.text(self.histories_max), began.elapsed().as_secs());
            if !matches!(outcome, Outcome::Caught { .. }) {
                println!("    {} ({})", bug.breaks, bug.trap);
                survivors.push(bug.name);
            }
        }
        survivors
    }

    /// Builds it. Returns the program.
    fn build(&self, copy: &Path) -> PathBuf {
        let output = Command::new(env!("CARGO"))
            .current_dir(copy)
            .args(["test", "--no-run", "--message-format", "json-render-diagnostics"])
            .args(self.cargo)
            .args(["--locked", "--offline", "--test", "simulation"])
            .env("CARGO_TARGET_DIR", copy.with_file_name("target"))
            .output()
            .unwrap();
        assert!(output.status.success(), "it cannot be built with the bugs:\n{}", String::from_utf8_lossy(&output.stderr));
        let messages =
            String::from_utf8_lossy(&output.stdout).lines().filter_map(|line| serde_json::from_str(line).ok()).collect::<Vec<Value>>();
        let program = messages.iter().filter(|message| message["target"]["name"] == "simulation").find_map(|it| it["executable"].as_str());
        PathBuf::from(program.expect("the program that Cargo built"))
    }

    /// Runs histories with this bug switched on.
    fn simulate(&self, copy: &Path, program: &Path, bug: &str, most: u64) -> Outcome {
        let output = Command::new(program)
            .current_dir(copy.join("tests/simulation"))
            .args(["--exact", self.test, "--nocapture"])
            .env(SWITCH, bug)
            .env("HEADWAY_SIM_HISTORIES", most.to_string())
            .env_remove("HEADWAY_SIM_FIRST")
            .env_remove("SEED")
            .output()
            .unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let between = |before: &str, after: &str| Some(said.split_once(before)?.1.split_once(after)?.0.to_owned());
        let reached = said.contains(&reached(bug));
        match (between(", violates ", ":"), between(", after ", " histories")) {
            (Some(invariant), Some(histories)) if reached => {
                Outcome::Caught { invariant, histories: histories.parse().unwrap_or_default() }
            }
            (Some(invariant), _) => Outcome::Unclear(format!("{invariant} is violated, but no planted code ran\n{said}")),
            _ if said.contains("without a violation") => Outcome::Survived { reached },
            _ => Outcome::Unclear(said),
        }
    }
}

impl Outcome {
    fn text(&self, most: u64) -> String {
        match self {
            Self::Caught { invariant, histories } => format!("{invariant:<26} {histories:>9}"),
            Self::Survived { reached: true } => format!("{:<26} {most:>9}", "SURVIVED"),
            Self::Survived { reached: false } => format!("{:<26} {most:>9}", "NEVER REACHED"),
            Self::Unclear(said) => format!("{:<26} {:>9}\n{said}\n", "UNCLEAR", ""),
        }
    }
}

/// Makes a file or directory of the copy equal to the original, but for files with bugs in them. Changes only what differs, so that
/// little is built again.
fn mirror(root: &Path, copy: &Path, name: &Path, switched: &BTreeMap<PathBuf, String>) {
    let (from, to) = (root.join(name), copy.join(name));
    if from.is_file() {
        let code = switched.get(name).map_or_else(|| fs::read(&from).unwrap(), |code| code.clone().into_bytes());
        if fs::read(&to).ok().as_ref() != Some(&code) {
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(to, code).unwrap();
        }
        return;
    }
    fs::create_dir_all(&to).unwrap();
    let names = |dir: &Path| fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    let here = names(&from);
    for gone in names(&to).into_iter().filter(|name| !here.contains(name)) {
        let path = to.join(gone);
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }
    here.iter().filter(|child| *child != "__pycache__").for_each(|child| mirror(root, copy, &name.join(child), switched));
}
