//! What happens in virtual time happens in the same order as on tokio's runtime with its paused clock.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// What happened: who, which of their steps, and when in milliseconds.
type Log = Rc<RefCell<Vec<(u64, u64, u64)>>>;

/// A wait: usually short, so that several end in the same millisecond; seldom long; sometimes no whole number of milliseconds.
fn wait(rng: &mut fastrand::Rng) -> Duration {
    match rng.u64(0..20) {
        0 => Duration::from_secs(rng.u64(0..200_000)),
        1 => Duration::from_secs(rng.u64(0..200)),
        2 => Duration::from_micros(rng.u64(0..50_000)),
        3 => Duration::ZERO,
        _ => Duration::from_millis(rng.u64(0..80)),
    }
}

/// The same program for both: tasks that sleep, give up, wake each other and spawn others.
macro_rules! program {
    ($name:ident, $time:path, $spawn:path) => {
        mod $name {
            use std::pin::pin;
            use std::time::Duration;

            use futures::future::{Either, select};
            use futures::stream::{FuturesUnordered, StreamExt as _};
            use $spawn as spawn;
            use $time::{Instant, sleep, sleep_until, timeout};

            use super::{Log, wait};

            pub(super) async fn program(seed: u64, log: Log, bell: std::rc::Rc<tokio::sync::Notify>) {
                let began = Instant::now();
                for task in 1..8 {
                    spawn(life(seed * 100 + task, began, log.clone(), bell.clone(), 2));
                }
                for step in 0..40 {
                    sleep(Duration::from_millis(17 + step % 5)).await;
                    log.borrow_mut().push((0, step, began.elapsed().as_millis() as u64));
                    bell.notify_waiters();
                }
                sleep(Duration::from_secs(1_000_000)).await;
            }

            async fn life(seed: u64, began: Instant, log: Log, bell: std::rc::Rc<tokio::sync::Notify>, children: u64) {
                let mut rng = fastrand::Rng::with_seed(seed);
                for step in 0..60 {
                    match rng.u64(0..6) {
                        0 => {
                            let in_time = timeout(wait(&mut rng), sleep(wait(&mut rng))).await.is_ok();
                            log.borrow_mut().push((seed, 4_000, u64::from(in_time)));
                        }
                        1 => {
                            let in_time = timeout(wait(&mut rng), bell.notified()).await.is_ok();
                            log.borrow_mut().push((seed, 5_000, u64::from(in_time)));
                        }
                        2 => bell.notify_one(),
                        3 => {
                            let until = Instant::now() + wait(&mut rng);
                            match select(pin!(sleep_until(until)), pin!(sleep(wait(&mut rng)))).await {
                                Either::Left(_) => log.borrow_mut().push((seed, 1_000, 0)),
                                Either::Right(_) => log.borrow_mut().push((seed, 2_000, 0)),
                            }
                        }
                        4 => {
                            let mut all: FuturesUnordered<_> = (0..4).map(|_| timeout(wait(&mut rng), sleep(wait(&mut rng)))).collect();
                            while all.next().await.is_some() {
                                log.borrow_mut().push((seed, 3_000, began.elapsed().as_millis() as u64));
                            }
                        }
                        _ => sleep(wait(&mut rng)).await,
                    }
                    if children > 0 && rng.u64(0..20) == 0 {
                        let child = Box::pin(life(seed * 100 + step, began, log.clone(), bell.clone(), children - 1));
                        spawn(child as std::pin::Pin<Box<dyn Future<Output = ()>>>);
                    }
                    log.borrow_mut().push((seed, step, began.elapsed().as_millis() as u64));
                }
            }
        }
    };
}

program!(on_tokio, tokio::time, tokio::task::spawn_local);
program!(virtually, headway_virtual_time, headway_virtual_time::spawn);

#[test]
fn the_order_of_events_is_that_of_tokio() {
    for seed in 0..30 {
        let [ours, theirs] = [0, 1].map(|_| Log::default());
        headway_virtual_time::run(virtually::program(seed, ours.clone(), Rc::default()));
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build_local(tokio::runtime::LocalOptions::default()).expect("a runtime");
        runtime.block_on(on_tokio::program(seed, theirs.clone(), Rc::default()));
        let differs = ours.borrow().iter().zip(theirs.borrow().iter()).position(|(one, other)| one != other);
        assert_eq!((differs, ours.borrow().len()), (None, theirs.borrow().len()), "seed {seed}");
        assert!(ours.borrow().len() > 400, "much happens");
    }
}

#[test]
fn a_run_ends_with_its_tasks_and_time_begins_anew() {
    use headway_virtual_time::{Instant, run, sleep, spawn};
    let kept = Rc::new(());
    for _ in 0..2 {
        let waits = kept.clone();
        let ended = run(async move {
            let began = Instant::now();
            let task = spawn(async move {
                sleep(Duration::from_secs(9)).await;
                drop(waits);
            });
            sleep(Duration::from_millis(1_500)).await;
            task.abort();
            (began.elapsed(), Instant::now())
        });
        assert_eq!((ended.0, Rc::strong_count(&kept)), (Duration::from_millis(1_500), 1));
    }
    assert!(std::panic::catch_unwind(|| run(std::future::pending::<()>())).is_err(), "nothing will happen");
}
