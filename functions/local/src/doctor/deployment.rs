//! A deployment: its table, its queues, and the worker that is called with their messages. Only descriptions are read,
//! with the caller's credentials; what they do not allow is said by the name that a policy gives it.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use headway::error_chain;

use super::Check;
use super::signed::Signed;

mod concurrency;
mod functions;
mod queues;
mod recursion;
mod table;

/// What belongs together: as `template.yaml` makes it.
#[derive(Debug)]
pub struct Deployment {
    /// Of the table.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Of the queues.
    pub sqs: aws_sdk_sqs::Client,
    /// Of the functions.
    pub lambda: Signed,
    /// The table's name.
    pub table: String,
    /// The queue's URL.
    pub queue_url: String,
}

impl Deployment {
    /// As the SDKs are configured.
    ///
    /// # Errors
    /// If that names no region or no credentials.
    pub fn new(config: &SdkConfig, table: String, queue_url: String) -> anyhow::Result<Self> {
        Ok(Self {
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
            lambda: Signed::new(config, "lambda")?,
            table,
            queue_url,
        })
    }

    /// Looks at all of it.
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

/// What to say of a description that was not given. `missing` is what to say where there is no such thing.
fn not_looked_at<E>(name: &'static str, action: &str, error: &SdkError<E>, missing: (&str, &str)) -> Check
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let code = error.code().unwrap_or_default();
    if code.contains("AccessDenied") || code.contains("NotAuthorized") {
        return denied(name, action);
    }
    if code.contains("ResourceNotFound") || code.contains("NonExistentQueue") || code.contains("QueueDoesNotExist") {
        return Check::bad(name, missing.0, missing.1);
    }
    let fix = "see that region and credentials are right (AWS_REGION, AWS_PROFILE), then look again";
    Check::bad(name, format!("not looked at: {}", error_chain(error)), fix)
}

fn denied(name: &'static str, action: &str) -> Check {
    let fix = format!("allow {action} to whoever looks, or look with other credentials (AWS_PROFILE)");
    Check::bad(name, format!("not looked at: these credentials may not call {action}"), fix)
}
