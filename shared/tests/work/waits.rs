//! Waits: each belongs to one item, none for a downstream counts as an attempt, and all of them end.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use headway_core::outcome::FailureKind;
use headway_core::{Item, ItemError, JobId, JobStatus, Options, ToleratedFailures};
use tokio::time::Instant;

use crate::world::{Answer, Held, World, done, done_after, fails};

const TOLERANT: ToleratedFailures = ToleratedFailures::Count(10_000);
const HOUR: Duration = Duration::from_secs(3_600);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Processes all messages, each when it is due. Returns how many were delivered.
async fn work_off_in_time(world: &mut World) -> usize {
    let (mut queue, mut sent, mut delivered) = (BTreeMap::new(), 0, 0);
    loop {
        for held in world.messages.drain(..) {
            sent += 1;
            queue.insert((Instant::now() + held.delay, sent), held);
        }
        let Some((due, _)) = queue.first_key_value().map(|(key, _)| *key) else { return delivered };
        tokio::time::sleep_until(due).await;
        let ripe: Vec<_> = queue.keys().take_while(|(due, _)| *due <= Instant::now()).take(10).copied().collect();
        let ripe = ripe.iter().filter_map(|key| queue.remove(key));
        let batch: Vec<Held> = ripe.map(|held| Held { received: held.received + 1, delay: Duration::ZERO, ..held }).collect();
        delivered += batch.len();
        world.deliver(batch).await;
    }
}

/// Bug found: all items of a chunk waited as long as the one that waited longest.
#[tokio::test(start_paused = true)]
async fn one_items_wait_delays_no_other_item() {
    let asked = [Some(30), None, Some(1), Some(600), None, Some(31), Some(4 * 3_600)];
    for concurrency in [1, 16] {
        let mut world = World::new(Options { concurrency, ..Options::default() }, move |item| match asked[item.index as usize] {
            Some(wait) if item.attempt == 1 && item.index % 2 == 1 => {
                let (code, message) = (String::new(), "busy".to_owned());
                fails(ItemError::Retryable { code, message, retry_after: Some(seconds(wait)) })
            }
            _ => done(),
        });
        let began = Instant::now();
        let id = world.start(asked.len() as u64, 10, TOLERANT).await;
        work_off_in_time(&mut world).await;
        for (index, wait) in asked.into_iter().enumerate().filter(|(index, _)| index % 2 == 1) {
            let last = world.calls_of(index as u64).last().map(|call| call.at - began);
            let (least, most) = wait.map_or((seconds(0), seconds(1)), |wait| (seconds(wait), seconds(wait * 3 / 2 + 5)));
            assert!(last.is_some_and(|last| (least..=most).contains(&last)), "item {index}, {concurrency} at a time: {last:?}");
        }
        assert_eq!(world.job(id).await.processed_items, asked.len() as u64);
    }
}

/// Bug found: a wait counted as an attempt, or a wait of hours was cut to the queue's longest delay.
#[tokio::test(start_paused = true)]
async fn waiting_never_counts_as_an_attempt() {
    let waits = [seconds(0), seconds(1), seconds(45), HOUR * 4];
    for (n, wait) in waits.into_iter().enumerate() {
        let options = Options { attempts_max: 1, ..Options::default() };
        let refused = std::sync::Mutex::new(Vec::new());
        let mut world = World::new(options, move |item| {
            let mut refused = refused.lock().unwrap();
            assert_eq!(item.attempt, 1);
            let early = refused.last().is_some_and(|last: &Instant| last.elapsed() < wait);
            assert!(!early, "called before the wait of {wait:?} was over");
            refused.push(Instant::now());
            match refused.len() {
                ..=4 if n == 0 => fails(ItemError::unreachable("away")),
                ..=4 => fails(ItemError::throttled("", "busy", Some(wait))),
                _ => done(),
            }
        });
        let id = world.start(1, 1, TOLERANT).await;
        work_off_in_time(&mut world).await;
        let job = world.job(id).await;
        assert_eq!((job.status, job.processed_items, world.calls_of(0).len()), (JobStatus::Completed, 1, 5), "{wait:?}");
    }
}

