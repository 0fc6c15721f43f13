//! A worker with a processor that never yields, as a separate process: it returns the items that have not begun, and ends.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use headway::{Item, ItemError, ItemProcessor, Options, Output, Processors, async_trait};
use headway_core::outcome::FailureKind;
use headway_core::records::{Position, failures};
use headway_core::submit::{Submission, start_job};
use headway_core::{JobStatus, ProcessorInfo, ToleratedFailures};
use headway_embedded::{EventSource, Hosted};
use headway_lambda_host::runtime_api::{RuntimeApi, WorkerReport};
use headway_lambda_host::{Loopback, aws};
use serde_json::Value;
use serde_json::value::RawValue;
use tempfile::TempDir;
use tokio::sync::{Mutex, watch};

use crate::process::Process;
use crate::{FUNCTION_TIMEOUT, WITHIN, orders};

const ITEMS: u64 = 12;
/// The first items: as many as end a worker.
const STUCK: u64 = 4;

struct NeverYields;

#[async_trait]
impl ItemProcessor for NeverYields {
    async fn process(&self, item: Item) -> Result<Output, ItemError> {
        if item.index < STUCK {
            loop {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        Ok(Output::None)
    }

    fn options(&self) -> Options {
        Options { item_timeout: Duration::from_millis(200), concurrency: STUCK as usize, ..Options::default() }
    }
}

/// The process that the test below starts: this test's own binary, run again for this alone.
#[tokio::test]
#[ignore = "is a worker, and never ends by itself"]
async fn a_worker_that_gets_stuck() {
    headway::run(Processors::new().with("stuck", NeverYields)).await.unwrap();
}

/// Lambda's part: a process that has ended is followed by a new one.
struct Host {
    function: Mutex<RuntimeApi>,
    aws: Loopback,
    hosted: Hosted,
    place: TempDir,
    process: Mutex<Option<Process>>,
    /// The exit codes of processes that ended by themselves.
    codes: Mutex<Vec<Option<i32>>>,
    answered: watch::Sender<usize>,
}

impl Host {
    async fn start(&self) -> Process {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "stuck::a_worker_that_gets_stuck", "--ignored", "--nocapture"]);
        let function = self.function.lock().await;
        Process::spawn(command, &function, &self.aws, &self.hosted, &self.place.path().join("invoices"))
    }

    /// How often the processes have asked for an event since this was last called.
    async fn asked(&self) -> usize {
        let mut function = self.function.lock().await;
        let mut asked = 0;
        while let Ok(WorkerReport::Asks) = tokio::time::timeout(Duration::ZERO, function.next_report()).await {
            asked += 1;
        }
        asked
    }

    /// The first call is the one after which the process ends.
    async fn call(self: Arc<Self>, event: Value) -> Result<Value, String> {
        let mut process = self.process.lock().await;
        let answer = self.function.lock().await.call(event, FUNCTION_TIMEOUT).await;
        if self.codes.lock().await.is_empty() {
            let code = process.take().unwrap().ends_by_itself(WITHIN).await;
            self.codes.lock().await.push(code);
            assert_eq!(self.asked().await, 1, "Lambda would freeze a process that asks again, and it would end with the next event");
            *process = Some(self.start().await);
        }
        self.answered.send_modify(|answered| *answered += 1);
        answer
    }
}

/// Would find a worker that continues with more and more stuck threads.
#[tokio::test]
async fn a_stuck_worker_hands_back_the_rest_and_ends_itself_and_the_next_one_goes_on() {
    let hosted = Hosted::open(None).await.unwrap();
    let aws = aws::serve(hosted.embedded.clone()).await.unwrap();
    let app = hosted.app.clone().with_processors(vec![ProcessorInfo::new("stuck", &NeverYields.options())]);
    let (answered, mut news) = watch::channel(0);
    let host = Arc::new(Host {
        function: Mutex::new(RuntimeApi::serve().await.unwrap()),
        aws,
        hosted,
        place: tempfile::tempdir().unwrap(),
        process: Mutex::default(),
        codes: Mutex::default(),
        answered,
    });
    *host.process.lock().await = Some(host.start().await);
    let submission = Submission {
        processor: "stuck".to_owned(),
        items: Some((0..ITEMS).map(|index| RawValue::from_string(index.to_string()).unwrap()).collect()),
        tolerated: ToleratedFailures::Count(STUCK),
        chunk_size: Some(ITEMS as u16),
        ..orders()
    };
    let id = start_job(&app, submission).await.unwrap().id;
    let jobs = app.jobs.clone();
    let ended = async move {
        while jobs.get(id).await.unwrap().unwrap().is_live() {
            news.changed().await.unwrap();
        }
    };
    let called = Arc::clone(&host);
    let source = EventSource { concurrency_max: 1, ..host.hosted.embedded.event_source() };
    let pump = host.hosted.embedded.pump(source, move |event| Arc::clone(&called).call(event), ended);
    tokio::time::timeout(WITHIN, pump).await.unwrap();

    assert_eq!(*host.codes.lock().await, [Some(1)], "it ended by itself");
    let job = app.jobs.get(id).await.unwrap().unwrap();
    assert_eq!((job.status, job.processed_items, job.failed_items), (JobStatus::Completed, ITEMS - STUCK, STUCK));
    let failed = failures(&app, &job, Position::default(), 100).await.unwrap().records;
    assert!(failed.iter().all(|(index, failure)| *index < STUCK && failure.kind == FailureKind::TimedOut), "{failed:?}");
}
