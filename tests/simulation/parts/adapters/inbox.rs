//! Receives messages like the event source mapping: they are delivered by the embedded queue's own rules of visibility,
//! receive counts and dead letters. Its faults are repeated deliveries; lost deletes are faults of the caller.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use headway_core::work::Delivery;
use headway_embedded::Embedded;
use tokio::sync::Notify;
use tokio::time::{Duration, Instant, sleep_until};

use super::wire::Arrived;
use crate::faults::Faults;

/// How many messages are visible now, hidden, and delayed.
const COUNTS: [QueueAttributeName; 3] = [
    QueueAttributeName::ApproximateNumberOfMessages,
    QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
    QueueAttributeName::ApproximateNumberOfMessagesDelayed,
];

/// A message that should be deleted may be delivered again this much later.
const LATE_DUPLICATE_AFTER_SECONDS_MAX: u64 = 6_000;

/// How long dead letters stay if nobody receives them.
const DEAD_LETTERS_LIE_MAX: Duration = Duration::from_secs(300);

/// When it is useful to check the queue. To check it during days without a message would cost more than everything
/// else.
#[derive(Debug, Clone, Default)]
struct Dues(Arc<(Mutex<BTreeSet<Instant>>, Notify)>);

impl Dues {
    /// A message may be visible after this time. The queue counts whole milliseconds.
    fn note(&self, after: Duration) {
        self.0.0.lock().unwrap().insert(Instant::now() + after + Duration::from_millis(1));
        self.0.1.notify_waiters();
    }

    fn is_now(&self) -> bool {
        self.next().is_some_and(|due| due <= Instant::now())
    }

    fn next(&self) -> Option<Instant> {
        self.0.0.lock().unwrap().first().copied()
    }

    fn forget_until_now(&self) {
        let now = Instant::now();
        self.0.0.lock().unwrap().retain(|due| *due > now);
    }

    /// Waits until the next message is there.
    async fn wait(&self) {
        loop {
            let noted = self.0.1.notified();
            match self.next() {
                Some(next) if next <= Instant::now() => return,
                Some(next) => tokio::select! {
                    biased;
                    () = noted => {}
                    () = sleep_until(next) => {}
                },
                None => noted.await,
            }
        }
    }
}

/// The queue and its dead letters, for receiving.
pub(super) struct Inbox {
    faults: Faults,
    client: Client,
    queue_url: String,
    dead_letters_url: String,
    /// Until when nobody receives dead letters.
    they_lie_until: Cell<Option<Instant>>,
    dues: Dues,
}

impl Inbox {
    pub(super) fn new(faults: Faults, embedded: &Embedded) -> Self {
        let (queue_url, dead_letters_url) = (embedded.queue().url.clone(), embedded.dead_letters().url.clone());
        Self { faults, client: embedded.sqs(), queue_url, dead_letters_url, they_lie_until: Cell::default(), dues: Dues::default() }
    }

    /// Notes when the messages of an arriving request may be visible.
    pub(super) fn note_sent(&self) -> Arrived {
        let dues = self.dues.clone();
        Arc::new(move |asked| asked.delays.iter().for_each(|delay| dues.note(*delay)))
    }

    /// Messages of the queue or of its dead letters: the two mappings take turns at random.
    pub(super) async fn receive(&self, most: u64, visibility: Duration) -> Vec<Delivery> {
        if self.faults.strike("fault: dead letters lie for a while", 15) {
            let span = self.faults.span(DEAD_LETTERS_LIE_MAX);
            self.they_lie_until.set(Some(Instant::now() + span));
            self.dues.note(span);
        }
        let mut urls = self.received_from();
        let first = self.faults.pick(urls.len() as u64) as usize;
        urls.rotate_left(first);
        for url in urls {
            let received = self.receive_from(url, most, visibility).await;
            if !received.is_empty() {
                return received;
            }
        }
        Vec::new()
    }

    /// From where messages are received just now.
    fn received_from(&self) -> Vec<&str> {
        let lie = self.they_lie_until.get().is_some_and(|until| until > Instant::now());
        let dead_letters = Some(self.dead_letters_url.as_str()).filter(|_| !lie);
        [self.queue_url.as_str()].into_iter().chain(dead_letters).collect()
    }