/// Bug found: an item behind a downstream that never comes back returned for ever, or failed as if it had been tried.
#[tokio::test(start_paused = true)]
async fn patience_ends_and_says_why() {
    let cases = [
        (ItemError::throttled("http 429", "too many", None), FailureKind::Throttled, "http 429"),
        (ItemError::throttled("", "busy", Some(seconds(7))), FailureKind::Throttled, "Throttled"),
        (ItemError::unreachable("refused"), FailureKind::Unreachable, "unreachable"),
    ];
    for (error, kind, code) in cases {
        let (message, patience) = (format!("it has waited for 600 s in all: {error}"), seconds(600));
        let mut world = World::new(Options { patience, ..Options::default() }, move |_| fails(error.clone()));
        let began = Instant::now();
        let id = world.start(12, 12, TOLERANT).await;
        work_off_in_time(&mut world).await;
        assert!((patience..patience * 2).contains(&began.elapsed()), "{:?}", began.elapsed());
        let failures = world.failures(id).await;
        assert_eq!(failures.len(), 12);
        for (_, failure) in failures {
            assert_eq!(
                (failure.kind, failure.code.as_str(), failure.message.as_str(), failure.attempts),
                (kind, code, message.as_str(), 0)
            );
        }
    }
}

/// Bug found: an item that had waited before and was asked to wait for longer than what was left failed at once, and nobody
/// could see why. It waits until its patience ends, and is tried a last time.
#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_patience_ends_with_it() {
    let (day, almost_a_day) = (HOUR * 24, HOUR * 24 - seconds(10));
    for (waits, calls) in [
        (&[Duration::MAX][..], 2),
        (&[day], 2),
        (&[seconds(1), day], 3),
        (&[seconds(1), seconds(30), HOUR * 20, day], 5),
        (&[HOUR * 12, HOUR * 13], 3),
    ] {
        for is_back in [false, true] {
            let began = Instant::now();
            let (waits_of, asked) = (waits.to_vec(), std::sync::Mutex::new(0));
            let mut world = World::new(Options::default(), move |_| {
                let mut asked = asked.lock().unwrap();
                *asked += 1;
                match waits_of.get(*asked - 1).or(waits_of.last()) {
                    _ if is_back && began.elapsed() >= almost_a_day => done(),
                    wait => fails(ItemError::throttled("http 429", "busy", wait.copied())),
                }
            });
            let id = world.start(1, 1, TOLERANT).await;
            work_off_in_time(&mut world).await;
            let last = world.calls_of(0).last().map(|call| call.at - began).unwrap_or_default();
            assert!((almost_a_day..day + HOUR * 4).contains(&last), "{waits:?}: {last:?}");
            assert_eq!(world.calls().len(), calls, "{waits:?}");
            assert_eq!(world.job(id).await.processed_items, u64::from(is_back), "{waits:?}");
            for (_, failure) in world.failures(id).await {
                let said = (failure.kind, failure.message.as_str());
                assert_eq!(said, (FailureKind::Throttled, "it has waited for 24 h in all: busy"), "{waits:?}");
            }
        }
    }
}

/// Bug found: every item of a large job called an endpoint that was down, again and again.
#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_down_for_an_hour_causes_few_calls_and_few_messages() {
    let began = Instant::now();
    let mut world = World::new(Options::default(), move |_| match began.elapsed() < HOUR {
        true => fails(ItemError::unreachable("connection refused")),
        false => done(),
    });
    let id = world.start(5_000, 250, TOLERANT).await;
    let delivered = work_off_in_time(&mut world).await;
    let early = world.calls().iter().filter(|call| call.at - began < HOUR).count();
    assert!(early < 150, "{early} calls while it was down");
    assert!(delivered < 20 * 30 + 150, "{delivered} messages for 20 chunks");
    assert!(began.elapsed() < HOUR + seconds(600), "not long after it was back: {:?}", began.elapsed());
    let job = world.job(id).await;
    assert_eq!((job.status, job.processed_items), (JobStatus::Completed, 5_000));
}

/// A downstream that allows so many items a second, and tells all others to wait for so long.
fn rate_limited(each_second: f64, burst: f64, asked: Option<Duration>) -> impl Fn(&Item) -> Answer {
    let bucket = Mutex::new((burst, Instant::now()));
    move |_| {
        let mut bucket = bucket.lock().unwrap();
        let now = Instant::now();
        *bucket = ((bucket.0 + each_second * (now - bucket.1).as_secs_f64()).min(burst), now);
        if bucket.0 < 1.0 {
            return fails(ItemError::throttled("http 429", "slow down", asked));
        }
        bucket.0 -= 1.0;
        done_after(Duration::from_millis(50))
    }
}

