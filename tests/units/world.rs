//! Jobs on production's adapters and the embedded table and queue, with a meter in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use headway_aws::dynamodb::{DynamoLedger, schema};
use headway_aws::sqs::SqsQueue;
use headway_core::submit::{RequestKey, Submission, put_part, seal, start_job};
use headway_core::work::{Delivery, Worker};
use headway_core::{App, Item, ItemError, ItemProcessor, Job, JobId, Output, OwnedJob, Processors, SystemClock, ToleratedFailures, UserId};
use headway_embedded::{Config, Embedded};
use headway_testkit::messages;
use serde_json::value::RawValue;

use crate::meter::Meter;

const TABLE: &str = "headway";
/// How many messages a batch receives, as in the event source mapping.
const BATCH: i32 = 10;

pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) meter: Meter,
    worker: Worker,
    sqs: aws_sdk_sqs::Client,
    queue_url: String,
    processed: Arc<AtomicU64>,
    user: UserId,
}

/// Counts its calls.
struct Counts(Arc<AtomicU64>);

/// Gives back each item.
struct Echo;

#[async_trait]
impl ItemProcessor for Echo {
    async fn process(&self, item: Item) -> Result<Output, ItemError> {
        Ok(Output::Json(item.value))
    }
}

#[async_trait]
impl ItemProcessor for Counts {
    async fn process(&self, _item: Item) -> Result<Output, ItemError> {
        self.0.fetch_add(1, SeqCst);
        Ok(Output::None)
    }
}

/// Items of 200 bytes, beginning with index `first`.
pub(crate) fn items(first: u64, count: usize) -> Vec<Box<RawValue>> {
    (0..count as u64).map(|i| RawValue::from_string(format!("\"{:0>198}\"", first + i)).unwrap()).collect()
}

/// Items of this many bytes, of six random bits each, as in base64.
pub(crate) fn noise(count: usize, bytes: usize) -> Vec<Box<RawValue>> {
    const SYMBOLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut state = 7_u64;
    let mut symbol = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(SYMBOLS[(state >> 58) as usize])
    };
    let mut text = |_| RawValue::from_string(format!("\"{}\"", (2..bytes).map(|_| symbol()).collect::<String>())).unwrap();
    (0..count).map(&mut text).collect()
}

impl World {
    pub(crate) async fn new() -> Self {
        let (meter, processed) = (Meter::default(), Arc::new(AtomicU64::new(0)));
        let embedded = Embedded::open(Config::memory()).unwrap();
        let table = Embedded::dynamodb_config(meter.around(embedded.dynamodb_http_client())).build();
        let table = aws_sdk_dynamodb::Client::from_conf(table);
        schema::create_table(&table, TABLE).await.unwrap();
        let sqs = aws_sdk_sqs::Client::from_conf(Embedded::sqs_config(meter.around(embedded.sqs_http_client())).build());
        let queue_url = embedded.queue().url.clone();
        let processors = Processors::new().with("counts", Counts(processed.clone())).with("echo", Echo);
        let queue = SqsQueue::new(sqs.clone(), &queue_url);
        let app = App::new(Arc::new(DynamoLedger::new(table, TABLE)), Arc::new(queue), Arc::new(SystemClock));
        let app = app.with_processors(processors.infos());
        meter.reset();
        Self { worker: Worker::new(app.clone(), processors), app, meter, sqs, queue_url, processed, user: UserId::new("u").unwrap() }
    }

    pub(crate) async fn open_job(&self, chunk_size: u16) -> JobId {
        start_job(&self.app, self.submission(None, chunk_size)).await.unwrap().id
    }

    /// Starts a job with all its items, with a key.
    pub(crate) async fn submit(&self, key: &str, items: Vec<Box<RawValue>>, chunk_size: u16) -> Job {
        let key = RequestKey { key_hash: key.to_owned(), fingerprint: "of the body".to_owned() };
        start_job(&self.app, Submission { key: Some(key), ..self.submission(Some(items), chunk_size) }).await.unwrap()
    }

    /// Starts a job whose items are their own outputs.
    pub(crate) async fn submit_to_echo(&self, items: Vec<Box<RawValue>>) -> Job {
        start_job(&self.app, Submission::new(self.user.clone(), "echo", Some(items))).await.unwrap()
    }

    fn submission(&self, items: Option<Vec<Box<RawValue>>>, chunk_size: u16) -> Submission {
        Submission {
            tolerated: ToleratedFailures::Count(1_000_000),
            chunk_size: Some(chunk_size),
            ..Submission::new(self.user.clone(), "counts", items)
        }
    }

    /// A part of this many items, after parts of the same size.
    pub(crate) async fn put_part(&self, job: JobId, part: u32, count: usize) {
        let first = u64::from(part) * count as u64;
        put_part(&self.app, &self.owned(job).await, part, first, items(first, count)).await.unwrap();
    }

    pub(crate) async fn seal(&self, job: JobId, parts: u32) {
        seal(&self.app, &self.owned(job).await, parts).await.unwrap();
    }

    async fn owned(&self, job: JobId) -> OwnedJob {
        self.app.owned(&self.user, job).await.unwrap()
    }

    pub(crate) fn processed(&self) -> u64 {
        self.processed.load(SeqCst)
    }

    pub(crate) async fn receive(&self) -> Vec<Delivery> {
        let received = self.sqs.receive_message().queue_url(&self.queue_url).max_number_of_messages(BATCH).send().await.unwrap();
        let delivery = |message: aws_sdk_sqs::types::Message| messages::delivery(message.receipt_handle.unwrap(), message.body.unwrap());
        received.messages.unwrap_or_default().into_iter().map(delivery).collect()
    }

    /// Processes a batch. Returns the ids of messages that are not done.
    pub(crate) async fn work(&self, batch: Vec<Delivery>) -> Vec<String> {
        self.worker.work(batch, messages::invocation(Duration::from_secs(60))).await.undone
    }

    /// Processes all messages and deletes them.
    pub(crate) async fn work_off(&self) {
        loop {
            let batch = self.receive().await;
            if batch.is_empty() {
                return;
            }
            let handles: Vec<String> = batch.iter().map(|delivery| delivery.message_id.clone()).collect();
            assert_eq!(self.work(batch).await, Vec::<String>::new());
            let entry = |(place, handle): (usize, &String)| {
                aws_sdk_sqs::types::DeleteMessageBatchRequestEntry::builder().id(place.to_string()).receipt_handle(handle).build().unwrap()
            };
            let entries = handles.iter().enumerate().map(entry).collect();
            self.sqs.delete_message_batch().queue_url(&self.queue_url).set_entries(Some(entries)).send().await.unwrap();
        }
    }
}
