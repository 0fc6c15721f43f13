//! Notices of ends, as the worker sends them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use headway_core::cancel::cancel;
use headway_core::chunk::Message;
use headway_core::job::{Labels, NoticeState, SendResult};
use headway_core::limits::DEADLINE_MARGIN;
use headway_core::notice::{Notice, NoticeSender};
use headway_core::retry::retry;
use headway_core::submit::{Submission, start_job};
use headway_core::work::send_revivals;
use headway_core::{App, JobId, Options, ToleratedFailures};
use headway_testkit::json::numbers;

use crate::world::{Held, World, done};

/// An endpoint that needs a second to answer.
#[derive(Debug, Default)]
struct Endpoint {
    asked: AtomicUsize,
}

#[async_trait]
impl NoticeSender for Endpoint {
    async fn send(&self, _notice: &Notice) -> SendResult {
        self.asked.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(1)).await;
        SendResult::Delivered
    }
}

/// A world whose jobs tell this endpoint of their ends.
fn world_with(endpoint: &Arc<Endpoint>) -> World {
    let mut world = World::new(Options::default(), |_| done());
    let app = world.app.clone().with_notices(endpoint.clone());
    world.take_app(App { callbacks: Arc::from(["crm".to_owned()]), ..app });
    world
}

/// A job of this many chunks of one item.
async fn start(world: &mut World, chunks: u64) -> JobId {
    let submission = world.submission(Some(numbers(chunks)), 1, ToleratedFailures::Count(0));
    let labels = Labels { callback: Some("crm".to_owned()), ..Labels::default() };
    let job = start_job(&world.app, Submission { labels, ..submission }).await.unwrap();
    world.take_sent();
    job.id
}

/// How many messages that ask for a notice are in the queue.
fn asked(world: &World) -> usize {
    world.messages.iter().filter(|held| matches!(Message::from_wire(&held.body), Ok(Message::Tell { .. }))).count()
}

/// Bugs found: a worker or a request died right after the write that ended its job, and nobody was told until the sweep came, although
/// messages of the job came: they were parked or dropped. The writes here are those of who died.
#[tokio::test(start_paused = true)]
async fn an_end_whose_writer_died_is_told_when_a_message_meets_it() {
    for (what, received_before) in [("parked", false), ("parked", true), ("dropped", false), ("dropped", true), ("settled", true)] {
        let endpoint = Arc::<Endpoint>::default();
        let mut world = world_with(&endpoint);
        let id = start(&mut world, 3).await;
        let first = world.receive(1).await;
        world.deliver(first.clone()).await;
        let job = world.job(id).await;
        match what {
            "dropped" => world.app.jobs.mark_cancelled(&job).await.unwrap(),
            _ => world.app.jobs.mark_failed(&job, "no".to_owned()).await.unwrap(),
        };
        // The worker is another one, or it would know the job as it was.
        world.take_app(world.app.clone());
        let met = if what == "settled" { first } else { world.receive(1).await };
        let met = met.into_iter().map(|held| Held { received: if received_before { 2 } else { 1 }, ..held }).collect();
        assert_eq!((world.deliver(met).await, asked(&world)), (0, 1), "{what}");
        world.work_off().await;
        assert_eq!(world.job(id).await.callback_state(), Some(NoticeState::Delivered), "{what}");
        assert_eq!(endpoint.asked.load(Ordering::SeqCst), 1, "{what}");
    }
}

/// Would find a revival that meets an ended job, or the second request to end it, without anybody being told.
#[tokio::test(start_paused = true)]
async fn an_end_whose_writer_died_is_told_after_a_revival_or_a_second_request() {
    for by_revival in [false, true] {
        let endpoint = Arc::<Endpoint>::default();
        let mut world = world_with(&endpoint);
        let id = start(&mut world, 3).await;
        world.messages.clear();
        let job = world.job(id).await;
        if by_revival {
            send_revivals(&world.app, &job, [0], Duration::ZERO).await.unwrap();
        }
        world.app.jobs.mark_cancelled(&job).await.unwrap();
        if !by_revival {
            cancel(&world.app, &world.user, id).await.unwrap();
        }
        world.take_sent();
        world.work_off().await;
        assert_eq!(world.job(id).await.callback_state(), Some(NoticeState::Delivered), "by a revival: {by_revival}");
    }
}

/// Would find a large job that fails, each of whose messages asks for the notice, or asks for one that was told.
#[tokio::test(start_paused = true)]
async fn a_process_asks_once_for_an_end_that_it_meets_often() {
    let endpoint = Arc::<Endpoint>::default();
    let mut world = world_with(&endpoint);
    let id = start(&mut world, 60).await;
    world.app.jobs.mark_failed(&world.job(id).await, "no".to_owned()).await.unwrap();
    for _ in 0..3 {
        let batch = world.receive(10).await;
        world.deliver(batch).await;
    }
    assert_eq!(asked(&world), 1);
    world.work_off().await;
    assert_eq!(endpoint.asked.load(Ordering::SeqCst), 1);
    retry(&world.app, &world.owned(id).await, Some(1)).await.unwrap();
    world.app.jobs.mark_failed(&world.job(id).await, "no".to_owned()).await.unwrap();
    world.take_sent();
    world.work_off().await;
    assert_eq!(endpoint.asked.load(Ordering::SeqCst), 2, "the next round has a notice of its own");
}

/// Bug found: the job came to rest only shortly before the function's time was over, and the endpoint had none left to
/// answer. That counted as a try, so that all tries could be used up although the endpoint always answers within a second.
#[tokio::test(start_paused = true)]
async fn time_that_the_endpoint_did_not_get_costs_no_try() {
    let endpoint = Arc::<Endpoint>::default();
    let mut world = world_with(&endpoint);
    world.function_timeout = DEADLINE_MARGIN + Duration::from_millis(2_600);
    let id = start(&mut world, 1).await;
    world.work_off().await;
    let job = world.job(id).await;
    assert_eq!(job.callback_state(), Some(NoticeState::Delivered));
    assert_eq!(endpoint.asked.load(Ordering::SeqCst), 1);
}
