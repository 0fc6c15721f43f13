//! A slot runs one worker: one process after another, each with one event at a time. It is what Lambda calls an
//! execution environment.

use std::io;
use std::pin::pin;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use headway_embedded::{FUNCTION_TIMEOUT, until};
use serde_json::Value;
use tokio::sync::{Mutex, mpsc, oneshot, watch};

use crate::binary::Binary;
use crate::command::CommandLine;
use crate::process::{LogSink, Process};
use crate::roster::Roster;
use crate::runtime_api::{Answer, RuntimeApi, WorkerReport};

/// An event for any free worker.
pub(crate) struct Invocation {
    pub(crate) event: Value,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// The events that wait for a worker.
pub(crate) type WaitingInvocations = Arc<Mutex<mpsc::Receiver<Invocation>>>;

/// The workers of one command: what they share.
pub(crate) struct WorkerGroup {
    pub(crate) command: CommandLine,
    /// The environment variables, without the address of the Runtime API.
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) log: LogSink,
    pub(crate) calls: WaitingInvocations,
    pub(crate) roster: Roster,
    /// How many workers wait for an event or process one.
    pub(crate) ready: watch::Sender<usize>,
    /// Whether a worker has asked for work, or has failed to start.
    pub(crate) tried: watch::Sender<bool>,
    pub(crate) stopped: watch::Receiver<bool>,
}

/// The slot of the worker with this number, from 1.
pub(crate) struct Slot {
    pub(crate) group: Arc<WorkerGroup>,
    pub(crate) worker: usize,
}

/// Why a process has ended.
enum ProcessEnd {
    /// The server is stopping.
    Stopped,
    /// The program's file has changed.
    Renewed,
    /// It ended, could not start, or was killed: the reason as text, and whether it had been ready.
    Failed { why: String, was_ready: bool },
}

impl Slot {
    /// Runs one process after another in this slot until the server stops.
    pub(crate) async fn keep(self) {
        let mut pauses = pauses();
        loop {
            match self.run_one().await {
                ProcessEnd::Stopped => return,
                ProcessEnd::Renewed => {
                    tracing::warn!(worker = self.worker, "the worker's program has changed: the worker is restarted");
                    pauses = self::pauses();
                }
                ProcessEnd::Failed { why, was_ready } => {
                    self.group.tried.send_replace(true);
                    if was_ready {
                        pauses = self::pauses();
                    }
                    let pause = pauses.next().unwrap_or(PAUSE_MAX);
                    tracing::error!(worker = self.worker, "{why}; it is restarted in {} s", pause.as_secs_f32().ceil());
                    if self.pause(pause).await {
                        return;
                    }
                }
            }
        }
    }

    /// Waits until the pause is over or the program changes. Returns true if the server is stopping.
    async fn pause(&self, pause: Duration) -> bool {
        let binary = Binary::new(self.group.command.file());
        tokio::select! {
            () = until(self.group.stopped.clone()) => true,
            () = binary.changed() => false,
            () = tokio::time::sleep(pause) => false,
        }
    }

    /// Runs one process from its start to its end.
    async fn run_one(&self) -> ProcessEnd {
        match self.run().await {
            Ok(end) => end,
            Err(error) => ProcessEnd::Failed { why: format!("{} cannot be run: {error}", self.group.command.program), was_ready: false },
        }
    }

    async fn run(&self) -> io::Result<ProcessEnd> {
        let group = &self.group;
        let binary = Binary::new(group.command.file());
        let mut api = RuntimeApi::serve().await?;
        // Dropped after the process, which has ended for certain by then.
        let place = group.roster.enter();
        let mut variables = group.variables.clone();
        variables.push(("AWS_LAMBDA_RUNTIME_API".to_owned(), api.url()));
        variables.push(("AWS_LAMBDA_LOG_STREAM_NAME".to_owned(), place.name.clone()));
        let mut process = Process::start(&group.command, &variables, self.worker, &group.log)?;
        let mut words = None;
        let (mut silence, mut warned) = (pin!(tokio::time::sleep(START_MAX)), false);
        loop {
            tokio::select! {
                () = until(group.stopped.clone()) => return Ok(ProcessEnd::Stopped),
                () = binary.changed() => return Ok(ProcessEnd::Renewed),
                () = &mut silence, if !warned => {
                    self.warn_of_silence();
                    warned = true;
                }
                status = process.ended() => return Ok(self.never_ready(status, words)),
                report = api.next_report() => match report {
                    WorkerReport::Asks => break,
                    WorkerReport::CannotStart(why) => words = Some(why),
                },
            }
        }
        let _ready = Ready::new(&group.ready);
        group.tried.send_replace(true);
        Ok(self.serve(&binary, &api, &mut process).await)
    }

