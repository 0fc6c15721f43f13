//! How often to kill, with how many items, and the seed of everything that is random.

use std::fmt;
use std::time::Duration;

use crate::host::Host;

/// How many kills a run makes, unless `HEADWAY_KILLS` says otherwise: of a server that works itself, and of one with
/// worker processes, which need longer to start.
const KILLS: [u64; 2] = [25, 3];
/// How many items the largest job of a round has, unless `HEADWAY_KILL_ITEMS` says otherwise.
const ITEMS: [u64; 2] = [120_000, 3_000];
/// How long a server lives at most after it is ready, unless `HEADWAY_KILL_LIFE_MS` says otherwise: short compared with
/// a job, long enough for some chunks.
const LIFE_MAX_MS: [u64; 2] = [400, 2_000];
/// How long a server lives at most that is killed during its start: about as long as a start takes.
const START_MAX_MS: u64 = 250;
/// How long one in ten lives at most: an acknowledged cancel takes more than a second, and would otherwise never
/// happen.
const LONG_LIFE_MAX_MS: u64 = 4_000;

/// One run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) kills: u64,
    pub(crate) items: u64,
    life_max_ms: u64,
    host: Host,
}

/// When a kill happens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// This long after the process was started, whether it is ready by then or not.
    Starting(Duration),
    /// This long after it was ready.
    Serving(Duration),
}

impl Plan {
    pub(crate) fn from_env(host: Host) -> Plan {
        let usual = |of: [u64; 2]| of[host as usize];
        let number =
            |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text:?}")));
        Plan {
            seed: number("HEADWAY_KILL_SEED").unwrap_or_else(|| fastrand::u64(..1_000_000)),
            kills: number("HEADWAY_KILLS").unwrap_or(usual(KILLS)),
            items: number("HEADWAY_KILL_ITEMS").unwrap_or(usual(ITEMS)),
            life_max_ms: number("HEADWAY_KILL_LIFE_MS").unwrap_or(usual(LIFE_MAX_MS)),
            host,
        }
    }

    /// The moments of all kills.
    pub(crate) fn moments(self) -> impl Iterator<Item = Moment> {
        let mut random = fastrand::Rng::with_seed(self.seed);
        (0..self.kills).map(move |_| match random.u8(..10) {
            0 | 1 => Moment::Starting(Duration::from_micros(random.u64(..START_MAX_MS * 1_000))),
            2 => Moment::Serving(Duration::from_micros(random.u64(..LONG_LIFE_MAX_MS * 1_000))),
            _ => Moment::Serving(Duration::from_micros(random.u64(..self.life_max_ms * 1_000))),
        })
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan { seed, kills, items, life_max_ms, host } = self;
        let settings =
            [("SEED", seed), ("ITEMS", items), ("LIFE_MS", life_max_ms)].map(|(name, value)| format!("HEADWAY_KILL_{name}={value}"));
        write!(f, "{host}: {kills} kills, rounds of {items} items and more; play it again: HEADWAY_KILLS={kills} {}", settings.join(" "))
    }
}
