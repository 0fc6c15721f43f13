//! A queue's name, URL and ARN.

use crate::http::{ACCOUNT, ENDPOINT, REGION};

/// A queue's name, URL and ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueAddress {
    /// Its name.
    pub name: String,
    /// Its queue URL.
    pub url: String,
    /// Its Amazon resource name, used in events and redrive policies.
    pub arn: String,
}

impl QueueAddress {
    /// The address of the queue with this name.
    pub fn of(name: &str) -> Self {
        Self { name: name.to_owned(), url: format!("{ENDPOINT}/{ACCOUNT}/{name}"), arn: format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}") }
    }
}
