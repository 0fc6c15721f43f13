//! Which worker processes a server runs. A server that starts its workers itself sees each of them end, so nobody has to wait until
//! the time of a dead one is over. Lambda does not tell.

use std::collections::BTreeSet;
use std::fmt::{Display, Formatter, Result as FmtResult};

/// The worker processes that a server runs. It numbers them in the order in which it starts them, so what it said once stays true of
/// those that had ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunningWorkers {
    /// The server's name. No two servers have the same.
    pub server: String,
    /// The number of the next process that it starts.
    pub next: u64,
    /// The numbers of those that run.
    pub running: BTreeSet<u64>,
}

impl RunningWorkers {
    /// Its name in the custom part of Lambda's client context.
    pub const SAID_AS: &str = "headway-running-workers";

    /// The name of a server's process. No other process has it.
    pub fn name_of(server: &str, number: u64) -> String {
        format!("{server}:{number}")
    }

    /// True if it knows that this worker has ended.
    pub fn has_ended(&self, worker: &str) -> bool {
        let number = worker.rsplit_once(':').filter(|(server, _)| *server == self.server).and_then(|(_, number)| number.parse().ok());
        number.is_some_and(|number: u64| number < self.next && !self.running.contains(&number))
    }

    /// Reads what [`Display`] has written; `None` if it is something else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let (server, next) = (words.next()?.to_owned(), words.next()?.parse().ok()?);
        let running = words.map(|number| number.parse().ok()).collect::<Option<_>>()?;
        Some(Self { server, next, running })
    }
}

impl Display for RunningWorkers {
    /// The name, the next number and those of the running, separated by spaces.
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        write!(f, "{} {}", self.server, self.next)?;
        self.running.iter().try_for_each(|number| write!(f, " {number}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Would find a living worker that counts as ended: one that runs, one that started later, or one of another server.
    #[test]
    fn only_those_have_ended_that_were_started_and_do_not_run() {
        let known = RunningWorkers { server: "s".to_owned(), next: 5, running: [2, 4].into() };
        assert_eq!(RunningWorkers::parse(&known.to_string()), Some(known.clone()));
        for (number, has_ended) in [(1, true), (2, false), (3, true), (4, false), (5, false), (6, false)] {
            assert_eq!(known.has_ended(&RunningWorkers::name_of("s", number)), has_ended, "{number}");
        }
        for other in ["t:1", "s", "s:", "s:x", "", "2026/11/29/[$LATEST]0123"] {
            assert!(!known.has_ended(other), "{other}");
        }
        for text in ["", "s", "s x", "s 5 x", "s 5 1 "] {
            assert_eq!(RunningWorkers::parse(text), None, "{text:?}");
        }
    }
}
