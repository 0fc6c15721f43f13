//! The embedded table and queues together: opened at once, and used through the SDK's own clients.

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
    pump::{self, EventSource, FunctionResult},
    queue::{self, Attributes, Fairness, QueueAddress, Queues, Settings},
    schedule,
    table::{self, Table},
};

/// Dead letters are kept for 14 days, the longest time that SQS allows.
const DEAD_LETTERS_KEPT_SECONDS: u64 = 1_209_600;
/// Locked by the process that receives from the queue.
const PUMP_LOCK_FILE: &str = "pump.lock";

/// A table, a queue and its dead-letter queue, in one directory or in memory. Clones share them.
#[derive(Clone)]
pub struct Embedded {
    table: Arc<Table>,
    queues: Arc<Queues>,
    config: Arc<Config>,
    queue: QueueAddress,
    dead_letters: QueueAddress,
}

/// Shows that this process is the one that receives from the queue.
#[derive(Debug)]
pub struct PumpLock(#[expect(dead_code, reason = "the lock lasts as long as the file is open")] Option<File>);

impl std::fmt::Debug for Embedded {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Embedded").field(&self.config).finish()
    }
}

/// The configuration of a client of this SDK: without signing, which nobody checks, and without closing a connection after a
/// fault, since there is none.
macro_rules! client_config {
    ($sdk:ident, $http_client:expr) => {{
        use $sdk::config::retry::{ReconnectMode, RetryConfig};
        use $sdk::config::{BehaviorVersion, Builder, Region, StalledStreamProtectionConfig};
        Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .retry_config(RetryConfig::standard().with_reconnect_mode(ReconnectMode::ReuseAllConnections))
            .region(Region::from_static(REGION))
            .endpoint_url(ENDPOINT)
            .allow_no_auth()
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .http_client($http_client)
    }};
}

impl Embedded {
    /// Opens the table and both queues, creating the directory, files and queues that do not exist. The caller creates
    /// DynamoDB tables with `CreateTable`. Opening takes milliseconds, or a second for hundreds of megabytes, since the
    /// files are checked for damage. Several processes may open the same directory.
    ///
    /// # Errors
    ///
    /// If the directory cannot be used or a file in it is damaged. The message says what to do.
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
                sync_directory(directory).map_err(|cause| OpenError::of_directory(directory, cause))?;
                (table, queues)
            }
        };
        Ok(Self { table: Arc::new(table), queues: Arc::new(queues), queue, dead_letters, config: Arc::new(config) })
    }

    /// A DynamoDB client whose requests go to the embedded table.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let config = Self::dynamodb_config(self.dynamodb_http_client());
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// An SQS client whose requests go to the embedded queues.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        let config = Self::sqs_config(self.sqs_http_client());
        aws_sdk_sqs::Client::from_conf(config.build())
    }

    /// Answers a request in AWS's JSON protocol, for a host that offers the table and queues over HTTP. `target` is the
    /// header `X-Amz-Target`, such as `AmazonSQS.SendMessageBatch`.
    pub async fn answer(&self, target: &str, body: &[u8]) -> Answer {
        let (service, operation) = target.rsplit_once('.').unwrap_or_default();
        if service.starts_with("DynamoDB") { self.table.answer(operation, body).await } else { self.queues.answer(operation, body).await }
    }

    /// The HTTP client that answers DynamoDB requests. A test can wrap it to make calls fail.
    pub fn dynamodb_http_client(&self) -> SharedHttpClient {
        client_of(table::Connector(Arc::clone(&self.table)))
    }

    /// The HTTP client that answers SQS requests. A test can wrap it to make calls fail.
    pub fn sqs_http_client(&self) -> SharedHttpClient {
        client_of(queue::Connector(Arc::clone(&self.queues)))
    }

    /// A DynamoDB client's configuration apart from behaviour.
    pub fn dynamodb_config(http_client: SharedHttpClient) -> aws_sdk_dynamodb::config::Builder {
        client_config!(aws_sdk_dynamodb, http_client)
    }

    /// An SQS client's configuration apart from behaviour.
    pub fn sqs_config(http_client: SharedHttpClient) -> aws_sdk_sqs::config::Builder {
        client_config!(aws_sdk_sqs, http_client)
    }

    /// The queue.
    pub fn queue(&self) -> &QueueAddress {
        &self.queue
    }

    /// The dead-letter queue.
    pub fn dead_letters(&self) -> &QueueAddress {
        &self.dead_letters
    }

    /// The event source mapping of the queue: batches of 10, 4 calls at a time. In the mode [`Fairness::Turns`] each call is
    /// for one group, and 12 further calls are kept free for groups that have no call running. So up to 12 owners with slow
    /// items do not delay other owners.
    pub fn event_source(&self) -> EventSource {
        let by_turns = self.config.fairness == Fairness::Turns;
        EventSource {
            queue: self.queue.clone(),
            batch_size: 10,
            concurrency_max: 4,
            calls_kept_free: if by_turns { 12 } else { 0 },
            one_group_a_call: by_turns,
            function_timeout: Some(FUNCTION_TIMEOUT),
            invisible_after_failure: None,
            invisible_after_report: None,
        }
    }

    /// The event source mapping of the dead-letter queue: batches of 10, one call at a time.
    pub fn dead_letter_source(&self) -> EventSource {
        EventSource { queue: self.dead_letters.clone(), concurrency_max: 1, calls_kept_free: 0, ..self.event_source() }
    }

    /// Runs an event source mapping: receives batches, calls `handler` with each as Lambda would, and deletes the
    /// messages that it reports as done. Ends when `shutdown` has ended and the running calls have too. If this future
    /// is dropped, so are the running calls; for the queue that is a crash.
    pub fn pump<H, F, E>(
        &self,
        source: EventSource,
        handler: H,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static
    where
        H: Fn(serde_json::Value) -> F + Send + Sync + 'static,
        F: Future<Output = FunctionResult<E>> + Send + 'static,
        E: std::fmt::Display + Send + 'static,
    {
        pump::run(Arc::clone(&self.queues), source, handler, shutdown)
    }

    /// Runs the schedule: calls `handler` with an EventBridge event at once and then every `period`, one call at a
    /// time. Ends when `shutdown` has ended and the running call has too.
    pub fn schedule<H, F, E>(
        &self,
        period: Duration,
        handler: H,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static
    where
        H: Fn(serde_json::Value) -> F + Send + Sync + 'static,
        F: Future<Output = FunctionResult<E>> + Send + 'static,
        E: std::fmt::Display + Send + 'static,
    {
        schedule::run(Arc::clone(&self.config.clock), period, handler, shutdown)
    }

    /// Makes this process the one that receives from the queue, and returns to the queue at once what another process
    /// had received when it died. `None` if another process holds the lock. The lock is released when the result is
    /// dropped or the process ends.
    ///
    /// # Errors
    ///
    /// If the directory cannot be used.
    pub async fn take_over(&self) -> Result<Option<PumpLock>, OpenError> {
        let Some(directory) = &self.config.data else { return Ok(Some(PumpLock(None))) };
        let unusable = |cause| OpenError::of_directory(directory, cause);
        let file = open_lock(&directory.join(PUMP_LOCK_FILE), LockKind::Pump)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(cause)) => return Err(unusable(cause)),
        }
        self.queues.bring_back().await.map_err(|fault| OpenError::Queue(fault.message))?;
        Ok(Some(PumpLock(Some(file))))
    }

    /// Deletes the table's expired rows, as DynamoDB does by itself. Returns how many.
    ///
    /// # Errors
    ///
    /// If the store is not available. It is safe to repeat.
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
