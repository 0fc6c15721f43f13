//! The processes: production's use-cases, run from their beginning with the answers known so far, up to the next thing
//! that they ask.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use chrono::TimeDelta;
use headway_core::correct::{Correction, correct};
use headway_core::jobs::JobQuery;
use headway_core::submit::{self, RequestKey, Submission};
use headway_core::work::{Delivery, Invocation, Worker};
use headway_core::{App, ItemProcessor as _, Job, JobError, ToleratedFailures, cancel, delete, pause, records, retry, status, sweep};
use headway_core::{ProcessorInfo, Processors};
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use crate::ask::{Answer, Ask};
use crate::message::Carried;
use crate::ports::Ports;
use crate::rows::{item, item_of};
use crate::shape::{NOW, PROCESSOR, Shape, job_id, owner, time};

/// A worker's time. It is longer than any wait of a process without bad luck.
const INVOCATION: Duration = Duration::from_secs(60);

/// What a user or a client can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// `cancel::cancel`.
    Cancel,
    /// `pause::pause`.
    Pause,
    /// `pause::resume`.
    Resume,
    /// `retry::retry`, of this round, or of any.
    Retry(Option<u8>),
    /// `correct::correct` of one item.
    Correct(u8),
    /// `delete::delete`.
    Delete,
    /// `submit::start_job` with all items and a key.
    Submit,
    /// `submit::put_part`.
    PutPart(u8),
    /// `submit::seal` with this many parts.
    Seal(u8),
    /// `status::get`, twice: the second answer must not be behind the first.
    Look,
    /// `status::list`, twice.
    List,
}

impl Act {
    /// True if it uses only the round of the job that it reads, and whether the job exists. A retry also uses whether the round
    /// has ended.
    pub(crate) fn reads_the_round_only(self) -> bool {
        matches!(self, Self::Cancel | Self::Pause | Self::Resume | Self::Retry(_) | Self::Delete)
    }

    /// True if it only reads.
    pub(crate) fn looks(self) -> bool {
        matches!(self, Self::Look | Self::List)
    }

    /// True if nothing that it reads before it writes matters for the write.
    pub(crate) fn begins_with_its_write(self) -> bool {
        self.reads_the_round_only() && !matches!(self, Self::Retry(None) | Self::Delete)
    }
}

/// A sweep, by how long nothing happened before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sweep {
    /// Minutes: others may be running.
    Soon,
    /// Hours: everything that ran when they began has ended.
    Hours,
    /// A day: an open job is abandoned.
    Day,
    /// Longer than an ended job is kept.
    Month,
}

impl Sweep {
    /// How many hours pass before it.
    pub(crate) fn hours(self) -> u16 {
        match self {
            Self::Soon => 0,
            Self::Hours => 3,
            Self::Day => 25,
            Self::Month => 31 * 24,
        }
    }
}

/// What a process does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Life {
    /// `Worker::work`, with a batch of one message.
    Work {
        /// The process's own name for its nonce.
        message: Carried,
        again: bool,
        dead_letter: bool,
    },
    /// A use-case of the api.
    Call(Act),
    /// `sweep::sweep`; nothing else runs meanwhile if everything was quiet when it began.
    Sweep { sweep: Sweep, alone: bool },
    /// `status::get` and `records::failures`: not a process, but the way in which a quiet job is read.
    Read,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct End {
    /// True if the message is done, or if the caller got what was asked for.
    pub(crate) done: bool,
    /// The violation that was seen.
    pub(crate) wrong: Option<&'static str>,
}

/// Where a process is.
#[derive(Debug, Clone)]
pub(crate) enum Next {
    Asks(Ask),
    Ends(End),
}

impl From<bool> for End {
    fn from(done: bool) -> Self {
        Self { done, wrong: None }
    }
}

impl Life {
    /// Runs it with `answers`, up to its next question.
    pub(crate) fn live(&self, shape: &Arc<Shape>, answers: Vec<Answer>) -> Next {
        let later = if matches!(self, Self::Sweep { sweep: Sweep::Soon, .. }) { TimeDelta::minutes(10) } else { TimeDelta::zero() };
        let ports = Ports::new(shape.clone(), time(NOW) + later, answers);
        thread_local! {
            static RUNTIME: RefCell<Runtime> = RefCell::new(runtime());
        }
        RUNTIME.with_borrow(|runtime| {
            runtime.block_on(async {
                let mut life = pin!(self.begin(shape, &ports));
                poll_fn(|cx| match (life.as_mut().poll(cx), ports.asked()) {
                    (Poll::Ready(end), _) => Poll::Ready(Next::Ends(end)),
                    (Poll::Pending, Some(ask)) => Poll::Ready(Next::Asks(ask)),
                    // It waits for time to pass: the paused clock advances by itself.
                    (Poll::Pending, None) => Poll::Pending,
                })
                .await
            })
        })
    }

