//! SQS's semantics, through `aws-sdk-sqs`.

use aws_sdk_sqs::{
    error::ProvideErrorMetadata,
    types::{DeleteMessageBatchRequestEntry, MessageSystemAttributeName as Attribute, QueueAttributeName, SendMessageBatchRequestEntry},
};
use headway_embedded::{Config, Embedded};

use crate::world::{bodies, config, pass, receive, send};

fn entry(id: &str, body: &str) -> SendMessageBatchRequestEntry {
    SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().unwrap()
}

async fn batch_fault(embedded: &Embedded, entries: Vec<SendMessageBatchRequestEntry>) -> String {
    let request = embedded.sqs().send_message_batch().queue_url(&embedded.queue().url);
    let fault = request.set_entries(Some(entries)).send().await.unwrap_err();
    fault.code().unwrap_or_default().to_owned()
}

async fn delete(embedded: &Embedded, handle: &str) {
    let request = embedded.sqs().delete_message().queue_url(&embedded.queue().url);
    request.receipt_handle(handle).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_received_message_is_invisible_and_comes_back_counted() {
    let embedded = Embedded::open(config()).unwrap();
    send(&embedded, "hello", Some("user")).await;
    let first = receive(&embedded, &embedded.queue().url).await.remove(0);
    assert_eq!(first.body(), Some("hello"));
    assert_eq!(first.md5_of_body(), Some("5d41402abc4b2a76b9719d911017c592"));
    let attributes = first.attributes().unwrap();
    assert_eq!(attributes[&Attribute::ApproximateReceiveCount], "1");
    assert_eq!(attributes[&Attribute::SentTimestamp], "1700000000000");
    assert_eq!(attributes[&Attribute::MessageGroupId], "user");
    pass(29).await;
    assert!(receive(&embedded, &embedded.queue().url).await.is_empty());
    pass(1).await;
    let second = receive(&embedded, &embedded.queue().url).await.remove(0);
    assert_eq!(second.message_id(), first.message_id());
    assert_eq!(second.attributes().unwrap()[&Attribute::ApproximateReceiveCount], "2");
    // The handle of the first receive is accepted and deletes nothing.
    delete(&embedded, first.receipt_handle().unwrap()).await;
    pass(30).await;
    let third = receive(&embedded, &embedded.queue().url).await.remove(0);
    delete(&embedded, third.receipt_handle().unwrap()).await;
    pass(60).await;
    assert!(receive(&embedded, &embedded.queue().url).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_latest_handle_still_deletes_after_the_visibility_timeout() {
    let embedded = Embedded::open(config()).unwrap();
    send(&embedded, "late", None).await;
    let message = receive(&embedded, &embedded.queue().url).await.remove(0);
    pass(31).await;
    delete(&embedded, message.receipt_handle().unwrap()).await;
    assert!(receive(&embedded, &embedded.queue().url).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_message_received_too_often_is_a_dead_letter() {
    let embedded = Embedded::open(config()).unwrap();
    send(&embedded, "poison", Some("user")).await;
    for _ in 0..3 {
        assert_eq!(receive(&embedded, &embedded.queue().url).await.len(), 1);
        pass(30).await;
    }
    assert!(receive(&embedded, &embedded.queue().url).await.is_empty());
    let dead = receive(&embedded, &embedded.dead_letters().url).await.remove(0);
    assert_eq!(dead.body(), Some("poison"));
    let attributes = dead.attributes().unwrap();
    assert_eq!(attributes[&Attribute::DeadLetterQueueSourceArn], embedded.queue().arn);
    assert_eq!(attributes[&Attribute::SentTimestamp], "1700000000000");
    assert_eq!(attributes[&Attribute::MessageGroupId], "user");
}

#[tokio::test(start_paused = true)]
async fn a_delayed_message_comes_when_it_is_due() {
    let embedded = Embedded::open(config()).unwrap();
    let request = embedded.sqs().send_message().queue_url(&embedded.queue().url).message_body("later");
    request.clone().delay_seconds(900).send().await.unwrap();
    let fault = request.delay_seconds(901).send().await.unwrap_err();
    assert_eq!(fault.code(), Some("InvalidParameterValue"));
    pass(899).await;
    assert!(receive(&embedded, &embedded.queue().url).await.is_empty());
    pass(1).await;
    assert_eq!(bodies(&receive(&embedded, &embedded.queue().url).await), ["later"]);
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_ends_with_the_first_message_and_no_sooner() {
    let embedded = Embedded::open(config()).unwrap();
    let began = tokio::time::Instant::now();
    let poll = || {
        let request = embedded.sqs().receive_message().queue_url(&embedded.queue().url);
        request.wait_time_seconds(20).send()
    };
    let sent = async {
        tokio::time::sleep(std::time::Duration::from_secs(7)).await;
        send(&embedded, "now", None).await;
    };
    let (received, ()) = tokio::join!(poll(), sent);
    assert_eq!(received.unwrap().messages().len(), 1);
    assert_eq!(began.elapsed().as_secs(), 7, "woken by the send");
    assert!(poll().await.unwrap().messages().is_empty());
    assert_eq!(began.elapsed().as_secs(), 27, "waited in vain for 20 s");
}

#[tokio::test(start_paused = true)]
async fn visibility_can_be_changed_while_in_flight_only() {
    let embedded = Embedded::open(config()).unwrap();
    send(&embedded, "held", None).await;
    let message = receive(&embedded, &embedded.queue().url).await.remove(0);
    let change = |seconds| {
        let request = embedded.sqs().change_message_visibility().queue_url(&embedded.queue().url);
        let request = request.set_receipt_handle(message.receipt_handle().map(str::to_owned));
        request.visibility_timeout(seconds).send()
    };
    change(100).await.unwrap();
    pass(99).await;
    assert!(receive(&embedded, &embedded.queue().url).await.is_empty());
    change(0).await.unwrap();
    let fault = change(10).await.unwrap_err().into_service_error();
    assert!(fault.is_message_not_inflight(), "{fault:?}");
    assert_eq!(receive(&embedded, &embedded.queue().url).await.len(), 1);
    assert_eq!(change(10).await.unwrap_err().code(), Some("InvalidParameterValue"), "a stale handle");
}

#[tokio::test(start_paused = true)]
async fn batches_are_held_to_sqs_limits() {
    let embedded = Embedded::open(config()).unwrap();
    let ten = |body: &str| (0..10).map(|id| entry(&id.to_string(), body)).collect::<Vec<_>>();
    assert_eq!(batch_fault(&embedded, vec![]).await, "AWS.SimpleQueueService.EmptyBatchRequest");
    let eleven = [ten("a"), vec![entry("x", "a")]].concat();
    assert_eq!(batch_fault(&embedded, eleven).await, "AWS.SimpleQueueService.TooManyEntriesInBatchRequest");
    let twins = vec![entry("a", "a"), entry("a", "b")];
    assert_eq!(batch_fault(&embedded, twins).await, "AWS.SimpleQueueService.BatchEntryIdsNotDistinct");
    assert_eq!(batch_fault(&embedded, vec![entry("a b", "a")]).await, "AWS.SimpleQueueService.InvalidBatchEntryId");
    let tenth = "x".repeat((1 << 20) / 10);
    let mut full = ten(&tenth);
    full[0] = entry("0", &"x".repeat((1 << 20) - 9 * tenth.len()));
    let sent = embedded.sqs().send_message_batch().queue_url(&embedded.queue().url);
    let sent = sent.set_entries(Some(full.clone())).send().await.unwrap();
    assert_eq!((sent.successful().len(), sent.failed().len()), (10, 0));
    full[1] = entry("1", &format!("{tenth}x"));
    assert_eq!(batch_fault(&embedded, full).await, "AWS.SimpleQueueService.BatchRequestTooLong");
}

#[tokio::test(start_paused = true)]
async fn one_bad_entry_fails_alone() {
    let embedded = Embedded::open(config()).unwrap();
    let sent = embedded.sqs().send_message_batch().queue_url(&embedded.queue().url);
    let entries = vec![entry("good", "a"), entry("bad", "a\u{0}"), entry("odd", "\u{FFFF}")];
    let sent = sent.set_entries(Some(entries)).send().await.unwrap();
    assert_eq!(sent.successful()[0].id(), "good");
    let failed: Vec<_> = sent.failed().iter().map(|one| (one.id(), one.code(), one.sender_fault())).collect();
    assert_eq!(failed, [("bad", "InvalidMessageContents", true), ("odd", "InvalidMessageContents", true)]);
    let alone = embedded.sqs().send_message().queue_url(&embedded.queue().url).message_body("\u{8}");
    assert!(alone.send().await.unwrap_err().into_service_error().is_invalid_message_contents());
    let long = embedded.sqs().send_message().queue_url(&embedded.queue().url);
    let long = long.message_body("x".repeat((1 << 20) + 1)).send().await.unwrap_err();
    assert_eq!(long.code(), Some("InvalidParameterValue"));
    assert_eq!(bodies(&receive(&embedded, &embedded.queue().url).await), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn every_message_comes_twice_when_asked_for() {
    let embedded = Embedded::open(Config { duplicate_every_message: true, ..config() }).unwrap();
    for number in 0..20 {
        send(&embedded, &number.to_string(), None).await;
    }
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..5 {
        for message in receive(&embedded, &embedded.queue().url).await {
            delete(&embedded, message.receipt_handle().unwrap()).await;
            *seen.entry((message.message_id.unwrap(), message.body.unwrap())).or_insert(0) += 1;
        }
        pass(1).await;
    }
    assert_eq!((seen.len(), seen.values().all(|count| *count == 2)), (20, true));
}

#[tokio::test(start_paused = true)]
async fn batches_delete_what_they_can_and_counts_follow() {
    let embedded = Embedded::open(config()).unwrap();
    for number in 0..5 {
        send(&embedded, &number.to_string(), None).await;
    }
    let count = async || {
        let request = embedded.sqs().get_queue_attributes().queue_url(&embedded.queue().url);
        let told = request.attribute_names(QueueAttributeName::All).send().await.unwrap();
        let told = told.attributes.unwrap();
        let number = |name| told[&name].parse::<u64>().unwrap();
        (number(QueueAttributeName::ApproximateNumberOfMessages), number(QueueAttributeName::ApproximateNumberOfMessagesNotVisible))
    };
    assert_eq!(count().await, (5, 0));
    let received = receive(&embedded, &embedded.queue().url).await;
    assert_eq!(count().await, (0, 5));
    let doomed = |id: &str, handle: &str| {
        let entry = DeleteMessageBatchRequestEntry::builder().id(id).receipt_handle(handle);
        entry.build().unwrap()
    };
    let request = embedded.sqs().delete_message_batch().queue_url(&embedded.queue().url);
    let outcome =
        request.entries(doomed("one", received[0].receipt_handle().unwrap())).entries(doomed("none", "no handle")).send().await.unwrap();
    assert_eq!(outcome.successful()[0].id(), "one");
    assert_eq!(outcome.failed()[0].code(), "ReceiptHandleIsInvalid");
    pass(30).await;
    assert_eq!(count().await, (4, 0));
    send(&embedded, "too old", None).await;
    pass(4 * 86_400 + 1).await;
    assert_eq!(count().await, (0, 0), "kept for four days");
}

#[tokio::test(start_paused = true)]
async fn queues_are_created_found_and_distinguished() {
    let embedded = Embedded::open(config()).unwrap();
    let sqs = embedded.sqs();
    let make = |seconds: &str| {
        let request = sqs.create_queue().queue_name("other");
        request.attributes(QueueAttributeName::VisibilityTimeout, seconds).send()
    };
    let made = make("5").await.unwrap();
    assert_eq!(make("5").await.unwrap().queue_url(), made.queue_url(), "again is no fault");
    assert!(make("6").await.unwrap_err().into_service_error().is_queue_name_exists());
    assert_eq!(make("50000").await.unwrap_err().code(), Some("InvalidAttributeValue"));
    let found = sqs.get_queue_url().queue_name("other").send().await.unwrap();
    assert_eq!(found.queue_url(), made.queue_url());
    let missing = sqs.get_queue_url().queue_name("nowhere").send().await.unwrap_err();
    assert!(missing.into_service_error().is_queue_does_not_exist());
    let told = sqs.get_queue_attributes().set_queue_url(found.queue_url);
    let told = told.attribute_names(QueueAttributeName::VisibilityTimeout).send().await.unwrap();
    assert_eq!(told.attributes().unwrap()[&QueueAttributeName::VisibilityTimeout], "5");
}
