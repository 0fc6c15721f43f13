//! The service in memory, as fuzz targets call it: whatever is sent, the answer is no fault of ours.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use chrono::{TimeDelta, Utc};
use headway::ledger::memory::MemoryLedger;
use headway::queue::memory::MemoryQueue;
use headway::{App, Options, ProcessorInfo, SystemClock};
use headway_api::auth::Authenticator;
use headway_api::auth::hs256::DevelopmentKey;
use headway_api::{AppState, router};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

/// What checks tokens here.
pub const KEY: DevelopmentKey = DevelopmentKey::new([7; 32]);

/// A service that nobody has asked anything yet, and the runtime it runs on.
pub struct Service {
    runtime: tokio::runtime::Runtime,
    router: Router,
    token: String,
}

impl Service {
    /// A fresh one.
    pub fn new() -> Self {
        let clock = Arc::new(SystemClock);
        let processors = vec![ProcessorInfo::new("echo", &Options::default())];
        let app = App::new(Arc::new(MemoryLedger::default()), Arc::new(MemoryQueue::default()), clock.clone());
        let state = AppState::new(app.with_processors(processors), Authenticator::hs256(KEY, clock));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let token = KEY.token("ann", &[], Utc::now(), TimeDelta::hours(1)).expect("a token").text;
        Self { runtime, router: router(Arc::new(state)), token }
    }

    /// The answer to a request of Ann's, which is no fault of ours. `None` if it is no request.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<(StatusCode, Vec<u8>)> {
        let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {}", self.token));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = request.body(Body::from(body.to_vec())).ok()?;
        let (status, body) = self.runtime.block_on(async {
            let (parts, body) = self.router.clone().oneshot(request).await.expect("an answer").into_parts();
            (parts.status, body.collect().await.expect("a whole answer").to_bytes().to_vec())
        });
        assert!(!status.is_server_error(), "{status}: {}", String::from_utf8_lossy(&body));
        Some((status, body))
    }

    /// Runs what waits.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }
}

impl Default for Service {
    fn default() -> Self {
        Self::new()
    }
}
