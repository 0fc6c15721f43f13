//! How queues are called.

use crate::http::{ACCOUNT, ENDPOINT, REGION};

/// How a queue is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueAddress {
    /// Its name.
    pub name: String,
    /// What SQS calls the queue URL.
    pub url: String,
    /// Its Amazon resource name, as in events and redrive policies.
    pub arn: String,
}

impl QueueAddress {
    /// The address of the queue with this name.
    pub fn of(name: &str) -> Self {
        Self { name: name.to_owned(), url: format!("{ENDPOINT}/{ACCOUNT}/{name}"), arn: format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}") }
    }
}