    /// Calls a process that is ready, with one event after another.
    async fn serve(&self, binary: &Binary, api: &RuntimeApi, process: &mut Process) -> ProcessEnd {
        let group = &self.group;
        loop {
            let call = tokio::select! {
                () = until(group.stopped.clone()) => return ProcessEnd::Stopped,
                () = binary.changed() => return ProcessEnd::Renewed,
                status = process.ended() => return self.ended(status),
                call = async { group.calls.lock().await.recv().await } => call,
            };
            let Some(Invocation { event, answer }) = call else { return ProcessEnd::Stopped };
            let context = group.roster.context();
            let (answered, end) = tokio::select! {
                biased;
                answered = api.call_with(event, &context, FUNCTION_TIMEOUT) => {
                    // What failed comes again at once, so nothing of it may still run.
                    let failed = answered.as_ref().err().map(|why| ProcessEnd::Failed { why: format!("the worker failed: {why}"), was_ready: true });
                    (answered, failed)
                }
                status = process.ended() => (Err("the worker ended before it answered".to_owned()), Some(self.ended(status))),
                () = tokio::time::sleep(FUNCTION_TIMEOUT) => {
                    let why = format!("the worker took longer than {} s and was killed, as Lambda does", FUNCTION_TIMEOUT.as_secs());
                    (Err(why.clone()), Some(ProcessEnd::Failed { why, was_ready: true }))
                }
            };
            // The queue may have stopped waiting.
            let _ = answer.send(answered);
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// Lambda would end a worker that takes so long. Here it may be a debug build on a busy machine.
    fn warn_of_silence(&self) {
        let (name, seconds) = (self.group.command.name(), START_MAX.as_secs());
        tracing::warn!(
            worker = self.worker,
            "{name} has run for {seconds} s and has not asked for work. Is it a Lambda function's program?"
        );
    }

    /// A process ended before it was ready. `words` is its own message, if it sent one.
    fn never_ready(&self, status: io::Result<ExitStatus>, words: Option<String>) -> ProcessEnd {
        let (name, status) = (self.group.command.name(), shown(status));
        let why = match words {
            Some(words) => format!("{name} could not start: {words} ({status})"),
            None => format!("{name} ended before it asked for work ({status}). Is it a Lambda function's program?"),
        };
        ProcessEnd::Failed { why, was_ready: false }
    }

    fn ended(&self, status: io::Result<ExitStatus>) -> ProcessEnd {
        ProcessEnd::Failed { why: format!("{} ended ({})", self.group.command.name(), shown(status)), was_ready: true }
    }
}

fn shown(status: io::Result<ExitStatus>) -> String {
    status.map_or_else(|error| error.to_string(), |status| status.to_string())
}

/// Counts a worker as ready for as long as it lives.
struct Ready<'a>(&'a watch::Sender<usize>);

impl<'a> Ready<'a> {
    fn new(ready: &'a watch::Sender<usize>) -> Self {
        ready.send_modify(|ready| *ready += 1);
        Self(ready)
    }
}

impl Drop for Ready<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|ready| *ready -= 1);
    }
}

/// How long Lambda gives a function to start.
///
/// Source: AWS Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle".
const START_MAX: Duration = Duration::from_secs(10);
/// The longest pause before a worker that does not start is restarted.
const PAUSE_MAX: Duration = Duration::from_secs(30);

fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::new().with_min_delay(Duration::from_secs(1)).with_max_delay(PAUSE_MAX).without_max_times().build()
}
