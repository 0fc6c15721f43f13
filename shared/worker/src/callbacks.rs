//! Tells an endpoint that a round of a job has ended: a request as in Standard Webhooks 1.0, with the job as the HTTP API
//! shows it to its owner. It goes only to endpoints that the operator configured, under the same rules as the items of
//! the `http` processor.

use std::sync::Arc;

use async_trait::async_trait;
use headway_core::job::SendResult;
use headway_core::notice::{Notice, NoticeSender};
use headway_core::{Clock, error_chain};
use headway_outbound::{Endpoint, Endpoints};
use reqwest::StatusCode;
use tokio::sync::OnceCell;

use crate::notice_body::NoticeBody;
use crate::processors::endpoints;

/// Sends notices to the operator's endpoints.
#[derive(Debug)]
pub struct Callbacks {
    clock: Arc<dyn Clock>,
    endpoints: OnceCell<Endpoints>,
}

impl Callbacks {
    /// Sends to the endpoints in the environment. They are read at the first notice, since most workers never send one.
    pub fn from_env(clock: Arc<dyn Clock>) -> Self {
        Self { clock, endpoints: OnceCell::new() }
    }

    /// Sends to these endpoints.
    pub fn new(endpoints: Endpoints, clock: Arc<dyn Clock>) -> Self {
        Self { clock, endpoints: OnceCell::new_with(Some(endpoints)) }
    }

    async fn endpoint(&self, name: &str) -> Result<&Endpoint, String> {
        let endpoints = self.endpoints.get_or_try_init(endpoints).await.map_err(|error| error_chain(&error))?;
        let unknown = || format!("the worker has no endpoint {name}: name it in {}", Endpoints::VARIABLE);
        endpoints.get(name).map(AsRef::as_ref).ok_or_else(unknown)
    }

    async fn post(&self, notice: &Notice) -> Result<StatusCode, String> {
        let (name, now) = (notice.endpoint.as_deref().unwrap_or_default(), self.clock.now());
        let endpoint = self.endpoint(name).await?;
        let body = serde_json::to_string(&NoticeBody::new(notice, now)).map_err(|error| error.to_string())?;
        let request = endpoint.post(&notice.id, now, body).builder;
        // The body does not matter and is not read, so a receiver that sends without end delays nothing.
        endpoint.send(request).await.map(|answer| answer.status()).map_err(|reason| reason.to_string())
    }
}

#[async_trait]
impl NoticeSender for Callbacks {
    async fn send(&self, notice: &Notice) -> SendResult {
        match self.post(notice).await {
            Ok(status) if status.is_success() => SendResult::Delivered,
            Ok(StatusCode::GONE) => SendResult::Refused,
            Ok(status) => SendResult::Failed(format!("it answered {status}")),
            Err(reason) => SendResult::Failed(reason),
        }
    }
}