    async fn receive_from(&self, url: &str, most: u64, visibility: Duration) -> Vec<Delivery> {
        let request = self.client.receive_message().queue_url(url).max_number_of_messages(most as i32);
        let request = request.visibility_timeout(visibility.as_secs() as i32);
        let request = request.message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
        let received = request.send().await.unwrap().messages.unwrap_or_default();
        self.dues.note(visibility);
        let mut deliveries = Vec::new();
        for message in received {
            if self.faults.strike("fault: duplicate delivery", 60) {
                self.bring_back(url, &message).await;
            }
            deliveries.push(self.delivery(url, message));
        }
        deliveries
    }

    async fn bring_back(&self, url: &str, message: &Message) {
        let request = self.client.change_message_visibility().queue_url(url).visibility_timeout(0);
        request.set_receipt_handle(message.receipt_handle.clone()).send().await.unwrap();
        self.dues.note(Duration::ZERO);
    }

    /// The id names this receive of the message, because a delete refers to the receive.
    fn delivery(&self, url: &str, message: Message) -> Delivery {
        let dead_letter = url == self.dead_letters_url;
        if dead_letter {
            self.faults.saw("fault: dead letter");
        }
        let attributes = message.attributes.unwrap();
        let receive_count = attributes[&MessageSystemAttributeName::ApproximateReceiveCount].parse().unwrap();
        let message_id = format!("{url} {}", message.receipt_handle.unwrap());
        Delivery { message_id, body: message.body.unwrap(), receive_count, dead_letter }
    }

    /// Deletes the message for good, or lets it be delivered once more when everybody has forgotten it.
    pub(super) async fn delete(&self, message_id: &str) {
        let (url, handle) = message_id.split_once(' ').unwrap();
        if self.faults.strike("fault: late duplicate", 25) {
            let later = Duration::from_secs(1 + self.faults.pick(LATE_DUPLICATE_AFTER_SECONDS_MAX));
            let request = self.client.change_message_visibility().queue_url(url).visibility_timeout(later.as_secs() as i32);
            // It may have been received again already, or be visible again.
            let _ = request.receipt_handle(handle).send().await;
            self.dues.note(later);
        } else {
            self.client.delete_message().queue_url(url).receipt_handle(handle).send().await.unwrap();
        }
    }

    /// Sends every dead letter to the queue again and deletes it; returns how many.
    pub(super) async fn redrive(&self) -> usize {
        let mut moved = 0;
        loop {
            let request = self.client.receive_message().queue_url(&self.dead_letters_url).max_number_of_messages(10);
            let received = request.send().await.unwrap().messages.unwrap_or_default();
            if received.is_empty() {
                return moved;
            }
            for message in received {
                self.client.send_message().queue_url(&self.queue_url).set_message_body(message.body).send().await.unwrap();
                self.dues.note(Duration::ZERO);
                let request = self.client.delete_message().queue_url(&self.dead_letters_url);
                request.set_receipt_handle(message.receipt_handle).send().await.unwrap();
                moved += 1;
            }
        }
    }

    /// Waits until a message is visible.
    pub(super) async fn wait(&self) {
        while !self.has_visible().await {
            self.dues.wait().await;
        }
    }

    pub(super) async fn has_visible(&self) -> bool {
        if !self.dues.is_now() {
            return false;
        }
        let has_visible = self.count(&self.received_from(), &COUNTS[..1]).await > 0;
        if !has_visible {
            self.dues.forget_until_now();
        }
        has_visible
    }

    pub(super) async fn is_empty(&self) -> bool {
        // If nothing is due, now or later, there is no message.
        self.dues.next().is_none() || self.count(&[&self.queue_url, &self.dead_letters_url], &COUNTS).await == 0
    }

    async fn count(&self, urls: &[&str], names: &[QueueAttributeName]) -> u64 {
        let mut sum = 0;
        for url in urls {
            let request = self.client.get_queue_attributes().queue_url(*url).set_attribute_names(Some(names.to_vec()));
            let counts = request.send().await.unwrap().attributes.unwrap_or_default();
            sum += counts.values().map(|count| count.parse::<u64>().unwrap()).sum::<u64>();
        }
        sum
    }
}
