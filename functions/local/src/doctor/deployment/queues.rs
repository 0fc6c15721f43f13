//! The queue and its dead-letter queue: visibility timeout, receives before the dead-letter queue, and retention.

use std::collections::HashMap;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use serde::Deserialize;

use super::unseen::not_looked_at;
use crate::doctor::Check;

const QUEUE: &str = "queue";
const VISIBILITY: &str = "visibility timeout";
const REDRIVE: &str = "redrive";
const DEAD_LETTERS: &str = "dead-letter queue";
/// AWS recommends this many function timeouts for the visibility timeout.
const FUNCTION_TIMEOUTS: u64 = 6;
/// It takes four deliveries to identify an item that kills its worker.
const RECEIVES_MIN: u32 = 5;
const DEPLOY: &str = "deploy template.yaml again";

/// Both queues, as far as they exist.
#[derive(Debug)]
pub(super) struct Queues {
    pub(super) queue: Attributes,
    redrive: Option<Redrive>,
    dead_letters: Option<Result<Attributes, Check>>,
}

/// SQS's attributes of a queue.
#[derive(Debug)]
pub(super) struct Attributes(HashMap<QueueAttributeName, String>);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Redrive {
    dead_letter_target_arn: String,
    max_receive_count: u32,
}

impl Attributes {
    pub(super) fn arn(&self) -> &str {
        self.text(&QueueAttributeName::QueueArn)
    }

    fn text(&self, name: &QueueAttributeName) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    fn seconds(&self, name: &QueueAttributeName) -> u64 {
        self.text(name).parse().unwrap_or_default()
    }
}

pub(super) async fn find(client: &Client, url: &str) -> Result<Queues, Check> {
    let queue = attributes(client, url, QUEUE, "give the stack's output QueueUrl as HEADWAY_QUEUE_URL").await?;
    let redrive: Option<Redrive> = serde_json::from_str(queue.text(&QueueAttributeName::RedrivePolicy)).ok();
    let dead_letters = match &redrive {
        Some(redrive) => Some(dead_letters(client, &redrive.dead_letter_target_arn).await),
        None => None,
    };
    Ok(Queues { queue, redrive, dead_letters })
}

async fn dead_letters(client: &Client, arn: &str) -> Result<Attributes, Check> {
    let mut ends = arn.rsplit(':');
    let (name, account) = (ends.next().unwrap_or_default(), ends.next().unwrap_or_default());
    let missing = format!("the redrive policy names the queue {name}, which does not exist");
    let found = client.get_queue_url().queue_name(name).queue_owner_aws_account_id(account).send().await;
    let found = found.map_err(|error| not_looked_at(DEAD_LETTERS, "sqs:GetQueueUrl", &error, (&missing, DEPLOY)))?;
    attributes(client, found.queue_url().unwrap_or_default(), DEAD_LETTERS, DEPLOY).await
}

async fn attributes(client: &Client, url: &str, name: &'static str, fix: &str) -> Result<Attributes, Check> {
    let answer = client.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::All).send().await;
    let missing = format!("there is no queue {url}");
    let answer = answer.map_err(|error| not_looked_at(name, "sqs:GetQueueAttributes", &error, (&missing, fix)))?;
    Ok(Attributes(answer.attributes.unwrap_or_default()))
}

impl Queues {
    /// The ARN of the dead-letter queue, if the redrive policy names one.
    pub(super) fn dead_letters_arn(&self) -> Option<&str> {
        self.redrive.as_ref().map(|redrive| redrive.dead_letter_target_arn.as_str())
    }

    /// The KMS keys that encrypt them, if SQS does not do that with its own.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        let both = std::iter::once(&self.queue).chain(self.dead_letters.iter().flatten());
        both.map(|queue| queue.text(&QueueAttributeName::KmsMasterKeyId)).filter(|key| !key.is_empty())
    }

    /// Checks both, given the worker's timeout.
    pub(super) fn look(&self, worker_timeout_seconds: Option<u64>) -> Vec<Check> {
        let waiting = self.queue.text(&QueueAttributeName::ApproximateNumberOfMessages);
        let mut checks = vec![Check::good(QUEUE, format!("exists; about {waiting} messages are waiting"))];
        checks.push(self.visibility(worker_timeout_seconds));
        checks.push(self.redrive());
        match &self.dead_letters {
            Some(Ok(dead_letters)) => checks.push(self.retention(dead_letters)),
            Some(Err(check)) => checks.push(check.clone()),
            None => {}
        }
        checks
    }

    fn visibility(&self, worker_timeout_seconds: Option<u64>) -> Check {
        let hidden = |queue: &Attributes| queue.seconds(&QueueAttributeName::VisibilityTimeout);
        let least = self.dead_letters.iter().flatten().map(hidden).fold(hidden(&self.queue), u64::min);
        let Some(timeout) = worker_timeout_seconds else {
            return Check::bad(VISIBILITY, format!("{least} s; the worker's timeout is not known"), "see the check of the worker");
        };
        let wanted = FUNCTION_TIMEOUTS * timeout;
        let detail = format!("{least} s, and the worker may run for {timeout} s");
        let fix = format!(
            "make it {wanted} s or more on both queues (WorkerTimeoutSeconds in template.yaml sets all three), or chunks are delivered again while a worker is still running them"
        );
        Check::of(VISIBILITY, least >= wanted, detail, fix)
    }

    fn redrive(&self) -> Check {
        let Some(redrive) = &self.redrive else {
            return Check::bad(REDRIVE, "a message that fails is delivered again for ever", DEPLOY);
        };
        let receives = redrive.max_receive_count;
        let fix =
            format!("set maxReceiveCount to {RECEIVES_MIN} or more: identifying an item that kills its worker takes that many; {DEPLOY}");
        Check::of(REDRIVE, receives >= RECEIVES_MIN, format!("to the dead-letter queue after {receives} receives"), fix)
    }

    /// A dead letter's age counts from when the message was first sent.
    fn retention(&self, dead_letters: &Attributes) -> Check {
        let kept = |queue: &Attributes| queue.seconds(&QueueAttributeName::MessageRetentionPeriod);
        let days = |seconds: u64| seconds as f64 / 86_400.0;
        let detail = format!("keeps messages for {:.1} days, the queue for {:.1}", days(kept(dead_letters)), days(kept(&self.queue)));
        let fix = format!(
            "give the dead-letter queue a longer retention than the queue, or some dead letters are deleted before they are settled; {DEPLOY}"
        );
        Check::of(DEAD_LETTERS, kept(dead_letters) >= kept(&self.queue), detail, fix)
    }
}