    fn begin<'a>(&'a self, shape: &'a Shape, ports: &'a Ports) -> Pin<Box<dyn Future<Output = End> + 'a>> {
        let app = App::new(Arc::new(ports.clone()), Arc::new(ports.clone()), Arc::new(ports.clone()))
            .with_processors(vec![ProcessorInfo::new(PROCESSOR, &ports.options())])
            .with_notices(Arc::new(ports.clone()));
        let app = App { row_sizes: shape.row_sizes(), ..app };
        match self {
            Self::Work { message, again, dead_letter } => {
                let delivery = Delivery {
                    message_id: "m".to_owned(),
                    body: message.wire(shape),
                    receive_count: 1 + u32::from(*again),
                    dead_letter: *dead_letter,
                };
                let worker = Worker::new(app, Processors::new().with(PROCESSOR, ports.clone()));
                Box::pin(async move {
                    let began = Instant::now();
                    let invocation = Invocation { began, deadline: began + INVOCATION };
                    worker.work(vec![delivery], invocation).await.undone.is_empty().into()
                })
            }
            Self::Call(Act::Look) => Box::pin(async move { look_twice(&app).await.unwrap_or(false.into()) }),
            Self::Call(Act::List) => Box::pin(async move { list_twice(&app).await.unwrap_or(false.into()) }),
            // An answer that shows an unsealed job says that the job ended without all its items.
            Self::Call(Act::Submit) => {
                Box::pin(async move { submit::start_job(&app, submission(shape)).await.is_ok_and(|job| job.sealed).into() })
            }
            Self::Call(act) => Box::pin(async move { call(&app, *act, shape).await.is_ok().into() }),
            Self::Sweep { .. } => Box::pin(async move { sweep::sweep(&app).await.is_ok().into() }),
            Self::Read => Box::pin(async move { read(&app).await.unwrap_or(false.into()) }),
        }
    }
}

#[expect(clippy::expect_used, reason = "without a runtime there is no test")]
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime")
}

async fn call(app: &App, act: Act, shape: &Shape) -> Result<(), JobError> {
    let (user, id) = (owner(), job_id());
    match act {
        Act::Cancel => cancel::cancel(app, &user, id).await.map(drop),
        Act::Pause => pause::pause(app, &user, id).await.map(drop),
        Act::Resume => pause::resume(app, &user, id).await.map(drop),
        Act::Retry(round) => retry::retry(app, &app.owned(&user, id).await?, round.map(u32::from)).await.map(drop),
        Act::Correct(index) => {
            let correction = Correction { index: index.into(), item: item_of(true) };
            correct(app, &app.owned(&user, id).await?, vec![correction]).await.map(drop)
        }
        Act::Delete => delete::delete(app, &app.owned(&user, id).await?).await,
        Act::PutPart(part) => {
            let items = (0..shape.part_items(part.into())).map(|_| item()).collect();
            let first_index = shape.first(part.into(), 0).into();
            submit::put_part(app, &app.owned(&user, id).await?, part.into(), first_index, items).await.map(drop)
        }
        Act::Seal(parts) => submit::seal(app, &app.owned(&user, id).await?, parts.into()).await.map(drop),
        Act::Submit | Act::Look | Act::List => unreachable!("these have answers that are looked at"),
    }
}

fn submission(shape: &Shape) -> Submission {
    let items = (0..shape.total()).map(|_| item()).collect();
    Submission {
        params: Arc::from(item()),
        tolerated: ToleratedFailures::Count(shape.tolerated),
        chunk_size: Some(shape.chunk_size()),
        key: Some(RequestKey { key_hash: "k".to_owned(), fingerprint: "f".to_owned() }),
        ..Submission::new(owner(), PROCESSOR, Some(items))
    }
}

async fn look_twice(app: &App) -> Result<End, JobError> {
    let (first, then) = (status::get(app, &owner(), job_id()).await?, status::get(app, &owner(), job_id()).await?);
    Ok(End { done: true, wrong: wrong_with(&first, &then) })
}

async fn list_twice(app: &App) -> Result<End, JobError> {
    let query = JobQuery { page_size: 1, ..JobQuery::default() };
    let (first, then) = (status::list(app, &owner(), &query).await?.jobs, status::list(app, &owner(), &query).await?.jobs);
    let wrong = first.first().zip(then.first()).and_then(|(first, then)| wrong_with(first, then));
    Ok(End { done: true, wrong })
}

fn wrong_with(first: &Job, then: &Job) -> Option<&'static str> {
    let over = |job: &Job| job.sealed && job.handled_items() > job.total_items;
    match () {
        () if over(first) || over(then) => Some("more items are seen than there are"),
        () if then.processed_items < first.processed_items => Some("processed is seen to fall"),
        () if then.round == first.round && then.failed_items < first.failed_items => Some("failed is seen to fall"),
        () if then.round == first.round && first.is_terminal() && then.status != first.status => Some("an end is seen to change"),
        () => None,
    }
}

/// True if the counts and the lists agree, as everybody reads them.
async fn read(app: &App) -> Result<End, JobError> {
    let job = status::get(app, &owner(), job_id()).await?;
    let failures = records::failures(app, &job, records::Position::default(), 1_000).await?.records.len() as u64;
    let wrong = (failures != job.failed_items).then_some("the failures listed are not as many as those counted");
    Ok(End { done: true, wrong })
}
