//! The event source mapping and the schedule, in virtual time.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use headway_embedded::{Embedded, EventSource};
use serde_json::{Value, json};
use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::world::{config, receive, send};

type Answer = Result<Value, String>;

fn start<F: Future<Output = Answer> + Send + 'static>(
    embedded: &Embedded,
    source: EventSource,
    handler: impl Fn(Value) -> F + Send + Sync + 'static,
) -> (oneshot::Sender<()>, JoinHandle<()>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let pump = embedded.pump(source, handler, async {
        let _ = stopped.await;
    });
    (stop, tokio::spawn(pump))
}

fn records(event: &Value) -> Vec<(String, String)> {
    let text = |record: &Value, name: &str| record[name].as_str().unwrap().to_owned();
    let records = event["Records"].as_array().unwrap().iter();
    records.map(|record| (text(record, "messageId"), text(record, "body"))).collect()
}

#[tokio::test(start_paused = true)]
async fn deletes_what_is_done_and_brings_back_what_failed() {
    let embedded = Embedded::open(config()).unwrap();
    let seen = Arc::new(Mutex::new(BTreeMap::<String, usize>::new()));
    let shown = Arc::clone(&seen);
    let (stop, pump) = start(&embedded, embedded.event_source(), move |event| {
        let mut failures = Vec::new();
        for (id, body) in records(&event) {
            let mut seen = shown.lock().unwrap();
            let count = seen.entry(body.clone()).or_default();
            *count += 1;
            if body == "bad" && *count == 1 {
                failures.push(json!({ "itemIdentifier": id }));
            }
        }
        async move { Ok(json!({ "batchItemFailures": failures })) }
    });
    for body in ["good", "bad", "fine"] {
        send(&embedded, body, None).await;
    }
    sleep(Duration::from_secs(100)).await;
    stop.send(()).unwrap();
    pump.await.unwrap();
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen, BTreeMap::from([("bad".into(), 2), ("fine".into(), 1), ("good".into(), 1)]));
    assert!(receive(&embedded, &embedded.queue().url).await.is_empty());
}

