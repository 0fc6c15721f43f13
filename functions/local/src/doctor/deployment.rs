//! A deployment: its table, its queues, and the worker that is called with their messages. Only descriptions are read,
//! with the caller's credentials. If those lack a permission, the check names it. What the deployment does not use (a VPC, a key,
//! a secret and so on) is not asked for, and needs no permission.

use super::Check;

mod concurrency;
mod functions;
mod queues;
mod recursion;
mod seams;
mod table;
mod target;
mod unseen;
mod worker;

pub use target::Deployment;

impl Deployment {
    /// Runs all checks.
    pub async fn look(&self) -> Vec<Check> {
        let (table, mut checks) = table::look(&self.dynamodb, &self.table).await;
        let queues = match queues::find(&self.sqs, &self.queue_url).await {
            Ok(queues) => queues,
            Err(check) => {
                checks.push(check);
                return checks;
            }
        };
        let (worker, of_functions) = functions::look(self, &queues).await;
        checks.extend(queues.look(worker.as_ref().map(|worker| worker.timeout_seconds)));
        checks.extend(of_functions);
        if let Some(worker) = worker {
            checks.extend(seams::look(self, table.as_ref(), &queues, &worker).await);
        }
        checks
    }
}
