//! The order in which messages of several groups come, in both modes. The clock moves only when a test moves it.

use std::sync::Arc;

use aws_sdk_sqs::types::Message;
use headway_embedded::{Config, Embedded, Fairness};

use crate::world::{bodies, config, pass, receive, send};

fn open(fairness: Fairness) -> Embedded {
    Embedded::open(Config { fairness, ..config() }).unwrap()
}

async fn send_many(embedded: &Embedded, group: &str, count: usize) {
    for number in 0..count {
        send(embedded, &format!("{group} {number}"), Some(group)).await;
    }
}

async fn take(embedded: &Embedded) -> Vec<Message> {
    receive(embedded, &embedded.queue().url).await
}

async fn delete(embedded: &Embedded, messages: &[Message]) {
    for message in messages {
        let request = embedded.sqs().delete_message().queue_url(&embedded.queue().url);
        request.receipt_handle(message.receipt_handle().unwrap()).send().await.unwrap();
    }
}

fn numbered(group: &str, numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("{group} {number}")).collect()
}

#[tokio::test(start_paused = true)]
async fn by_turns_every_group_is_in_the_next_batch() {
    let embedded = open(Fairness::Turns);
    send_many(&embedded, "noisy", 1000).await;
    send(&embedded, "quiet", Some("quiet")).await;
    send(&embedded, "nobody's", None).await;
    let first = take(&embedded).await;
    assert_eq!(first.len(), 10);
    assert!(bodies(&first).contains(&"quiet") && bodies(&first).contains(&"nobody's"));
    assert!(bodies(&first).contains(&"noisy 0"), "oldest first within a group");
    send(&embedded, "quiet again", Some("quiet")).await;
    let second = take(&embedded).await;
    assert!(bodies(&second).contains(&"quiet again"));
}

/// Bug found: with more owners of slow items than calls, a small job waited for a whole round of them.
#[tokio::test(start_paused = true)]
async fn by_turns_a_group_that_has_used_little_time_comes_before_those_that_used_much() {
    let embedded = open(Fairness::Turns);
    for group in 0..40 {
        send_many(&embedded, &format!("slow{group}"), 4).await;
    }
    for _ in 0..4 {
        assert_eq!(take(&embedded).await.len(), 10);
    }
    pass(11).await;
    // The next batch is by turn whatever was used, and every fourth after it.
    for job in 0..8 {
        let body = format!("small {job}");
        send(&embedded, &body, Some("small")).await;
        let batch = if job % 3 == 0 { [take(&embedded).await, take(&embedded).await].concat() } else { take(&embedded).await };
        assert!(bodies(&batch).contains(&body.as_str()), "{body}");
        delete(&embedded, &batch).await;
        pass(1).await;
    }
}

/// Would find owners of slow items that wait for ever because others with small jobs keep coming.
#[tokio::test(start_paused = true)]
async fn by_turns_a_group_that_has_used_much_time_is_not_left_out_for_ever() {
    let embedded = open(Fairness::Turns);
    send_many(&embedded, "slow", 2).await;
    let first = take(&embedded).await;
    assert_eq!(bodies(&first), numbered("slow", 0..2));
    pass(11).await;
    send(&embedded, "slow again", Some("slow")).await;
    for group in 0..100 {
        send(&embedded, "small", Some(&format!("small{group}"))).await;
    }
    let mut waited = 0;
    while !bodies(&take(&embedded).await).contains(&"slow again") {
        waited += 1;
    }
    assert!(waited < 4, "{waited} batches");
}

/// With fewer than 30 messages in flight and no time elapsed, a backlog is worked off in order of arrival.
#[tokio::test(start_paused = true)]
async fn by_noise_a_group_goes_first_until_it_has_30_messages_in_flight() {
    let embedded = open(Fairness::NoisyGroups);
    send_many(&embedded, "noisy", 60).await;
    send_many(&embedded, "quiet", 2).await;
    send(&embedded, "nobody's", None).await;
    for batch in 0..3 {
        assert_eq!(bodies(&take(&embedded).await), numbered("noisy", batch * 10..batch * 10 + 10), "batch {batch}");
    }
    let fourth = [numbered("quiet", 0..2), vec!["nobody's".to_owned()], numbered("noisy", 30..37)].concat();
    assert_eq!(bodies(&take(&embedded).await), fourth, "quiet ones first, noisy ones where nobody else waits");
}

#[tokio::test(start_paused = true)]
async fn by_noise_the_messages_of_quiet_groups_come_in_order_of_arrival() {
    let embedded = open(Fairness::NoisyGroups);
    for (body, group) in [("1", Some("a")), ("2", None), ("3", Some("b")), ("4", Some("a")), ("5", None)] {
        send(&embedded, body, group).await;
    }
    assert_eq!(bodies(&take(&embedded).await), ["1", "2", "3", "4", "5"]);
}

#[tokio::test(start_paused = true)]
async fn by_noise_a_group_that_takes_the_consumers_time_waits_while_others_have_messages() {
    let embedded = open(Fairness::NoisyGroups);
    send_many(&embedded, "slow", 30).await;
    send_many(&embedded, "quick", 2).await;
    let first = take(&embedded).await;
    assert_eq!(bodies(&first), numbered("slow", 0..10));
    pass(1).await;
    let second = take(&embedded).await;
    assert_eq!(bodies(&second), [numbered("quick", 0..2), numbered("slow", 10..18)].concat(), "all of the time was slow's");
    delete(&embedded, &[first, second].concat()).await;
    send_many(&embedded, "quick", 1).await;
    assert_eq!(bodies(&take(&embedded).await)[0], "quick 0", "time spent on what is deleted counts too");
}

#[tokio::test(start_paused = true)]
async fn by_noise_a_group_without_backlog_or_that_sent_nothing_for_five_minutes_is_quiet_again() {
    let embedded = open(Fairness::NoisyGroups);
    send_many(&embedded, "slow", 1).await;
    let only = take(&embedded).await;
    pass(1).await;
    delete(&embedded, &only).await;
    send_many(&embedded, "slow", 1).await;
    send_many(&embedded, "other", 1).await;
    let both = take(&embedded).await;
    assert_eq!(bodies(&both), ["slow 0", "other 0"], "its backlog was done");

    send_many(&embedded, "slow", 20).await;
    send_many(&embedded, "other", 1).await;
    pass(1).await;
    delete(&embedded, &both).await;
    let early = take(&embedded).await;
    assert_eq!(bodies(&early)[0], "slow 0", "each has half of the time: both are noisy, none has messages in flight");
    send_many(&embedded, "third", 1).await;
    assert_eq!(bodies(&take(&embedded).await)[0], "third 0");
    pass(300).await;
    send_many(&embedded, "third", 1).await;
    let late = take(&embedded).await;
    assert!(
        bodies(&late)[0].starts_with("slow"),
        "its message is older, and its group has sent nothing for five minutes: {:?}",
        bodies(&late)
    );
}

/// Messages in flight are counted in the file, so they count after a restart too.
#[tokio::test]
async fn by_noise_messages_in_flight_count_after_the_queue_was_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let open = || {
        let clock = Arc::new(|| 1_700_000_000_000);
        Embedded::open(Config { fairness: Fairness::NoisyGroups, clock, ..Config::at(dir.path()) }).unwrap()
    };
    let embedded = open();
    send_many(&embedded, "noisy", 40).await;
    for _ in 0..3 {
        take(&embedded).await;
    }
    drop(embedded);
    let embedded = open();
    send_many(&embedded, "quiet", 1).await;
    assert_eq!(bodies(&take(&embedded).await)[0], "quiet 0");
}
