//! Repeats what the table or the queue refuses for now, as long as the invocation's deadline allows it. So a fault of
//! some seconds does not delay a message by its whole visibility timeout.

use std::time::Duration;

use super::delivery::Invocation;
use super::worker::Worker;
use crate::error::JobError;
use crate::limits::DEADLINE_MARGIN;
use crate::time::Instant;

/// The longest first wait, in addition to the SDK's own retries. Each further one is twice as long.
const WAIT_FIRST: Duration = Duration::from_millis(500);
/// The longest wait.
const WAIT_MAX: Duration = Duration::from_secs(8);

impl Worker {
    /// Repeats `work`, which is safe to repeat, until it succeeds, fails for another reason, or the time is over.
    pub(super) async fn patiently<T, F>(&self, invocation: Invocation, mut work: impl FnMut() -> F) -> Result<T, JobError>
    where
        F: Future<Output = Result<T, JobError>>,
    {
        let mut most = WAIT_FIRST;
        loop {
            let error = match work().await {
                Err(error @ JobError::Unavailable { .. }) => error,
                done => return done,
            };
            let wait = most.mul_f64(self.fraction());
            if Instant::now() + wait + DEADLINE_MARGIN >= invocation.deadline {
                return Err(error);
            }
            crate::time::sleep(wait).await;
            most = (most * 2).min(WAIT_MAX);
        }
    }

    /// A number from 0 to 1 from a fresh id's random bits.
    pub(super) fn fraction(&self) -> f64 {
        f64::from(self.app.clock.fresh_id().as_fields().0) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use uuid::Uuid;

    use super::*;
    use crate::clock::tests::HeldClock;
    use crate::ledger::memory::MemoryLedger;
    use crate::queue::memory::MemoryQueue;
    use crate::{App, Processors};

    /// Bug found: a message was given up for a fault of seconds, a table that is down was called without a pause, or a
    /// wait lasted beyond the deadline.
    #[tokio::test(start_paused = true)]
    async fn waits_grow_and_end_before_the_deadline() {
        // Ids contain the largest numbers, so every wait is as long as it can be.
        let longest = HeldClock::with_id(Uuid::max());
        let app = App::new(Arc::new(MemoryLedger::default()), Arc::new(MemoryQueue::default()), Arc::new(longest));
        let (worker, began) = (Worker::new(app, Processors::new()), Instant::now());
        let invocation = Invocation { began, deadline: began + Duration::from_secs(60) };
        let mut tries = Vec::new();
        let gave_up = worker.patiently(invocation, || {
            tries.push(began.elapsed().as_millis());
            async { Err::<(), _>(JobError::unavailable("the table", "it is down")) }
        });
        assert!(matches!(gave_up.await, Err(JobError::Unavailable { .. })));
        assert_eq!(tries, [0, 500, 1_500, 3_500, 7_500, 15_500, 23_500, 31_500, 39_500, 47_500]);
        let refused = worker.patiently(invocation, || async { Err::<(), _>(JobError::NotFound) });
        assert!(matches!(refused.await, Err(JobError::NotFound)));
        assert_eq!(began.elapsed().as_millis(), 47_500, "permanent errors are not repeated");
    }
}
