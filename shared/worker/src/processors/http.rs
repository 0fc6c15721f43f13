//! `http`: sends items to an endpoint that the operator has configured under a name, so that a processor can be written
//! in any language. Each item has a request of its own, or several are in one document if the endpoint has a `batch`. 2xx means
//! that the item is done. After a temporary failure it is tried again, after any other answer it has failed. Callers never give
//! an address.

mod answer;
mod batch;
mod excerpt;
mod http_status;
mod redirect;

use std::sync::Arc;
use std::time::Duration;

use answer::Attempt;
use async_trait::async_trait;
use headway_built_in::http::{self, Params};
use headway_core::{Clock, Item, ItemError, ItemProcessor, Options, Output, SystemClock};
use headway_outbound::{Endpoint, Endpoints};
use serde_json::value::RawValue;

use super::configured;

/// Posts each item unchanged to the endpoint that the job's `params` name: `{"endpoint": "crm"}`.
///
/// Every attempt for an item has the same idempotency key, and a signature as in Standard Webhooks 1.0.
#[derive(Debug, Clone)]
pub struct Http {
    endpoints: Endpoints,
    clock: Arc<dyn Clock>,
}

impl Http {
    /// With the operator's endpoints.
    pub fn new(endpoints: Endpoints) -> Self {
        Self { endpoints, clock: Arc::new(SystemClock) }
    }

    /// Takes the time of day from `clock`.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    fn for_endpoint(&self, params: &RawValue) -> Result<ForEndpoint, ItemError> {
        let Params { endpoint } = serde_json::from_str(params.get())
            .map_err(|e| ItemError::permanent("params", format!("params must be {{\"endpoint\": \"name\"}}: {e}")))?;
        let unknown = || configured::unknown("endpoint", &endpoint, self.endpoints.names(), Endpoints::VARIABLE);
        let found = self.endpoints.get(&endpoint).ok_or_else(unknown)?;
        Ok(ForEndpoint { endpoint: Arc::clone(found), clock: Arc::clone(&self.clock) })
    }
}

#[async_trait]
impl ItemProcessor for Http {
    async fn process(&self, item: Item) -> Result<Output, ItemError> {
        self.for_endpoint(&item.params)?.process(item).await
    }

    async fn process_many(&self, items: Vec<Item>) -> Vec<Result<Output, ItemError>> {
        let Some(first) = items.first() else { return Vec::new() };
        match self.for_endpoint(&first.params) {
            Ok(processor) => processor.process_many(items).await,
            Err(error) => configured::for_all(&items, &error),
        }
    }

    fn prepare(&self, params: &RawValue) -> Result<Option<Arc<dyn ItemProcessor>>, ItemError> {
        Ok(Some(Arc::new(self.for_endpoint(params)?)))
    }

    /// The largest value of any endpoint. What `prepare` returns has the endpoint's own.
    fn options(&self) -> Options {
        let names: Vec<&str> = self.endpoints.names().collect();
        configured::largest(http::options(&names), self.endpoints.iter().map(options))
    }
}

/// The processor for the jobs of one endpoint.
struct ForEndpoint {
    endpoint: Arc<Endpoint>,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl ItemProcessor for ForEndpoint {
    async fn process(&self, item: Item) -> Result<Output, ItemError> {
        if self.endpoint.batch().is_some() {
            return batch::single(&self.endpoint, self.clock.as_ref(), item).await;
        }
        let now = self.clock.now();
        let key = item.idempotency_key();
        let signed = self.endpoint.post(&key, now, String::from(Box::<str>::from(item.value)));
        let request = (signed.builder)
            .header("idempotency-key", key)
            .header("headway-job", item.job_id.to_string())
            .header("headway-index", item.index)
            .header("headway-attempt", item.attempt);
        let attempt = Attempt { endpoint: &self.endpoint, signature: &signed.signature, number: item.attempt, now };
        match self.endpoint.send(request).await {
            Ok(response) => answer::read(&attempt, response).await,
            Err(reason) => Err(answer::unanswered(&self.endpoint, &reason)),
        }
    }

    async fn process_many(&self, items: Vec<Item>) -> Vec<Result<Output, ItemError>> {
        batch::many(&self.endpoint, self.clock.as_ref(), &items).await
    }

    fn options(&self) -> Options {
        options(&self.endpoint)
    }
}

/// The request has a slightly shorter time limit than the item: its error is more precise, and is retryable.
fn options(endpoint: &Endpoint) -> Options {
    Options {
        batch: endpoint.batch().unwrap_or(1),
        concurrency: endpoint.concurrency(),
        own_thread: false,
        item_timeout: endpoint.timeout() + Duration::from_secs(1),
        attempts_max: endpoint.attempts_max(),
        limit: Some(endpoint.name().to_owned()),
        ..Options::default()
    }
}