/// Bug found: under `serve --worker` a message whose processor could not be prepared for a moment came again after six minutes.
#[tokio::test(start_paused = true)]
async fn what_is_reported_comes_again_as_soon_as_its_source_says() {
    let embedded = Embedded::open(config()).unwrap();
    let source = EventSource { invisible_after_report: Some(|receives| Duration::from_secs(receives.into())), ..embedded.event_source() };
    let times = Arc::new(Mutex::new(Vec::new()));
    let (noted, began) = (Arc::clone(&times), Instant::now());
    let (_stop, _pump) = start(&embedded, source, move |event| {
        let mut times = noted.lock().unwrap();
        times.push(began.elapsed().as_secs());
        let failures: Vec<Value> = records(&event).into_iter().map(|(id, _)| json!({ "itemIdentifier": id })).collect();
        let failures = if times.len() < 3 { failures } else { Vec::new() };
        async move { Ok(json!({ "batchItemFailures": failures })) }
    });
    send(&embedded, "not yet", None).await;
    sleep(Duration::from_secs(100)).await;
    assert_eq!(*times.lock().unwrap(), [0, 1, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_whose_function_fails_panics_or_hangs_ends_among_the_dead_letters() {
    for way in ["fails", "panics", "hangs", "lies"] {
        let embedded = Embedded::open(config()).unwrap();
        let source = EventSource { function_timeout: Some(Duration::from_secs(20)), ..embedded.event_source() };
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let (_stop, _pump) = start(&embedded, source, move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            async move {
                match way {
                    "fails" => Err("no".to_owned()),
                    "panics" => panic!("on purpose"),
                    "hangs" => std::future::pending().await,
                    _ => Ok(json!({ "batchItemFailures": [{ "itemIdentifier": "unknown" }] })),
                }
            }
        });
        let (dead, buried) = oneshot::channel();
        let dead = Mutex::new(Some(dead));
        let (_stop, _dead_letters) = start(&embedded, embedded.dead_letter_source(), move |event| {
            dead.lock().unwrap().take().unwrap().send(event).unwrap();
            async { Ok(Value::Null) }
        });
        send(&embedded, "poison", None).await;
        let event = buried.await.unwrap();
        assert_eq!(event["Records"][0]["body"], "poison", "{way}");
        assert_eq!(event["Records"][0]["eventSourceARN"], embedded.dead_letters().arn);
        assert_eq!(calls.load(Ordering::SeqCst), 3, "{way}");
    }
}

#[tokio::test(start_paused = true)]
async fn runs_no_more_calls_than_allowed_and_lets_them_end() {
    let embedded = Embedded::open(config()).unwrap();
    for number in 0..60 {
        send(&embedded, &number.to_string(), None).await;
    }
    let running = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let ended = Arc::new(AtomicUsize::new(0));
    let (now, top, done) = (Arc::clone(&running), Arc::clone(&most), Arc::clone(&ended));
    let source = EventSource { concurrency_max: 2, batch_size: 5, ..embedded.event_source() };
    let (stop, pump) = start(&embedded, source, move |event| {
        let (now, top, done) = (Arc::clone(&now), Arc::clone(&top), Arc::clone(&done));
        async move {
            assert_eq!(records(&event).len(), 5);
            top.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            sleep(Duration::from_secs(1)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            done.fetch_add(1, Ordering::SeqCst);
            Ok(Value::Null)
        }
    });
    sleep(Duration::from_millis(2500)).await;
    stop.send(()).unwrap();
    pump.await.unwrap();
    assert_eq!(most.load(Ordering::SeqCst), 2);
    assert_eq!(ended.load(Ordering::SeqCst), 6, "two rounds done and a third let end");
    assert_eq!(running.load(Ordering::SeqCst), 0);
}

/// The groups of an event's messages, joined by `+`.
fn groups_of(event: &Value) -> String {
    let groups = event["Records"].as_array().unwrap().iter().map(|record| &record["attributes"]["MessageGroupId"]);
    let groups: BTreeSet<_> = groups.map(|group| group.as_str().unwrap().to_owned()).collect();
    groups.into_iter().collect::<Vec<_>>().join("+")
}

/// Fills two calls with one group's messages, sends one message of another group, and returns the groups of the calls
/// begun so far.
async fn calls_beside_a_flood(calls_kept_free: usize) -> Vec<String> {
    let embedded = Embedded::open(config()).unwrap();
    let begun = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&begun);
    let source = EventSource { concurrency_max: 2, calls_kept_free, function_timeout: None, ..embedded.event_source() };
    let (_stop, _pump) = start(&embedded, source, move |event| {
        kept.lock().unwrap().push(groups_of(&event));
        // The call of the flood never ends.
        std::future::pending::<Answer>()
    });
    for number in 0..60 {
        send(&embedded, &number.to_string(), Some("flood")).await;
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!(*begun.lock().unwrap(), ["flood", "flood"], "a call kept free was used by a group with running calls");
    for number in 0..3 {
        send(&embedded, &number.to_string(), Some("small")).await;
        sleep(Duration::from_secs(1)).await;
    }
    begun.lock().unwrap().clone()
}

/// If one owner's long batches occupy every other call, another owner's first message still does not wait for one to
/// end.
#[tokio::test(start_paused = true)]
async fn a_call_is_kept_free_for_a_group_that_has_none() {
    assert_eq!(calls_beside_a_flood(1).await, ["flood", "flood", "small"]);
    assert_eq!(calls_beside_a_flood(2).await, ["flood", "flood", "small"], "one at a time for each group");
    assert_eq!(calls_beside_a_flood(0).await, ["flood", "flood"], "as on AWS");
}

/// A message that is done quickly does not wait for another owner's slow one of the same batch: neither its owner's next
/// messages, nor its deletion.
#[tokio::test(start_paused = true)]
async fn a_call_has_messages_of_one_group_only() {
    for (one_group_a_call, expected) in [(true, vec!["slow", "small"]), (false, vec!["slow+small"])] {
        let embedded = Embedded::open(config()).unwrap();
        for group in ["slow", "small", "slow", "small"] {
            send(&embedded, "x", Some(group)).await;
        }
        let begun = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&begun);
        let source = EventSource { one_group_a_call, ..embedded.event_source() };
        let (_stop, _pump) = start(&embedded, source, move |event| {
            kept.lock().unwrap().push(groups_of(&event));
            std::future::pending::<Answer>()
        });
        sleep(Duration::from_secs(1)).await;
        assert_eq!(*begun.lock().unwrap(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn the_schedule_calls_at_once_and_then_every_period_even_after_a_failure() {
    let embedded = Embedded::open(config()).unwrap();
    let events = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&events);
    let until = sleep(Duration::from_secs(150));
    let handler = move |event: Value| {
        let mut events = kept.lock().unwrap();
        events.push(event["time"].as_str().unwrap().to_owned());
        let calls = events.len();
        async move {
            assert_ne!(calls, 2, "on purpose");
            Ok::<_, String>(Value::Null)
        }
    };
    embedded.schedule(Duration::from_secs(60), handler, until).await;
    let expected = ["2023-11-14T22:13:20Z", "2023-11-14T22:14:20Z", "2023-11-14T22:15:20Z"];
    assert_eq!(*events.lock().unwrap(), expected);
}
