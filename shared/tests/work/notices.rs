//! Notices of ends, as the worker sends them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use headway_core::job::{Labels, NoticeState, Told};
use headway_core::limits::DEADLINE_MARGIN;
use headway_core::notice::{Notice, NoticeSender};
use headway_core::submit::{Submission, start_job};
use headway_core::{App, Options, ToleratedFailures};
use headway_testkit::json::numbers;

use crate::world::{World, done};

/// An endpoint that needs a second to answer.
#[derive(Debug, Default)]
struct Endpoint {
    asked: AtomicUsize,
}

#[async_trait]
impl NoticeSender for Endpoint {
    async fn send(&self, _notice: &Notice) -> Told {
        self.asked.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(1)).await;
        Told::Delivered
    }
}

/// Bug found: the job came to rest only shortly before the function's time was over, and the endpoint had none left to
/// answer. That counted as a try, so that all tries could be used up although the endpoint always answers within a second.
#[tokio::test(start_paused = true)]
async fn time_that_the_endpoint_did_not_get_costs_no_try() {
    let mut world = World::new(Options::default(), |_| done());
    let endpoint = Arc::new(Endpoint::default());
    let app = world.app.clone().with_notices(endpoint.clone());
    world.take_app(App { callbacks: Arc::from(["crm".to_owned()]), ..app });
    world.function_timeout = DEADLINE_MARGIN + Duration::from_millis(2_600);
    let submission = world.submission(Some(numbers(1)), 1, ToleratedFailures::Count(0));
    let labels = Labels { callback: Some("crm".to_owned()), ..Labels::default() };
    let job = start_job(&world.app, Submission { labels, ..submission }).await.unwrap();
    world.take_sent();
    world.work_off().await;
    let job = world.job(job.id).await;
    assert_eq!(job.callback_state(), Some(NoticeState::Delivered));
    assert_eq!(endpoint.asked.load(Ordering::SeqCst), 1);
}
