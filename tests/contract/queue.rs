//! The contract of [`ChunkQueue`]: when a send returns, the queue has accepted every message.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use headway_aws::sqs::SqsQueue;
use headway_core::UserId;
use headway_core::queue::memory::MemoryQueue;
use headway_core::queue::{ChunkQueue, Outgoing};
use headway_embedded::{Config, Embedded};
use uuid::Uuid;

use crate::faults::{RefusesEntries, refusing_entries};
use crate::sample::owner;
use crate::subject::{embedded_parts, endpoint_queue};

/// A queue, and a way to its content.
struct Subject {
    queue: Arc<dyn ChunkQueue>,
    inbox: Inbox,
}

enum Inbox {
    Memory(Arc<MemoryQueue>),
    Sqs { client: aws_sdk_sqs::Client, url: String },
}

impl Subject {
    fn memory() -> Self {
        let queue = Arc::new(MemoryQueue::default());
        Self { queue: queue.clone(), inbox: Inbox::Memory(queue) }
    }

    fn sqs(client: aws_sdk_sqs::Client, url: String) -> Self {
        Self { queue: Arc::new(SqsQueue::new(client.clone(), &url)), inbox: Inbox::Sqs { client, url } }
    }

    fn embedded() -> Self {
        let embedded = embedded_parts();
        Self::sqs(embedded.sqs(), embedded.queue().url.clone())
    }

    async fn endpoint() -> Option<Self> {
        endpoint_queue().await.map(|(client, url)| Self::sqs(client, url))
    }
}

impl Inbox {
    /// The bodies of everything that can be received now.
    async fn take(&self) -> Vec<String> {
        match self {
            Self::Memory(queue) => queue.take().into_iter().map(|(_, message)| message.body).collect(),
            Self::Sqs { client, url } => {
                let mut bodies = Vec::new();
                loop {
                    let received = receive(client, url).await;
                    if received.is_empty() {
                        return bodies;
                    }
                    bodies.extend(received.into_iter().filter_map(|message| message.body));
                }
            }
        }
    }
}

async fn receive(client: &aws_sdk_sqs::Client, url: &str) -> Vec<Message> {
    let request = client.receive_message().queue_url(url).max_number_of_messages(10);
    let received = request.message_system_attribute_names(MessageSystemAttributeName::MessageGroupId).send().await.unwrap();
    let received = received.messages.unwrap_or_default();
    for message in &received {
        client.delete_message().queue_url(url).receipt_handle(message.receipt_handle().unwrap()).send().await.unwrap();
    }
    received
}

macro_rules! over_every_queue {
    ($($case:ident),* $(,)?) => {
        mod over_memory {
            $(#[tokio::test]
            async fn $case() {
                super::$case(super::Subject::memory()).await;
            })*
        }

        mod over_embedded {
            $(#[tokio::test]
            async fn $case() {
                super::$case(super::Subject::embedded()).await;
            })*
        }

        mod over_endpoint {
            $(#[tokio::test]
            async fn $case() {
                if let Some(subject) = super::Subject::endpoint().await {
                    super::$case(subject).await;
                }
            })*
        }
    };
}

over_every_queue!(nothing_is_nothing, every_message_arrives_byte_for_byte, more_than_a_batch_holds_arrives, any_owner_can_send);

async fn nothing_is_nothing(subject: Subject) {
    subject.queue.send(&owner(), Vec::new()).await.unwrap();
    assert_eq!(subject.inbox.take().await, [""; 0]);
}

async fn every_message_arrives_byte_for_byte(subject: Subject) {
    let body = "{\"a\":  1.0,\"é\":\"\u{1F980}\\u0000\t\u{FFFD}<&>\"}\r\n";
    subject.queue.send(&owner(), vec![message(body)]).await.unwrap();
    assert_eq!(subject.inbox.take().await, [body]);
}

/// Limited both by count and by bytes.
async fn more_than_a_batch_holds_arrives(subject: Subject) {
    let bodies: BTreeSet<String> = (0..57).map(|i| format!("{i} {}", "x".repeat(if i % 5 == 0 { 200_000 } else { 40_000 }))).collect();
    subject.queue.send(&owner(), bodies.iter().map(|body| message(body)).collect()).await.unwrap();
    let received = subject.inbox.take().await;
    assert_eq!(received.len(), bodies.len());
    assert_eq!(received.into_iter().collect::<BTreeSet<_>>(), bodies);
}

