//! Whole histories of jobs under faults: the real use-cases on one thread in virtual time, over parts that fail on
//! purpose, checked by an auditor that sees every call. Each seed is one history: `make sim SEED=…` runs it again.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on says where by panicking")]
#![cfg_attr(not(feature = "embedded"), expect(dead_code, reason = "some is only for histories through the adapters"))]

mod auditor;
mod calls;
mod charges;
mod dead_letters;
mod dice;
mod faults;
mod fixes;
mod invariant;
mod kept;
mod many;
mod ops;
mod parts;
mod process;
mod processor;
mod receiver;
mod run;
mod runtime;
mod server;
mod tally;
mod theme;
mod untold;
mod users;
mod workers;
mod workload;
mod world;

use mimalloc::MiMalloc;
use parts::Through;
use run::{Seeds, play, run};

/// A history allocates much and keeps little: with the system's allocator that takes an eighth of its time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// No history violates an invariant, and every kind of fault and every interesting state was reached.
#[test]
fn no_history_breaks_an_invariant() {
    run(Through::Ports, Seeds::from_environment(Through::Ports.histories()));
}

/// The same with fewer histories, in which production's adapters and the SDK's clients are tested too.
#[test]
#[cfg(feature = "embedded")]
fn no_history_breaks_an_invariant_through_the_adapters() {
    run(Through::Adapters, Seeds::from_environment(Through::Adapters.histories()));
}

/// A seed is one history: if it is run again, every call is the same.
#[test]
fn a_seed_is_one_history() {
    let kinds = [
        (Through::Ports, 20),
        #[cfg(feature = "embedded")]
        (Through::Adapters, 5),
    ];
    for (through, seeds) in kinds {
        for seed in 1_000_000..1_000_000 + seeds {
            let [one, again] = [0, 1].map(|_| play(through, seed).expect("no violation").hash);
            assert_eq!(one, again, "{through:?}, seed {seed}");
        }
    }
}

/// The seeds that once violated an invariant no longer do.
#[test]
fn what_was_found_once_holds() {
    for (seed, what) in kept::SEEDS {
        if let Err(violation) = play(Through::Ports, *seed) {
            panic!("seed {seed} ({what}): {violation}");
        }
    }
}
