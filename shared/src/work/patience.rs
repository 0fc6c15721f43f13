//! Patience: what the table or the queue refuses for now is tried again while the invocation's deadline allows, so that a
//! fault of seconds does not cost a message its whole visibility timeout.

use std::time::Duration;

use tokio::time::Instant;

use super::{Invocation, Worker};
use crate::error::JobError;
use crate::limits::DEADLINE_MARGIN;

/// The longest first wait, beyond the SDK's own retries; each further one is twice as long.
const WAIT_FIRST: Duration = Duration::from_millis(500);
/// The longest wait.
const WAIT_MAX: Duration = Duration::from_secs(8);

impl Worker {
    /// Does `work`, which is safe to repeat, until it is done, fails for another reason, or time runs out.
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
            tokio::time::sleep(wait).await;
            most = (most * 2).min(WAIT_MAX);
        }
    }

    /// A number from 0 to 1 out of a fresh id's random bits.
    pub(super) fn fraction(&self) -> f64 {
        f64::from(self.app.clock.fresh_id().as_fields().0) / f64::from(u32::MAX)
    }
}