/// Bug found: items behind an endpoint with a rate limit waited longer each time, though it answered others all the while: up to a
/// minute where two seconds were asked for.
#[tokio::test(start_paused = true)]
async fn while_a_downstream_answers_items_waits_do_not_grow() {
    for (each_second, asked) in [(20.0, Some(seconds(2))), (20.0, None), (5.0, Some(seconds(1))), (50.0, Some(seconds(2)))] {
        let options = Options { concurrency: 8, ..Options::default() };
        let mut world = World::new(options, rate_limited(each_second, 10.0, asked));
        let began = Instant::now();
        let id = world.start(400, 50, TOLERANT).await;
        work_off_in_time(&mut world).await;
        let took = began.elapsed();
        assert_eq!(world.job(id).await.processed_items, 400);
        for index in 0..400 {
            let calls = world.calls_of(index);
            let longest = calls.windows(2).map(|pair| pair[1].at - pair[0].at).max();
            assert!(longest.is_none_or(|wait| wait < seconds(60)), "{each_second} {asked:?}: {longest:?}");
        }
        assert!(took < seconds(120), "{each_second} {asked:?}: {took:?}");
    }
}

/// Bug found: all items of a message that had been told to wait were called again in the same tenth of a second.
#[tokio::test(start_paused = true)]
async fn items_that_come_back_do_not_come_as_a_herd() {
    let asked = Some(seconds(4));
    for error in [
        ItemError::throttled("http 429", "slow down", asked),
        ItemError::Retryable { code: String::new(), message: String::new(), retry_after: asked },
    ] {
        let refused = Mutex::new([false; 40]);
        let mut world = World::new(Options { concurrency: 40, ..Options::default() }, move |item| {
            // The breaker lets only the first four be told to wait.
            let is_first = !std::mem::replace(&mut refused.lock().unwrap()[item.index as usize], true);
            if is_first && item.index % 10 == 0 { fails(error.clone()) } else { done() }
        });
        world.start(40, 40, TOLERANT).await;
        work_off_in_time(&mut world).await;
        let mut again: Vec<Instant> = (0..40).step_by(10).map(|index| world.calls_of(index)[1].at).collect();
        again.sort();
        let apart: Vec<Duration> = again.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(apart.iter().all(|apart| *apart >= Duration::from_millis(200)), "{apart:?}");
    }
}

/// Bug found: between its two tries an item occupied a place that another item could have used.
#[tokio::test(start_paused = true)]
async fn a_quick_second_try_occupies_no_place() {
    let mut world = World::new(Options { concurrency: 1, ..Options::default() }, |item| match (item.index, item.attempt) {
        (0, 1) => fails(ItemError::retryable("later", "not now")),
        _ => done(),
    });
    world.start(3, 3, TOLERANT).await;
    world.work_off().await;
    assert_eq!(world.called(), [0, 1, 2, 0]);
}

/// Bug found: a message that always returns without any progress returned for ever.
#[tokio::test(start_paused = true)]
async fn a_message_without_progress_is_given_up() {
    let mut world = World::new(Options::default(), |_| done());
    let id = world.start(2, 2, TOLERANT).await;
    let held = world.messages.front_mut().unwrap();
    held.body = held.body.replacen("\"hops\":0", "\"hops\":0,\"returns\":1000", 1);
    world.work_off().await;
    let failures = world.failures(id).await;
    assert_eq!((failures.len(), failures[0].1.kind, world.calls().len()), (2, FailureKind::DeadLettered, 0));
    assert!(failures[0].1.message.contains("1000 times in a row"), "{}", failures[0].1.message);
}

/// What users are told while items wait.
#[tokio::test(start_paused = true)]
async fn a_job_says_what_its_items_wait_for() {
    for (limit, told) in [(None, "script"), (Some("crm"), "crm")] {
        let options = Options { limit: limit.map(str::to_owned), ..Options::default() };
        let mut world = World::new(options, |_| fails(ItemError::throttled("http 429", "too many", Some(seconds(300)))));
        let id = world.start(3, 3, TOLERANT).await;
        let batch = world.receive(1).await;
        world.deliver(batch).await;
        let job = headway_core::status::get(&world.app, &world.user, id).await.unwrap();
        let waiting = job.waiting_for.unwrap();
        assert_eq!((job.retrying_items, waiting.reason.as_str(), waiting.last_error.as_deref()), (3, "throttled", Some("too many")));
        assert_eq!(waiting.limit, told, "what they wait for, by its name");
        let left = (waiting.until - world.app.clock.now()).num_seconds();
        assert!((299..=300).contains(&left), "{left} s");
    }
}

