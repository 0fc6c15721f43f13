//! The worker: runs chunks and settles them, on Lambda or in any other host that calls its [`Handler`].
//!
//! Its map: [`processors`] has the built-in processors, and [`announcement`] tells the API which the worker has. [`Notifier`] sends each notice to its target: `callbacks` to an endpoint,
//! `events` to a bus, both with `notice_body`. `metrics` has the numbers of a batch for CloudWatch.
//!
//! A worker of your own is a `main` of a few lines: `headway::enter()` first, then
//! `headway::run(Processors::new().with("name", Mine)).await`.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use chrono::{DateTime, Utc};
use headway_aws::metrics::Metrics;
use headway_aws::telemetry;
use headway_core::limits::FUNCTION_TIMEOUT_MAX;
use headway_core::work::{Delivery, Invocation, RunningWorkers, Worker};
use headway_core::{App, Processors, config};
use headway_host::{app_from_env, in_words};
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::{Context, Error, LambdaEvent, Runtime, service_fn};
use tokio::time::Instant;
use tower::util::ThenLayer;
use tracing::Instrument as _;

pub mod announcement;
mod callbacks;
mod events;
mod metrics;
mod notice_body;
mod notifier;
pub mod processors;
mod server_end;

pub use callbacks::Callbacks;
pub use events::{EVENT_BYTES_MAX, EVENT_SOURCE, Events};
pub use headway_schema::sandbox::enter;
pub use notifier::Notifier;

/// The worker, and how it recognises dead letters.
#[derive(Debug)]
pub struct Handler {
    app: App,
    worker: Worker,
    dead_letter_queue_arn: Option<String>,
    metrics: Metrics,
}

impl Handler {
    /// A handler of messages. Those from the queue with that ARN are dead letters.
    pub fn new(app: App, processors: Processors, dead_letter_queue_arn: Option<String>) -> Self {
        Self { worker: Worker::new(app.clone(), processors), app, dead_letter_queue_arn, metrics: Metrics::default() }
    }

    /// Sends metrics of every batch to operators.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// Declares this process the only worker.
    #[must_use]
    pub fn alone(self) -> Self {
        Self { worker: self.worker.alone(), ..self }
    }

    /// Declares that every worker that had to end by this time ended together with its server.
    #[must_use]
    pub fn ended_with_server(self, by: Option<DateTime<Utc>>) -> Self {
        Self { worker: self.worker.ended_with_server(by), ..self }
    }

    /// Names this process. Among the workers of a server that says which of them run, no other ever has the name.
    #[must_use]
    pub fn named(self, name: Option<String>) -> Self {
        Self { worker: self.worker.named(name), ..self }
    }

    /// The server says which worker processes it runs.
    pub fn hears_of(&self, running: RunningWorkers) {
        self.worker.hears_of(running);
    }

    /// Calls each processor on a thread of its own.
    ///
    /// # Errors
    ///
    /// The system refuses a thread.
    pub fn with_threads(self) -> std::io::Result<Self> {
        Ok(Self { worker: self.worker.with_threads()?, ..self })
    }

    /// The process was told to stop: no item begins any more, running items end, and the rest is returned at once.
    pub fn stop(&self) {
        self.worker.stop();
        headway_schema::Sandbox::global().stop();
    }

    /// Processes a batch before `deadline`. The answer names the messages that have to be delivered again.
    pub async fn handle(&self, event: SqsEvent, deadline: Instant) -> SqsBatchResponse {
        let began = Instant::now();
        let messages = event.records.len();
        // A dead letter's age comes from its failures, so it is not counted.
        let fresh = event.records.iter().filter(|record| !self.is_dead_letter(record));
        let oldest_age = metrics::oldest_age(fresh, self.app.clock.now());
        let deliveries = event.records.into_iter().map(|record| self.delivery(record)).collect();
        let worked = self.worker.work(deliveries, Invocation { began, deadline }).await;
        self.metrics.send(self.app.clock.now(), metrics::of(&worked, oldest_age));
        let undone = worked.undone.len();
        tracing::info!(messages, undone, duration_ms = began.elapsed().as_millis() as u64, "processed a batch");
        let mut answer = SqsBatchResponse::default();
        answer.batch_item_failures = worked.undone.into_iter().map(failure).collect();
        answer
    }

