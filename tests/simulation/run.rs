//! Runs many histories: one thread for each core, and a runtime for each history.

use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::faults::Faults;
use super::invariant::{Invariant, Violation};
use super::parts::Through;
use super::tally::Tally;
use super::{processor, runtime, world};

/// How often a long run reports its progress.
const PROGRESS_EVERY: Duration = Duration::from_secs(20);

/// The seeds of a run.
pub(crate) struct Seeds(Range<u64>);

impl Seeds {
    /// `SEED` alone, or `HEADWAY_SIM_HISTORIES` from `HEADWAY_SIM_FIRST` on.
    pub(crate) fn from_environment(usual: u64) -> Self {
        let number = |name: &str| {
            std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}: a whole number is needed")))
        };
        match number("SEED") {
            Some(seed) => Self(seed..seed + 1),
            None => {
                let first = number("HEADWAY_SIM_FIRST").unwrap_or(0);
                Self(first..first + number("HEADWAY_SIM_HISTORIES").unwrap_or(usual))
            }
        }
    }

    fn count(&self) -> u64 {
        self.0.end - self.0.start
    }
}

/// Runs the history of this seed; returns what it reached, or the violation.
pub(crate) fn play(through: Through, seed: u64) -> Result<Tally, Violation> {
    let faults = Faults::new(seed);
    let history = async {
        let parts = through.parts(&faults).await;
        world::history(faults.clone(), parts).await
    };
    match std::panic::catch_unwind(AssertUnwindSafe(|| runtime::run(history))) {
        Ok(verdict) => verdict.map(|()| faults.take_tally()),
        Err(panic) => Err(Violation::new(Invariant::NothingPanics, format!("{:?}", panic.downcast_ref::<String>()))),
    }
}

/// Runs all of them on every core, and stops at the first violation.
pub(crate) fn run(through: Through, seeds: Seeds) {
    std::panic::set_hook(Box::new(|info| {
        if info.payload().downcast_ref::<&str>() != Some(&processor::PANIC) {
            eprintln!("{info}");
        }
    }));
    let began = Instant::now();
    let next = AtomicU64::new(seeds.0.start);
    let (tally, found) = (Mutex::new(Tally::default()), Mutex::new(None::<(u64, Violation)>));
    let (end, cores) = (seeds.0.end, std::thread::available_parallelism().map_or(1, usize::from));
    std::thread::scope(|threads| {
        for core in 0..cores {
            let (next, tally, found, first) = (&next, &tally, &found, seeds.0.start);
            threads.spawn(move || {
                let (mut own, mut said) = (Tally::default(), Instant::now());
                while found.lock().unwrap().is_none() {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    match play(through, seed) {
                        Ok(reached) => own.add(reached),
                        Err(violation) => *found.lock().unwrap() = Some((seed, violation)),
                    }
                    if core == 0 && said.elapsed() > PROGRESS_EVERY {
                        said = Instant::now();
                        eprintln!("{} histories in {:.0} s", seed - first, began.elapsed().as_secs_f64());
                    }
                }
                tally.lock().unwrap().add(own);
            });
        }
    });
    let (seconds, played) = (began.elapsed().as_secs_f64(), next.load(Ordering::Relaxed).min(end) - seeds.0.start);
    if let Some((seed, violation)) = found.into_inner().unwrap() {
        panic!(
            "seed {seed}, after {played} histories in {seconds:.1} s, violates {violation}\nplay it again: {} SEED={seed}",
            through.command()
        );
    }
    let tally = tally.into_inner().unwrap();
    println!(
        "{played} histories in {seconds:.1} s without a violation ({:.0} a second on {cores} cores); reached:",
        played as f64 / seconds
    );
    tally.print();
    let never = tally.never_saw(through.expected(seeds.count()));
    assert!(never.is_empty(), "never reached, so nothing was shown for: {never:#?}");
    let spared = if through.strikes_every_call(seeds.count()) { tally.never_struck() } else { Vec::new() };
    assert!(spared.is_empty(), "never struck: {spared:?}");
}
