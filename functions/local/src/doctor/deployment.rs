//! A deployment: its table, its queues, and the worker that is called with their messages. Only descriptions are read,
//! with the caller's credentials. If those lack a permission, the check names it.

use super::Check;

mod concurrency;
mod functions;
mod queues;
mod recursion;
mod table;
mod target;
mod unseen;

pub use target::Deployment;

impl Deployment {
    /// Runs all checks.
    pub async fn look(&self) -> Vec<Check> {
        let mut checks = table::look(&self.dynamodb, &self.table).await;
        let queues = match queues::find(&self.sqs, &self.queue_url).await {
            Ok(queues) => queues,
            Err(check) => {
                checks.push(check);
                return checks;
            }
        };
        let (worker, of_functions) = functions::look(self, &queues).await;
        checks.extend(queues.look(worker.map(|worker| worker.timeout_seconds)));
        checks.extend(of_functions);
        checks
    }
}
