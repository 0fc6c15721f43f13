//! The event source mapping, which connects a queue to a function.
//!
//! It receives batches, calls the function with the same JSON as Lambda, and deletes the messages that the function did
//! not report as failed. A failed message is delivered again after its visibility timeout, as on AWS.
//!
//! Unlike AWS it can keep calls free for groups that have none running ([`EventSource::calls_kept_free`]), and call the
//! function for one group at a time ([`EventSource::one_group_a_call`]). So no message of one owner waits for a long batch
//! of another owner: neither before it begins nor before it is deleted.

mod answer;
mod calls;
mod event;

use std::{fmt::Display, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::{sync::watch, task::JoinError};

use self::calls::Calls;
use crate::queue::{Fault, Handle, QueueAddress, QueueId, Queues, ReceiveRequest, Received};

/// A function's result: its answer, or its error.
pub type FunctionResult<E> = Result<Value, E>;

/// Lambda accepts 6 MB. The bodies may take half of that, since quotes are escaped when JSON is embedded in JSON.
const BODIES_BYTES_MAX: u64 = 3 << 20;
/// The same for a call that was kept free: there may be many of them. A message that is larger comes alone.
const BODIES_BYTES_KEPT_FREE_MAX: u64 = 1 << 20;

/// How long to wait after the queue failed.
const AFTER_FAULT: Duration = Duration::from_secs(1);

/// Which queue calls a function, and how.
#[derive(Clone, Debug)]
pub struct EventSource {
    /// The queue.
    pub queue: QueueAddress,
    /// Messages in a call, 1 to 10.
    pub batch_size: usize,
    /// How many calls run at a time, like `MaximumConcurrency`.
    pub concurrency_max: usize,
    /// Additional calls that only message groups without a running call may use. AWS has no such setting.
    pub calls_kept_free: usize,
    /// No call has messages of two groups. AWS has no such setting.
    pub one_group_a_call: bool,
    /// After this time a running call is dropped, as Lambda would kill it. `None`: never.
    pub function_timeout: Option<Duration>,
    /// How long the messages of a failed call stay invisible. `None`: until their visibility timeout ends, as on AWS.
    pub invisible_after_failure: Option<Duration>,
    /// The same for messages that the function reported as failed, by how often each was received.
    pub invisible_after_report: Option<fn(u32) -> Duration>,
}

struct Pump<H> {
    queues: Arc<Queues>,
    source: EventSource,
    handler: H,
}

/// The result of one look at the queue.
enum Look {
    Batch(Vec<Received>),
    Empty { news: watch::Receiver<u64>, due_ms: Option<u64> },
    Failed,
}

pub(crate) async fn run<H, F, E>(queues: Arc<Queues>, source: EventSource, handler: H, shutdown: impl Future<Output = ()> + Send + 'static)
where
    H: Fn(Value) -> F + Send + Sync + 'static,
    F: Future<Output = FunctionResult<E>> + Send + 'static,
    E: Display + Send + 'static,
{
    let mut calls = Calls::new(source.concurrency_max, source.calls_kept_free);
    let pump = Arc::new(Pump { queues, source, handler });
    let mut queue = None;
    tokio::pin!(shutdown);
    loop {
        let look = match calls.groups_left_out() {
            Some(groups) => Some(pump.look(&mut queue, groups).await),
            None => None,
        };
        let pause = match look {
            Some(Look::Batch(batch)) => {
                let (pump, groups) = (Arc::clone(&pump), groups_of(&batch));
                calls.spawn(groups, async move { pump.call(batch).await });
                Pause::None
            }
            Some(Look::Empty { news, due_ms }) => Pause::UntilNews { news, due_ms },
            Some(Look::Failed) => Pause::AfterFault,
            None => Pause::UntilCallEnds,
        };
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(ended) = calls.next_ended() => pump.report(ended),
            () = pause.over(&pump.queues) => {}
        }
    }
    while let Some(ended) = calls.next_ended().await {
        pump.report(ended);
    }
}

/// The groups of a batch's messages. Messages without a group count as the group with the empty name.
fn groups_of(batch: &[Received]) -> Vec<String> {
    batch.iter().map(|message| message.group.clone().unwrap_or_default()).collect()
}

/// What to wait for before the next look.
enum Pause {
    None,
    UntilNews { news: watch::Receiver<u64>, due_ms: Option<u64> },
    UntilCallEnds,
    AfterFault,
}

impl Pause {
    async fn over(self, queues: &Queues) {
        match self {
            Self::None => {}
            Self::UntilNews { mut news, due_ms } => queues.wait(&mut news, due_ms).await,
            Self::UntilCallEnds => std::future::pending().await,
            Self::AfterFault => tokio::time::sleep(AFTER_FAULT).await,
        }
    }
}

impl<H> Pump<H> {
    /// Looks at the queue once. Must not be dropped halfway: received messages would be lost until their visibility
    /// timeout.
    async fn look(&self, queue: &mut Option<QueueId>, groups_left_out: Vec<String>) -> Look {
        match self.try_look(queue, groups_left_out).await {
            Ok(look) => look,
            Err(fault) => {
                tracing::error!(queue = self.source.queue.name, %fault, "messages could not be received from the queue");
                Look::Failed
            }
        }
    }

    async fn try_look(&self, queue: &mut Option<QueueId>, groups_left_out: Vec<String>) -> Result<Look, Fault> {
        let queue = match *queue {
            Some(queue) => queue,
            None => *queue.insert(self.queues.find(&self.source.queue.name).await?.id),
        };
        let messages_max = self.source.batch_size.clamp(1, 10);
        let bytes_max = if groups_left_out.is_empty() { BODIES_BYTES_MAX } else { BODIES_BYTES_KEPT_FREE_MAX };
        let of_one_group = self.source.one_group_a_call;
        let request = ReceiveRequest { queue, messages_max, bytes_max, visibility_ms: None, groups_left_out, of_one_group };
        let news = self.queues.news(queue);
        let found = self.queues.receive_now(&request).await?;
        Ok(if found.messages.is_empty() { Look::Empty { news, due_ms: found.due_ms } } else { Look::Batch(found.messages) })
    }

    fn report(&self, ended: Result<(), JoinError>) {
        if ended.is_err_and(|cause| cause.is_panic()) {
            tracing::error!(queue = self.source.queue.name, "the function panicked; its batch will be delivered again");
        }
    }
}

impl<H, F, E> Pump<H>
where
    H: Fn(Value) -> F,
    F: Future<Output = FunctionResult<E>>,
    E: Display,
{
    async fn call(&self, batch: Vec<Received>) {
        let batch_ids: Vec<(String, Handle)> = batch.iter().map(|message| (message.message_id.to_string(), message.handle)).collect();
        let event = event::of(batch, &self.source.queue);
        match self.outcome(event).await.and_then(|answer| answer::done(&answer, &batch_ids)) {
            Ok(done) => {
                if let Some(invisible) = self.source.invisible_after_report {
                    let left = batch_ids.iter().map(|(_, handle)| *handle).filter(|handle| !done.contains(handle));
                    self.bring_back(left.map(|handle| (handle, invisible(handle.receives))).collect()).await;
                }
                if let Err(fault) = self.queues.delete(done).await {
                    tracing::error!(queue = self.source.queue.name, %fault, "finished messages could not be deleted and will be delivered again");
                }
            }
            Err(reason) => {
                tracing::error!(queue = self.source.queue.name, reason, "the function failed; its batch will be delivered again");
                if let Some(invisible) = self.source.invisible_after_failure {
                    self.bring_back(batch_ids.iter().map(|(_, handle)| (*handle, invisible)).collect()).await;
                }
            }
        }
    }

    /// Each message becomes visible after its time.
    async fn bring_back(&self, messages: Vec<(Handle, Duration)>) {
        for (handle, invisible) in messages {
            if let Err(fault) = self.queues.change_visibility(handle, invisible).await {
                tracing::warn!(queue = self.source.queue.name, %fault, "a message comes back only after its visibility timeout");
            }
        }
    }

    async fn outcome(&self, event: Value) -> Result<Value, String> {
        let call = (self.handler)(event);
        let outcome = match self.source.function_timeout {
            None => call.await,
            Some(limit) => tokio::time::timeout(limit, call).await.map_err(|_| format!("it took longer than {} s", limit.as_secs_f64()))?,
        };
        outcome.map_err(|cause| cause.to_string())
    }
}
