//! Whole histories of jobs under faults: the real use-cases on one thread and virtual time, over parts that fail on
//! purpose, audited by one who saw every call. A seed in, a history out: `make sim SEED=…` plays one again.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on says where by panicking")]

mod auditor;
mod faults;
mod parts;
mod workload;
mod world;

use std::collections::BTreeMap;
use std::time::Instant;

use faults::Faults;

/// Histories of one run, unless `HEADWAY_SIM_HISTORIES` says otherwise.
const HISTORIES: u64 = 3_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn play(seed: u64) -> Result<BTreeMap<&'static str, u64>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    let seen = Faults::new(seed);
    let verdict = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        tokio::task::LocalSet::new().block_on(&runtime, world::history(seed, seen.clone()))
    }));
    match verdict {
        Ok(Ok(())) => Ok(seen.counters()),
        Ok(Err(violation)) => Err(violation),
        Err(panic) => Err(format!("panicked: {:?}", panic.downcast_ref::<String>())),
    }
}

/// No history breaks an invariant, and every kind of fault and every interesting state was reached.
#[test]
fn no_history_breaks_an_invariant() {
    std::panic::set_hook(Box::new(|info| {
        if info.payload().downcast_ref::<&str>() != Some(&workload::PANIC) {
            eprintln!("{info}");
        }
    }));
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => {
            let first = number("HEADWAY_SIM_FIRST").unwrap_or(0);
            first..first + number("HEADWAY_SIM_HISTORIES").unwrap_or(HISTORIES)
        }
    };
    let (began, histories) = (Instant::now(), seeds.end - seeds.start);
    let mut counters: BTreeMap<&'static str, u64> = BTreeMap::new();
    for seed in seeds {
        match play(seed) {
            Ok(seen) => seen.into_iter().for_each(|(name, count)| *counters.entry(name).or_default() += count),
            Err(violation) => panic!("seed {seed}: {violation}\nplay it again: make sim SEED={seed}"),
        }
    }
    println!("{histories} histories in {:.1} s without a violation; reached:", began.elapsed().as_secs_f64());
    counters.iter().for_each(|(name, count)| println!("  {count:>9} {name}"));
    if histories >= HISTORIES {
        let never: Vec<_> = faults::EXPECTED.iter().filter(|name| !counters.contains_key(**name)).collect();
        assert!(never.is_empty(), "never reached, so nothing was shown for: {never:?}");
    }
}
