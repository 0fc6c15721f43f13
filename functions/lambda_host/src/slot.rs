//! A slot runs one worker: one process after another, each with one event at a time. It is what Lambda calls an
//! execution environment.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use headway_embedded::FUNCTION_TIMEOUT;
use serde_json::Value;
use tokio::sync::{Mutex, mpsc, oneshot, watch};

use crate::binary::Binary;
use crate::command::CommandLine;
use crate::process::{LogSink, Process};
use crate::runtime_api::{Answer, News, RuntimeApi};

/// An event for any free worker.
pub(crate) struct Call {
    pub(crate) event: Value,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// The events that wait for a worker.
pub(crate) type Calls = Arc<Mutex<mpsc::Receiver<Call>>>;

/// What all workers of a command share.
pub(crate) struct Fleet {
    pub(crate) command: CommandLine,
    /// The environment variables, without the address of the Runtime API.
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) log: LogSink,
    pub(crate) calls: Calls,
    /// How many workers wait for an event or process one.
    pub(crate) ready: watch::Sender<usize>,
    pub(crate) stopped: watch::Receiver<bool>,
}

/// The slot of the worker with this number, from 1.
pub(crate) struct Slot {
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) worker: usize,
}

/// Why a process has ended.
enum End {
    /// Everything shall stop.
    Stopped,
    /// The program's file has changed.
    Renewed,
    /// It ended, could not start, or was killed: the reason as text, and whether it had been ready.
    Failed { why: String, was_ready: bool },
}

impl Slot {
    /// Runs processes in this slot until everything shall stop.
    pub(crate) async fn keep(self) {
        let mut pauses = pauses();
        loop {
            match self.one().await {
                End::Stopped => return,
                End::Renewed => {
                    tracing::warn!(worker = self.worker, "the worker's program has changed: the worker is restarted");
                    pauses = self::pauses();
                }
                End::Failed { why, was_ready } => {
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

    /// Waits until the pause is over or the program changes. True if everything shall stop.
    async fn pause(&self, pause: Duration) -> bool {
        let binary = Binary::new(self.fleet.command.file());
        tokio::select! {
            () = stopped(&self.fleet.stopped) => true,
            () = binary.changed() => false,
            () = tokio::time::sleep(pause) => false,
        }
    }

    /// Runs one process from its start to its end.
    async fn one(&self) -> End {
        let mut was_ready = false;
        match self.run(&mut was_ready).await {
            Ok(end) => end,
            Err(error) => End::Failed { why: format!("{} cannot be run: {error}", self.fleet.command.program), was_ready },
        }
    }

    async fn run(&self, was_ready: &mut bool) -> io::Result<End> {
        let fleet = &self.fleet;
        let binary = Binary::new(fleet.command.file());
        let mut api = RuntimeApi::serve().await?;
        let mut variables = fleet.variables.clone();
        variables.push(("AWS_LAMBDA_RUNTIME_API".to_owned(), api.url()));
        let mut process = Process::start(&fleet.command, &variables, self.worker, &fleet.log)?;
        let mut words = None;
        loop {
            tokio::select! {
                () = stopped(&fleet.stopped) => return Ok(End::Stopped),
                status = process.ended() => return Ok(self.ended(status?, words, *was_ready)),
                news = api.news() => match news {
                    News::Asks => break,
                    News::CannotStart(why) => words = Some(why),
                },
            }
        }
        *was_ready = true;
        let _ready = Ready::new(&fleet.ready);
        loop {
            let call = tokio::select! {
                () = stopped(&fleet.stopped) => return Ok(End::Stopped),
                () = binary.changed() => return Ok(End::Renewed),
                status = process.ended() => return Ok(self.ended(status?, words, true)),
                call = async { fleet.calls.lock().await.recv().await } => call,
            };
            let Some(Call { event, answer }) = call else { return Ok(End::Stopped) };
            let ended = tokio::select! {
                biased;
                answered = api.call(event, FUNCTION_TIMEOUT) => {
                    // The queue may have stopped waiting.
                    let _ = answer.send(answered);
                    None
                }
                status = process.ended() => {
                    let _ = answer.send(Err("the worker ended before it answered".to_owned()));
                    Some(self.ended(status?, words.take(), true))
                }
                () = tokio::time::sleep(FUNCTION_TIMEOUT) => {
                    let why = format!("the worker took longer than {} s and was killed, as Lambda does", FUNCTION_TIMEOUT.as_secs());
                    let _ = answer.send(Err(why.clone()));
                    Some(End::Failed { why, was_ready: true })
                }
            };
            if let Some(end) = ended {
                return Ok(end);
            }
        }
    }

    fn ended(&self, status: std::process::ExitStatus, words: Option<String>, was_ready: bool) -> End {
        let name = self.fleet.command.name();
        let why = match words {
            Some(words) => format!("{name} could not start: {words} ({status})"),
            None if was_ready => format!("{name} ended ({status})"),
            None => format!("{name} ended before it asked for work ({status}). Is it a Lambda function's program?"),
        };
        End::Failed { why, was_ready }
    }
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

/// The longest pause before a worker that does not start is restarted.
const PAUSE_MAX: Duration = Duration::from_secs(30);

fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::new().with_min_delay(Duration::from_secs(1)).with_max_delay(PAUSE_MAX).without_max_times().build()
}

/// Returns when the value becomes true, or when nobody can change it any more.
pub(crate) async fn stopped(stopped: &watch::Receiver<bool>) {
    let _ = stopped.clone().wait_for(|stopped| *stopped).await;
}
