//! A siege: all cases of the table at once, again and again, against the real server with a memory limit and a
//! supervisor that restarts it. Meanwhile another owner's jobs must all complete. `make siege SECONDS=600` runs it for
//! that long; `make test` runs each case once.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod attack;
mod cases;
mod downstream;
#[path = "../../shared/schema/tests/sandbox/hostile.rs"]
#[expect(dead_code, reason = "what is expected of each is for the sandbox's own tests")]
mod hostile;
mod neighbour;
#[path = "../../functions/worker/tests/processors_http/scripted.rs"]
#[expect(dead_code, reason = "what they are asked is for the processor's own tests")]
mod scripted;
mod stack;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use attack::Attacker;
use downstream::Downstreams;
use neighbour::Neighbour;
use stack::Stack;

/// A worker's memory on Lambda.
const MEMORY_MAX_MB: u64 = 512;
/// One time slice, one item, and the delay of a busy machine.
const SMALL_JOB_MAX: Duration = Duration::from_secs(15);
/// How long it lasts, unless `HEADWAY_SIEGE_SECONDS` is set.
const SECONDS: u64 = 60;
/// For how long a case holds what it has opened, at most: so long that the server must cut it off.
const HOLDS: Duration = Duration::from_secs(20);
/// For the run that does each case once.
const ONCE: Duration = Duration::from_secs(5);

/// Bugs found: each of these cases alone did harm, as `cases.rs` says for its kind.
#[tokio::test(flavor = "multi_thread")]
async fn every_case_at_once_costs_no_other_owner_an_item() {
    let told = run(ONCE, ONCE).await;
    println!("{told}");
    told.assert_unharmed();
}

/// The same for long, with a limit on waiting.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes, and a machine that does nothing else: make siege"]
async fn a_siege_delays_no_other_owner() {
    let seconds = std::env::var("HEADWAY_SIEGE_SECONDS").map_or(SECONDS, |text| text.parse().unwrap());
    let told = run(Duration::from_secs(seconds), HOLDS).await;
    println!("{told}");
    told.assert_unharmed();
    assert!(told.neighbour.slowest_small() <= SMALL_JOB_MAX, "a small job of another owner waited");
}

/// Runs all cases and the other owner's jobs for at least that long, and until each of these jobs has ended.
async fn run(lasts: Duration, holds: Duration) -> Told {
    let downstreams = Downstreams::start().await;
    let stack = Arc::new(Stack::start(&downstreams.configuration()));
    let began = Instant::now();
    let until = began + lasts;
    let cases = cases::all();
    let attackers: Vec<_> = cases
        .into_iter()
        .enumerate()
        .map(|(number, case)| tokio::spawn(Attacker::new(&stack, number, holds).attack(case, until)))
        .collect();
    let neighbour = Neighbour::new(&stack).go_on(until).await;
    let mut thrown = BTreeMap::new();
    for attacker in attackers {
        thrown.extend([attacker.await.unwrap()]);
    }
    let secrets = downstreams.secrets_shown(&stack).await;
    Told { thrown, took: began.elapsed(), neighbour, secrets, stack: stack.end() }
}

/// The result.
struct Told {
    /// How often each case ran.
    thrown: BTreeMap<&'static str, u64>,
    took: Duration,
    neighbour: neighbour::Ended,
    /// How many answers to the attackers contained the endpoint's secret.
    secrets: usize,
    stack: stack::Ended,
}

impl Told {
    fn assert_unharmed(&self) {
        assert!(self.neighbour.harmed.is_empty(), "{:#?}", self.neighbour.harmed);
        assert!(self.stack.peak_mb <= MEMORY_MAX_MB, "{} MB", self.stack.peak_mb);
        assert_eq!(self.secrets, 0, "the secret of an endpoint came back to its callers");
        assert!(self.stack.readable_by_others.is_empty(), "{:?}", self.stack.readable_by_others);
    }
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { thrown, took, neighbour, stack, .. } = self;
        let times: u64 = thrown.values().sum();
        writeln!(f, "{} cases, thrown {times} times in {:.0} s: {thrown:?}", thrown.len(), took.as_secs_f64())?;
        writeln!(f, "load of the machine: {}", stack.load)?;
        writeln!(f, "neighbour: {neighbour}")?;
        write!(f, "server: {stack}")
    }
}
