//! Counts what is billed, at the connector: asks the table what each call consumed, and measures the queue's messages.
//!
//! Source: Amazon DynamoDB, "Read and write operations"; Amazon SQS pricing: a request for each 64 KiB of payload.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::shared::IntoShared as _;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

const QUEUE_UNIT_BYTES: usize = 64 * 1_024;

/// What was used since the last reset.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bill {
    pub(crate) writes: f64,
    pub(crate) reads: f64,
    pub(crate) queue_requests: f64,
    by_operation: BTreeMap<String, f64>,
    /// Every call, in the order in which they began.
    pub(crate) calls: Vec<String>,
}

impl Bill {
    /// Units of one operation, `UpdateItem` or the like.
    pub(crate) fn of(&self, operation: &str) -> f64 {
        self.by_operation.get(operation).copied().unwrap_or_default()
    }

    fn add(&mut self, operation: &str, units: f64) {
        *self.by_operation.entry(operation.to_owned()).or_default() += units;
        match operation {
            "SendMessageBatch" | "ReceiveMessage" | "DeleteMessageBatch" => self.queue_requests += units,
            "GetItem" | "BatchGetItem" | "Query" => self.reads += units,
            _ => self.writes += units,
        }
    }
}

/// Shared by all clients around which it is wrapped.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    bill: Bill,
    call_takes: Duration,
}

impl Meter {
    pub(crate) fn bill(&self) -> Bill {
        self.0.lock().unwrap().bill.clone()
    }

    pub(crate) fn reset(&self) {
        self.0.lock().unwrap().bill = Bill::default();
    }

    /// From now on every call takes this long.
    pub(crate) fn each_call_takes(&self, call_takes: Duration) {
        self.0.lock().unwrap().call_takes = call_takes;
    }

    /// Records that a call begins. Returns how long it takes.
    fn begin(&self, operation: &str) -> Duration {
        let mut state = self.0.lock().unwrap();
        state.bill.calls.push(operation.to_owned());
        state.call_takes
    }

    /// `inner`, with every call counted.
    pub(crate) fn around(&self, inner: SharedHttpClient) -> SharedHttpClient {
        Metered { meter: self.clone(), inner }.into_shared()
    }
}

#[derive(Debug, Clone)]
struct Metered {
    meter: Meter,
    inner: SharedHttpClient,
}

impl HttpClient for Metered {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(MeteredConnector { meter: self.meter.clone(), inner })
    }
}

#[derive(Debug)]
struct MeteredConnector {
    meter: Meter,
    inner: SharedHttpConnector,
}

impl HttpConnector for MeteredConnector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
        let (service, operation) = target.rsplit_once('.').unwrap_or_default();
        let (queue, operation, meter) = (service.contains("SQS"), operation.to_owned(), self.meter.clone());
        let mut sent: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        if !queue && !operation.contains("Table") && !operation.contains("TimeToLive") {
            sent["ReturnConsumedCapacity"] = "INDEXES".into();
            *request.body_mut() = SdkBody::from(sent.to_string());
        }
        let answer = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            tokio::time::sleep(meter.begin(&operation)).await;
            let answer = answer.await?;
            let body: Value = serde_json::from_slice(answer.body().bytes().unwrap()).unwrap_or_default();
            let units = if queue { queue_units(&operation, &sent, &body) } else { table_units(answer.status().is_success(), &body) };
            meter.0.lock().unwrap().bill.add(&operation, units);
            Ok(answer)
        })
    }
}

/// A delete has no payload; sends and receives are billed by their payload.
fn queue_units(operation: &str, sent: &Value, body: &Value) -> f64 {
    let bytes = |list: &Value, body: &str| {
        list.as_array().into_iter().flatten().map(|message| message[body].as_str().unwrap_or_default().len()).sum::<usize>()
    };
    let payload = match operation {
        "SendMessageBatch" => bytes(&sent["Entries"], "MessageBody"),
        "ReceiveMessage" => bytes(&body["Messages"], "Body"),
        _ => 0,
    };
    payload.div_ceil(QUEUE_UNIT_BYTES).max(1) as f64
}

/// What the table says it consumed, including indexes. A refused conditional write is billed like a successful one.
fn table_units(success: bool, body: &Value) -> f64 {
    if !success {
        let refused = body["__type"].as_str().is_some_and(|kind| kind.ends_with("ConditionalCheckFailedException"));
        return if refused { 1.0 } else { 0.0 };
    }
    let units = |consumed: &Value| consumed["CapacityUnits"].as_f64().unwrap_or_default();
    match &body["ConsumedCapacity"] {
        Value::Array(tables) => tables.iter().map(units).sum(),
        one => units(one),
    }
}
