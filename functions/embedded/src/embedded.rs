//! Everything together: opened at once, handed out as the SDK's own clients.

use std::{
    collections::BTreeMap,
    fs::{File, TryLockError},
    sync::Arc,
    time::Duration,
};

use aws_sdk_dynamodb::config::SharedHttpClient;

use crate::{
    config::{Config, FUNCTION_TIMEOUT},
    durability::{LockKind, open_lock, prepare_directory, sync_directory},
    error::{OpenError, Unavailable},
    http::{Answer, ENDPOINT, REGION, client_of},
    pump::{self, EventSource, Outcome},
    queue::{self, Attributes, Fairness, QueueAddress, Queues, Settings},
    schedule,
    table::{self, Table},
};

/// Dead letters are kept as long as SQS keeps anything.
const DEAD_LETTERS_KEPT_SECONDS: u64 = 1_209_600;
/// Locked by the process that works the queue off.
const HOLD_FILE: &str = "pump.lock";

/// A table and a queue with its dead letters, in one directory or in memory. Clones share them.
#[derive(Clone)]
pub struct Embedded {
    table: Arc<Table>,
    queues: Arc<Queues>,
    config: Arc<Config>,
    queue: QueueAddress,
    dead_letters: QueueAddress,
}

/// This process is the one that works the queue off.
#[derive(Debug)]
pub struct Hold(#[expect(dead_code, reason = "the lock lasts as long as the file is open")] Option<File>);

impl std::fmt::Debug for Embedded {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Embedded").field(&self.config).finish()
    }
}

impl Embedded {
    /// Opens them; makes the directory, the files and both queues where there are none. The table's tables are made
    /// by whoever uses them, with `CreateTable`. Takes milliseconds, and a second for hundreds of megabytes, since the
    /// files are looked over for damage. Several processes may open the same directory.
    ///
    /// # Errors
    /// If the directory cannot be used, or what it holds is damaged: the message says what to do.
    pub fn open(config: Config) -> Result<Self, OpenError> {
        let queue = QueueAddress::of(&config.queue_name);
        let dead_letters = QueueAddress::of(&format!("{}-dead-letters", config.queue_name));
        let wanted = wanted_queues(&config, &queue, &dead_letters)?;
        let settings = Settings { clock: Arc::clone(&config.clock), twice: config.duplicate_every_message, fairness: config.fairness };
        let (table, queues) = match &config.data {
            None => (Table::in_memory()?, Queues::in_memory(&wanted, settings)?),
            Some(directory) => {
                prepare_directory(directory)?;
                let table = Table::in_directory(directory)?;
                let queues = Queues::in_directory(directory, &wanted, settings)?;
                sync_directory(directory).map_err(|cause| OpenError::Directory { path: directory.clone(), cause })?;
                (table, queues)
            }
        };
        Ok(Self { table: Arc::new(table), queues: Arc::new(queues), queue, dead_letters, config: Arc::new(config) })
    }