    /// True if too many calls of processors cannot be stopped. Then the process begins nothing more, and
    /// [`Self::end_if_spent`] is to be called.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.worker.is_spent()
    }

    /// Ends a process that [is spent](Self::is_spent), with exit code 1: only a new one is free of the stuck threads. To be called
    /// once the answer has been sent.
    pub fn end_if_spent(&self) {
        if self.is_spent() {
            tracing::error!("too many calls of processors cannot be stopped: the rest was returned, and this process ends");
            std::process::exit(1);
        }
    }

    fn is_dead_letter(&self, record: &SqsMessage) -> bool {
        self.dead_letter_queue_arn.is_some() && record.event_source_arn == self.dead_letter_queue_arn
    }

    fn delivery(&self, record: SqsMessage) -> Delivery {
        let receive_count = record.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
        Delivery {
            dead_letter: self.is_dead_letter(&record),
            message_id: record.message_id.unwrap_or_default(),
            body: record.body.unwrap_or_default(),
            receive_count: receive_count.unwrap_or(1),
        }
    }
}

/// Runs the worker function on Lambda, configured by the environment, until the runtime ends it. If `main` has not
/// called [`enter`], it is called here; code before that also runs in each child process that checks items.
///
/// # Errors
///
/// A processor's name that jobs cannot use, an option or a `params_schema` that cannot be used, a variable that is missing from the environment, or an error of the runtime.
pub async fn run(processors: Processors) -> Result<(), Error> {
    enter();
    processors.check()?;
    if config::optional("AWS_LAMBDA_RUNTIME_API").is_none() {
        let program = std::env::args().next().unwrap_or_else(|| "the worker".to_owned());
        eprintln!("This is a Lambda function. To run it on this machine: headway serve --worker {program}");
        std::process::exit(2);
    }
    telemetry::init();
    telemetry::starting();
    started(processors).await.map_err(in_words)
}

async fn started(processors: Processors) -> Result<(), Error> {
    server_end::end_with_server()?;
    let app = app_from_env().await?;
    serve(app, config::optional(config::HEADWAY_DEAD_LETTER_QUEUE_ARN), processors).await
}

/// Runs the worker function with this app until the runtime ends it. Messages from the queue with that ARN are dead
/// letters.
///
/// # Errors
///
/// Processors that cannot be announced, a variable that is missing from the environment, or an error of the runtime.
pub async fn serve(app: App, dead_letter_queue_arn: Option<String>, processors: Processors) -> Result<(), Error> {
    let metrics = Metrics::from_env(config::HEADWAY_METRICS)?;
    announcement::announce(app.cupboard.as_ref(), &processors).await?;
    let notices = Arc::new(Notifier::from_env(app.clock.clone())?);
    let handler = Handler::new(app.with_notices(notices), processors, dead_letter_queue_arn)
        .ended_with_server(config::workers_ended(&config::optional)?)
        .named(config::optional(NAMED_BY))
        .with_metrics(metrics)
        .with_threads()?;
    let handler = &handler;
    telemetry::started();
    let function = service_fn(|event: LambdaEvent<SqsEvent>| async move {
        let span = tracing::info_span!("batch", request_id = event.context.request_id);
        if let Some(running) = running_workers(&event.context) {
            handler.hears_of(running);
        }
        let deadline = deadline(event.context.deadline);
        Ok::<_, Error>(handler.handle(event.payload, deadline).instrument(span).await)
    });
    // Between the answer and the next request nothing is in this process's hands. Later it would be frozen, and end with the next batch.
    let ends = ThenLayer::new(|answered: Result<(), Error>| async move {
        handler.end_if_spent();
        answered
    });
    Runtime::new(function).layer(TracingLayer::new()).layer(ends).run().await
}

/// The variable with this process's name. Lambda gives each execution environment its own.
/// After a crash it starts another process in the same one. That does no harm: names are compared only where a server says which of its
/// workers run, and Lambda says nothing.
const NAMED_BY: &str = "AWS_LAMBDA_LOG_STREAM_NAME";

/// What a server that starts its workers itself says of them. Lambda says nothing.
fn running_workers(context: &Context) -> Option<RunningWorkers> {
    RunningWorkers::parse(context.client_context.as_ref()?.custom.get(RunningWorkers::SAID_AS)?)
}

/// The runtime's deadline, in milliseconds since the epoch by this process's clock. A deadline that is long past, as
/// local emulators send it, counts as none.
fn deadline(epoch_ms: u64) -> Instant {
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis() as u64);
    let left = if epoch_ms + 3_600_000 < now_ms { FUNCTION_TIMEOUT_MAX } else { Duration::from_millis(epoch_ms.saturating_sub(now_ms)) };
    Instant::now() + left.min(FUNCTION_TIMEOUT_MAX)
}

fn failure(message_id: String) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = message_id;
    failure
}