async fn any_owner_can_send(subject: Subject) {
    for owner in ["u", "auth0|1", "with space", "ü\u{1F980}", "\u{7f}\n", &"é".repeat(128), &"x".repeat(128)] {
        subject.queue.send(&UserId::new(owner).unwrap(), vec![message(owner)]).await.unwrap();
        assert_eq!(subject.inbox.take().await.len(), 1, "{owner:?}");
    }
}

fn message(body: &str) -> Outgoing {
    Outgoing { body: body.to_owned(), delay: Duration::ZERO }
}

#[tokio::test]
async fn a_message_belongs_to_its_owners_group() {
    let embedded = embedded_parts();
    let queue = SqsQueue::new(embedded.sqs(), &embedded.queue().url);
    queue.send(&UserId::new("org_7").unwrap(), vec![message("m")]).await.unwrap();
    let received = receive(&embedded.sqs(), &embedded.queue().url).await;
    let group = received[0].attributes().and_then(|known| known.get(&MessageSystemAttributeName::MessageGroupId));
    assert_eq!(group.map(String::as_str), Some("org_7"));
}

#[tokio::test]
async fn a_delay_is_kept_to_the_second_above() {
    let now = Arc::new(AtomicU64::new(1_790_000_000_000));
    let clock = Arc::clone(&now);
    let config = Config { clock: Arc::new(move || clock.load(Ordering::SeqCst)), ..Config::memory() };
    let embedded = Embedded::open(config).unwrap();
    let subject = Subject::sqs(embedded.sqs(), embedded.queue().url.clone());
    let delayed = Outgoing { delay: Duration::from_millis(1_100), ..message("late") };
    subject.queue.send(&owner(), vec![delayed, message("now")]).await.unwrap();
    assert_eq!(subject.inbox.take().await, ["now"]);
    now.fetch_add(1_900, Ordering::SeqCst);
    assert_eq!(subject.inbox.take().await, [""; 0]);
    now.fetch_add(100, Ordering::SeqCst);
    assert_eq!(subject.inbox.take().await, ["late"]);
}

#[tokio::test(start_paused = true)]
async fn entries_refused_inside_a_200_are_sent_again_and_only_they() {
    let embedded = embedded_parts();
    let (queue, _) = refusing(&embedded, false, 5);
    let bodies: BTreeSet<String> = (0..23).map(|_| Uuid::new_v4().to_string()).collect();
    queue.send(&owner(), bodies.iter().map(|body| message(body)).collect()).await.unwrap();
    let received = Subject::sqs(embedded.sqs(), embedded.queue().url.clone()).inbox.take().await;
    assert_eq!(received.len(), bodies.len(), "none is sent twice");
    assert_eq!(received.into_iter().collect::<BTreeSet<_>>(), bodies);
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_can_never_be_sent_fails_at_once() {
    let (queue, calls) = refusing(&embedded_parts(), true, usize::MAX);
    let error = queue.send(&owner(), vec![message("m")]).await.unwrap_err();
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "InternalError: busy");
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_keeps_refusing_is_given_up_on() {
    let (queue, calls) = refusing(&embedded_parts(), false, usize::MAX);
    let error = queue.send(&owner(), vec![message("m")]).await.unwrap_err();
    assert!((3..20).contains(&calls.load(Ordering::SeqCst)));
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("InternalError: busy"));
}

fn refusing(embedded: &Embedded, sender_fault: bool, calls: usize) -> (SqsQueue, Arc<AtomicUsize>) {
    let seen = Arc::new(AtomicUsize::new(0));
    let refuses = RefusesEntries { sender_fault, calls, seen: Arc::clone(&seen) };
    let client = Embedded::sqs_config(refusing_entries(embedded.sqs_http_client(), refuses)).build();
    (SqsQueue::new(aws_sdk_sqs::Client::from_conf(client), &embedded.queue().url), seen)
}
