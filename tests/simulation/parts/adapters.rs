//! Parts with production's adapters: its DynamoDB and SQS code and the SDK's clients, over the embedded table and queue
//! in memory. Faults occur on the wire below the clients, so expressions, error handling and the SDK's own retries are
//! tested too.
//!
//! The seed determines the history: everything runs on one thread in virtual time, the embedded parts answer at once in
//! memory, and the jitter of retries comes from a seeded generator. Ids of messages and transactions and the order of
//! names in a request are not determined, but nothing depends on them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use headway_aws::dynamodb::{DynamoLedger, schema};
use headway_aws::sqs::SqsQueue;
use headway_core::chunk::Message;
use headway_core::queue::Outgoing;
use headway_core::queue::memory::MemoryQueue;
use headway_core::work::Delivery;
use headway_core::{App, ChunkQueue, Clock, JobError, ProcessorInfo, Store, UserId};
use headway_embedded::{Config, Embedded};
use tokio::time::{Duration, Instant};

use self::fault::Fault;
use self::inbox::Inbox;
use self::wire::Arrived;
use super::ports::{LastAnswers, SimLedger};
use super::{Parts, Through};
use crate::faults::{Faults, Process};
use crate::ops::{Kind, Op};
use crate::process::GAVE_UP;

mod bodies;
mod fault;
mod inbox;
mod wire;

const TABLE: &str = "headway";
/// How often a message is received before it is a dead letter.
const RECEIVES_MAX: u32 = 5;

/// With fewer histories rare states might not be reached.
const HISTORIES_FOR_RARE: u64 = 1_000;

/// What a run with this many histories must have reached: every fault of the wire, and otherwise what shows that calls
/// failed in the middle of every kind of work. Races are left to the ports' run, which is much longer.
pub(super) fn expected(histories: u64) -> Vec<&'static str> {
    let of_wire = Fault::ALL.iter().map(|fault| fault.name());
    let all = COMMON.iter().chain(RARE).copied().chain(of_wire.filter(|name| !RARE.contains(name)));
    let surely = |name: &&str| histories >= HISTORIES_FOR_RARE || histories >= Through::Adapters.histories() && !RARE.contains(name);
    all.filter(surely).collect()
}

const COMMON: &[&str] = &[
    GAVE_UP,
    wire::TROUBLE,
    wire::ARRIVES_AFTER_DEATH,
    wire::SHORT_PAGE,
    wire::INDEX_BEHIND,
    "fault: crash before the effect",
    "fault: crash after the effect",
    "fault: late call",
    "fault: late answer",
    "fault: stale read",
    "fault: clock skew",
    "fault: duplicate delivery",
    "fault: late duplicate",
    "fault: lost delete",
    "fault: visibility ran out",
    "fault: function timed out",
    "job: Completed",
    "job: Failed",
    "job: streamed in parts",
    "job: submission sent again",
    "job: paused and resumed",
    "job: retried",
    "job: retried twice",
    "job: deleted past retention",
    "item: failed for good",
    "item: killed its worker",
    "item: processed again",
    "ledger: clean settle refused",
    "ledger: shadow refused",
    "ledger: parked",
    "ledger: stamped",
];

const RARE: &[&str] = &[
    "wire: transaction cancelled by another",
    "wire: transaction throttled",
    "wire: transaction in progress",
    "fault: crash between work and delete",
    "fault: dead letter",
    "job: Cancelled",
    "job: resubmitted after a deploy",
    "job: submitted by two at once",
    "item: Crashed",
    "item: RetriesExhausted",
    "item: TimedOut",
    "ledger: cancel during a settle",
    "ledger: end refused",
    "ledger: roll-up refused",
    "ledger: stamp refused",
    "ledger: strike noted",
    "ledger: settled after a failure",
    "ledger: parked sent again",
    "sweep: abandoned",
    "sweep: deleted",
    "sweep: ended a job",
    "sweep: reconciled",
    "sweep: revived",
];

/// The embedded table and queue, and production's adapters to them.
pub(super) struct Adapters {
    embedded: Embedded,
    /// The table without faults, for observers.
    calm: Arc<dyn Store>,
    last_answers: LastAnswers,
    inbox: Inbox,
    /// The number of writes to the table.
    writes: Arc<AtomicU64>,
}