/// A job of two items: the downstream of the first asks to wait for 40 s, and the second takes 25 s. Its message was received so often.
async fn of_a_wait_and_a_slow_item(received: u32) -> (World, JobId, Vec<Held>) {
    let asked = AtomicBool::new(false);
    let mut world = World::new(Options { concurrency: 2, ..Options::default() }, move |item| match item.index {
        0 if !asked.swap(true, Ordering::Relaxed) => fails(ItemError::throttled("http 429", "busy", Some(seconds(40)))),
        0 => done(),
        _ => done_after(seconds(25)),
    });
    let id = world.start(2, 2, TOLERANT).await;
    let batch = world.receive(1).await.into_iter().map(|held| Held { received, ..held }).collect();
    (world, id, batch)
}

/// Bug found: a wait began only when all of its chunk had run, up to ten minutes after the answer.
#[tokio::test(start_paused = true)]
async fn a_wait_begins_with_the_answer() {
    for received in [1, 2] {
        let began = Instant::now();
        let (mut world, id, batch) = of_a_wait_and_a_slow_item(received).await;
        world.deliver(batch).await;
        work_off_in_time(&mut world).await;
        let calls: Vec<Duration> = world.calls_of(0).iter().map(|call| call.at - began).collect();
        assert!(calls.len() == 2 && (seconds(40)..=seconds(47)).contains(&calls[1]), "received {received} times: {calls:?}");
        assert_eq!(world.job(id).await.processed_items, 2);
    }
}

/// Bug found: a job showed no waiting item before all of its chunk had run.
#[tokio::test(start_paused = true)]
async fn a_wait_is_shown_while_other_items_run() {
    for received in [1, 2] {
        let (mut world, id, batch) = of_a_wait_and_a_slow_item(received).await;
        assert!(world.deliver_to_one_who_dies(batch, seconds(3)).await);
        let job = headway_core::status::get(&world.app, &world.user, id).await.unwrap();
        let left = job.waiting_for.map(|waiting| (waiting.reason.as_str(), (waiting.until - world.app.clock.now()).num_seconds()));
        assert_eq!((job.retrying_items, left), (1, Some(("throttled", 37))), "received {received} times");
    }
}

/// Bug found: a job whose last items waited after an error said neither why nor until when.
#[tokio::test(start_paused = true)]
async fn a_job_whose_last_items_failed_for_now_says_so() {
    for (asked, shortest, longest) in [(Some(seconds(25)), 24, 25), (None, 3, 8)] {
        let mut world = World::new(Options::default(), move |item| match item.index {
            0 => fails(ItemError::Retryable { code: "http 500".to_owned(), message: "broken".to_owned(), retry_after: asked }),
            _ => done(),
        });
        let id = world.start(6, 3, TOLERANT).await;
        let mut told = Vec::new();
        for _chunk in 0..2 {
            let batch = world.receive(1).await;
            world.deliver(batch).await;
            let job = headway_core::status::get(&world.app, &world.user, id).await.unwrap();
            let left = job.waiting_for.as_ref().map(|waiting| (waiting.until - world.app.clock.now()).num_seconds());
            told.push((job.retrying_items, left, job.waiting_for.map(|waiting| (waiting.reason.as_str(), waiting.last_error))));
        }
        assert_eq!(told[0], (1, None, None), "other items are left");
        assert_eq!((told[1].0, told[1].2.clone()), (1, Some(("error", Some("broken".to_owned())))), "{told:?}");
        assert!(told[1].1.is_some_and(|left| (shortest..=longest).contains(&left)), "{told:?}");
    }
}

/// Bug found: a job whose items were held back said nothing.
#[tokio::test(start_paused = true)]
async fn a_job_whose_items_are_held_back_says_why() {
    let options = Options { patience: seconds(60), ..Options::default() };
    let mut world = World::new(options, |_| fails(ItemError::throttled("http 429", "too many", Some(seconds(300)))));
    let id = world.start(8, 4, TOLERANT).await;
    for chunk in 0..2 {
        let batch = world.receive(1).await;
        world.deliver(batch).await;
        let job = headway_core::status::get(&world.app, &world.user, id).await.unwrap();
        assert_eq!((job.failed_items, job.retrying_items), (0, 4), "chunk {chunk}: the first four wait until their patience ends");
        let left = job.waiting_for.as_ref().map(|waiting| (waiting.until - world.app.clock.now()).num_seconds());
        assert_eq!(left, Some(60), "{:?}", job.waiting_for);
        let why = job.waiting_for.map(|waiting| (waiting.limit, waiting.reason.as_str(), waiting.last_error));
        assert_eq!(why, Some(("script".to_owned(), "throttled", Some("too many".to_owned()))));
    }
    assert_eq!(world.calls().len(), 4, "the others were not called");
}