    /// A DynamoDB client whose requests go to the table here.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let config = Self::dynamodb_config(self.dynamodb_http_client());
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// An SQS client whose requests go to the queues here.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        let config = Self::sqs_config(self.sqs_http_client());
        aws_sdk_sqs::Client::from_conf(config.build())
    }

    /// Answers one request of AWS's JSON protocol, for a host that offers table and queues over HTTP: the header
    /// `X-Amz-Target` (such as `AmazonSQS.SendMessageBatch`), and the body.
    pub async fn answer(&self, target: &str, body: &[u8]) -> Answer {
        let (service, operation) = target.rsplit_once('.').unwrap_or_default();
        if service.starts_with("DynamoDB") { self.table.answer(operation, body).await } else { self.queues.answer(operation, body).await }
    }

    /// What answers DynamoDB's requests; to be wrapped where calls shall fail on purpose.
    pub fn dynamodb_http_client(&self) -> SharedHttpClient {
        client_of(table::Connector(Arc::clone(&self.table)))
    }

    /// What answers SQS's requests; to be wrapped where calls shall fail on purpose.
    pub fn sqs_http_client(&self) -> SharedHttpClient {
        client_of(queue::Connector(Arc::clone(&self.queues)))
    }

    /// The rest of a DynamoDB client's configuration: no signing, since nobody checks it, and no connection to give up
    /// after a fault.
    pub fn dynamodb_config(http_client: SharedHttpClient) -> aws_sdk_dynamodb::config::Builder {
        use aws_sdk_dynamodb::config::retry::{ReconnectMode, RetryConfig};
        use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Region, StalledStreamProtectionConfig};
        Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .retry_config(RetryConfig::standard().with_reconnect_mode(ReconnectMode::ReuseAllConnections))
            .region(Region::from_static(REGION))
            .endpoint_url(ENDPOINT)
            .allow_no_auth()
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .http_client(http_client)
    }

    /// The rest of an SQS client's configuration: no signing, since nobody checks it, and no connection to give up after
    /// a fault.
    pub fn sqs_config(http_client: SharedHttpClient) -> aws_sdk_sqs::config::Builder {
        use aws_sdk_sqs::config::retry::{ReconnectMode, RetryConfig};
        use aws_sdk_sqs::config::{BehaviorVersion, Builder, Region, StalledStreamProtectionConfig};
        Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .retry_config(RetryConfig::standard().with_reconnect_mode(ReconnectMode::ReuseAllConnections))
            .region(Region::from_static(REGION))
            .endpoint_url(ENDPOINT)
            .allow_no_auth()
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .http_client(http_client)
    }

    /// The queue.
    pub fn queue(&self) -> &QueueAddress {
        &self.queue
    }

    /// The queue of its dead letters.
    pub fn dead_letters(&self) -> &QueueAddress {
        &self.dead_letters
    }

    /// A mapping of the queue to a function: batches of 10, 4 at a time. Where groups take turns, a fifth call is kept
    /// free for groups that have none under way.
    pub fn event_source(&self) -> EventSource {
        let calls_kept_free = match self.config.fairness {
            Fairness::Turns => 1,
            Fairness::NoisyGroups => 0,
        };
        EventSource {
            queue: self.queue.clone(),
            batch_size: 10,
            concurrency_max: 4,
            calls_kept_free,
            function_timeout: Some(FUNCTION_TIMEOUT),
        }
    }

    /// A mapping of the dead letters to a function: batches of 10, one at a time.
    pub fn dead_letter_source(&self) -> EventSource {
        EventSource { queue: self.dead_letters.clone(), concurrency_max: 1, calls_kept_free: 0, ..self.event_source() }
    }

    /// The event source mapping: receives batches, calls `handler` with them as Lambda would, and deletes what it says
    /// is done. Ends when `shutdown` has ended and the calls under way have too; dropped, it drops those calls, which
    /// is a crash as the queue sees it.
    pub fn pump<H, F, E>(
        &self,
        source: EventSource,
        handler: H,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static
    where
        H: Fn(serde_json::Value) -> F + Send + Sync + 'static,
        F: Future<Output = Outcome<E>> + Send + 'static,
        E: std::fmt::Display + Send + 'static,
    {
        pump::run(Arc::clone(&self.queues), source, handler, shutdown)
    }

    /// The schedule: calls `handler` with an EventBridge event at once and then every `period`, one call at a time.
    /// Ends when `shutdown` has ended and the call under way has too.
    pub fn schedule<H, F, E>(
        &self,
        period: Duration,
        handler: H,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static
    where
        H: Fn(serde_json::Value) -> F + Send + Sync + 'static,
        F: Future<Output = Outcome<E>> + Send + 'static,
        E: std::fmt::Display + Send + 'static,
    {
        schedule::run(Arc::clone(&self.config.clock), period, handler, shutdown)
    }

    /// Makes this process the one that works the queue off, and brings back at once what another had in hand when it
    /// died. `None` if another process is at work. The hold ends when it is dropped, and with the process.
    ///
    /// # Errors
    /// If the directory cannot be used.
    pub async fn take_over(&self) -> Result<Option<Hold>, OpenError> {
        let Some(directory) = &self.config.data else { return Ok(Some(Hold(None))) };
        let unusable = |cause| OpenError::Directory { path: directory.clone(), cause };
        let file = open_lock(&directory.join(HOLD_FILE), LockKind::Pump)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(cause)) => return Err(unusable(cause)),
        }
        self.queues.bring_back().await.map_err(|fault| OpenError::Queue(fault.message))?;
        Ok(Some(Hold(Some(file))))
    }

    /// Deletes the table's rows whose time to live is over, as DynamoDB does by itself. Returns how many.
    ///
    /// # Errors
    /// If the store is not available; safe to repeat.
    pub async fn sweep_expired_rows(&self) -> Result<usize, Unavailable> {
        self.table.sweep_expired_rows().await
    }
}

fn wanted_queues(config: &Config, queue: &QueueAddress, dead_letters: &QueueAddress) -> Result<[(String, Attributes); 2], OpenError> {
    let refused = |fault: queue::Fault| OpenError::Queue(fault.message);
    queue::check_name(&dead_letters.name).map_err(refused)?;
    let policy = serde_json::json!({
        "deadLetterTargetArn": dead_letters.arn,
        "maxReceiveCount": config.max_receive_count,
    });
    let with = |pairs: &[(&str, String)]| {
        let named: BTreeMap<_, _> = pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Attributes::default().with(&named).map_err(refused)
    };
    let visibility = config.visibility_timeout.as_secs().to_string();
    let of_dead_letters =
        with(&[("VisibilityTimeout", visibility.clone()), ("MessageRetentionPeriod", DEAD_LETTERS_KEPT_SECONDS.to_string())])?;
    let of_queue = with(&[("VisibilityTimeout", visibility), ("RedrivePolicy", policy.to_string())])?;
    Ok([(dead_letters.name.clone(), of_dead_letters), (queue.name.clone(), of_queue)])
}