impl Adapters {
    pub(super) async fn new(faults: Faults) -> Self {
        // The jitter of the SDK's retries and of the adapters' comes from the thread's generator.
        fastrand::seed(faults.pick(u64::MAX));
        // The queue's clock is wrong too.
        let machine = Process::new(faults.clone(), Instant::now());
        let clock = Arc::new(move || machine.now().timestamp_millis() as u64);
        let embedded = Embedded::open(Config { max_receive_count: RECEIVES_MAX, clock, ..Config::memory() }).unwrap();
        let client = embedded.dynamodb();
        schema::create_table(&client, TABLE).await.unwrap();
        let (calm, last_answers) = (Arc::new(DynamoLedger::new(client, TABLE)), LastAnswers::default());
        Self { calm, last_answers, inbox: Inbox::new(faults, &embedded), writes: Arc::default(), embedded }
    }
}

impl Adapters {
    fn count_writes(&self) -> Arrived {
        let writes = self.writes.clone();
        Arc::new(move |asked| {
            writes.fetch_add(u64::from(asked.writes()), Ordering::Relaxed);
        })
    }
}

#[async_trait(?Send)]
impl Parts for Adapters {
    fn app(&self, process: &Process, processors: Vec<ProcessorInfo>) -> App {
        let clock: Arc<dyn Clock> = Arc::new(process.clone());
        let table_wire = wire::http_client(process.clone(), self.embedded.dynamodb_http_client(), self.count_writes());
        let queue_wire = wire::http_client(process.clone(), self.embedded.sqs_http_client(), self.inbox.note_sent());
        let ledger = SimLedger {
            process: process.struck_below(),
            table: Arc::new(ledger(table_wire, clock.clone())),
            calm: self.calm.clone(),
            last_answers: self.last_answers.clone(),
            kept: None,
        };
        let queue = Sender { process: process.struck_below(), queue: queue(queue_wire, &self.embedded) };
        App::new(Arc::new(ledger), Arc::new(queue), clock).with_processors(processors)
    }

    fn calm_app(&self, process: &Process) -> App {
        App::new(self.calm.clone(), Arc::new(MemoryQueue::default()), Arc::new(process.clone()))
    }

    async fn receive(&self, most: u64, visibility: Duration) -> Vec<Delivery> {
        self.inbox.receive(most, visibility).await
    }

    async fn delete(&self, message_id: &str) {
        self.inbox.delete(message_id).await;
    }

    async fn has_visible(&self) -> bool {
        self.inbox.has_visible().await
    }

    async fn is_empty(&self) -> bool {
        self.inbox.is_empty().await
    }

    fn writes(&self) -> Option<u64> {
        Some(self.writes.load(Ordering::Relaxed))
    }

    async fn wait(&self) {
        self.inbox.wait().await;
    }

    async fn redrive(&self) -> usize {
        self.inbox.redrive().await
    }
}

/// Sends messages for one process.
#[derive(Debug)]
struct Sender {
    process: Process,
    queue: SqsQueue,
}

#[async_trait]
impl ChunkQueue for Sender {
    async fn send(&self, group: &UserId, messages: Vec<Outgoing>) -> Result<(), JobError> {
        let read: Vec<Message> = messages.iter().filter_map(|message| Message::from_wire(&message.body).ok()).collect();
        self.process.sends(read.iter());
        self.process.call(Op::of(Kind::Send), self.queue.send(group, messages)).await
    }
}

/// The table for a process, over this wire.
fn ledger(wire: SharedHttpClient, clock: Arc<dyn Clock>) -> DynamoLedger {
    let config = Embedded::dynamodb_config(wire).retry_partition(own_retries());
    DynamoLedger::new(aws_sdk_dynamodb::Client::from_conf(config.build()), TABLE).with_clock(clock)
}

/// The queue for a process, over this wire.
fn queue(wire: SharedHttpClient, embedded: &Embedded) -> SqsQueue {
    let config = Embedded::sqs_config(wire).retry_partition(own_retries());
    SqsQueue::new(aws_sdk_sqs::Client::from_conf(config.build()), &embedded.queue().url)
}

/// The SDK keeps its budget for retries per process of the operating system, so each process of a history gets one of
/// its own.
fn own_retries() -> RetryPartition {
    RetryPartition::custom("a process").build()
}
