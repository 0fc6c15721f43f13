//! The workers of a command, and the event source mappings that call them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use headway_core::config::HEADWAY_LOOPBACK_AWS;
use headway_embedded::{Embedded, EventSource, until};
use serde_json::Value;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::aws;
use crate::command::CommandLine;
use crate::loopback::Loopback;
use crate::process::LogSink;
use crate::roster::Roster;
use crate::slot::{Invocation, Slot, WorkerGroup};

/// Running worker processes, and the tasks that call them.
#[derive(Debug)]
pub struct Workers {
    tasks: Vec<JoinHandle<()>>,
    _aws: Loopback,
}

/// Why no workers could be started.
#[derive(Debug, thiserror::Error)]
#[error("nothing can be served on loopback")]
pub struct WorkersError(#[from] io::Error);

impl Workers {
    /// Starts `count` processes of this command, at least one, and calls them with batches from the queue until `stop`
    /// becomes true. `variables` are those that the template sets, apart from the queue's and AWS's own: the table's
    /// name and so on. `tried` becomes true once one of them asks for work or has failed to start.
    ///
    /// Each process gets one batch at a time. It has the embedded queue's time limit for a function, and is killed
    /// after that. A process that ends is restarted after a pause, which doubles up to 30 s while the worker does not
    /// become ready. If the program's file has changed, the process is restarted between two batches.
    ///
    /// # Errors
    ///
    /// [`WorkersError`] if it cannot listen on loopback. A command that cannot be run is logged and tried again.
    pub async fn start(
        embedded: &Embedded,
        command: CommandLine,
        count: usize,
        mut variables: Vec<(String, String)>,
        log: LogSink,
        tried: watch::Sender<bool>,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, WorkersError> {
        let aws = aws::serve(embedded.clone()).await?;
        variables.extend(environment(embedded, &aws));
        let count = count.max(1);
        let (call, calls) = mpsc::channel(1);
        let (ready, readiness) = watch::channel(0);
        let group = WorkerGroup {
            command,
            variables,
            log,
            calls: Arc::new(Mutex::new(calls)),
            roster: Roster::default(),
            ready,
            tried,
            stopped: stop.clone(),
        };
        let group = Arc::new(group);
        let mut tasks: Vec<_> = sources(embedded, count)
            .into_iter()
            .map(|source| tokio::spawn(pump(embedded.clone(), source, call.clone(), readiness.clone(), stop.clone())))
            .collect();
        tasks.extend((1..=count).map(|worker| tokio::spawn(Slot { group: Arc::clone(&group), worker }.keep())));
        Ok(Self { tasks, _aws: aws })
    }

    /// Waits until all running calls have ended, and with them all processes.
    pub async fn finished(self) {
        for task in self.tasks {
            // A panic was reported where it happened, and nothing is left to end.
            let _ = task.await;
        }
    }
}

/// One call at a time for each worker. If there are several workers, one is kept for owners that have no call running.
fn sources(embedded: &Embedded, count: usize) -> [EventSource; 2] {
    let source = embedded.event_source();
    let calls_kept_free = source.calls_kept_free.min(1).min(count - 1);
    [EventSource { concurrency_max: count - calls_kept_free, calls_kept_free, ..source }, embedded.dead_letter_source()].map(|source| {
        // The time limit begins when a process takes the batch.
        EventSource {
            function_timeout: None,
            invisible_after_failure: Some(INVISIBLE_AFTER_FAILURE),
            invisible_after_report: Some(invisible_after_report),
            ..source
        }
    })
}

/// After a worker dies, its batch is delivered again at once, since a developer waits for it. The next worker is told that it has
/// ended, and so need not wait until its time is over before it blames an item.
const INVISIBLE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// What a worker left for later, since its processor cannot be prepared for now or another worker is at it, is delivered again after
/// a wait that doubles.
fn invisible_after_report(receives: u32) -> Duration {
    Duration::from_secs(1 << receives.saturating_sub(1).min(6))
}

/// Calls workers with the queue's messages while a worker is ready. Without one, no message is received: it would only become
/// invisible.
async fn pump(
    embedded: Embedded,
    source: EventSource,
    call: mpsc::Sender<Invocation>,
    mut ready: watch::Receiver<usize>,
    stop: watch::Receiver<bool>,
) {
    loop {
        tokio::select! {
            () = until(stop.clone()) => return,
            is_ready = ready.wait_for(|ready| *ready > 0) => if is_ready.is_err() { return },
        }
        let (call, mut readiness, stop) = (call.clone(), ready.clone(), stop.clone());
        let handler = move |event| hand(call.clone(), event);
        let no_worker_or_stopped = async move {
            tokio::select! {
                () = until(stop) => {}
                _ = readiness.wait_for(|ready| *ready == 0) => {}
            }
        };
        embedded.pump(source.clone(), handler, no_worker_or_stopped).await;
    }
}

async fn hand(call: mpsc::Sender<Invocation>, event: Value) -> Result<Value, String> {
    let (answer, answered) = oneshot::channel();
    let gone = || "no worker is left".to_owned();
    call.send(Invocation { event, answer }).await.map_err(|_| gone())?;
    answered.await.map_err(|_| gone())?
}

/// The hosts that are reached without a proxy, with this machine among them.
fn without_proxy(variable: &str) -> String {
    let known = std::env::var(variable).unwrap_or_default();
    if known.is_empty() { "127.0.0.1".to_owned() } else { format!("{known},127.0.0.1") }
}

/// The variables that Lambda sets, and the address of AWS. Credentials are made up only if there are none: a processor
/// may call AWS with the user's own.
fn environment(embedded: &Embedded, aws: &Loopback) -> Vec<(String, String)> {
    let endpoint = aws.url();
    let mut variables = vec![
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint.clone()),
        ("AWS_ENDPOINT_URL_SQS", endpoint.clone()),
        (HEADWAY_LOOPBACK_AWS, endpoint),
        // Whatever the shell says of proxies, none is between the worker and this process.
        ("NO_PROXY", without_proxy("NO_PROXY")),
        ("no_proxy", without_proxy("no_proxy")),
        ("AWS_LAMBDA_FUNCTION_NAME", "worker".to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512".to_owned()),
        ("HEADWAY_QUEUE_URL", embedded.queue().url.clone()),
        ("HEADWAY_DEAD_LETTER_QUEUE_ARN", embedded.dead_letters().arn.clone()),
    ];
    let unset = |name: &str| std::env::var_os(name).is_none();
    if unset("AWS_REGION") && unset("AWS_DEFAULT_REGION") {
        variables.push(("AWS_REGION", "us-east-1".to_owned()));
    }
    if unset("AWS_ACCESS_KEY_ID") && unset("AWS_PROFILE") {
        variables.push(("AWS_ACCESS_KEY_ID", "local".to_owned()));
        variables.push(("AWS_SECRET_ACCESS_KEY", "local".to_owned()));
    }
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
