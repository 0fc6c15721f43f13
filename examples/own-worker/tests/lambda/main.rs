//! The example's binary as it is deployed: behind Lambda's Runtime API, called by an event source mapping, with the
//! embedded table and queue over HTTP instead of AWS.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

mod process;
mod stuck;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use headway_core::records::{Position, failures, results};
use headway_core::submit::{Submission, start_job};
use headway_core::{App, Job, JobStatus, Options, ProcessorInfo, ToleratedFailures, UserId};
use headway_embedded::{EventSource, Hosted};
use headway_lambda_host::aws;
use headway_lambda_host::runtime_api::RuntimeApi;
use headway_testkit::raw;
use process::Process;
use serde_json::{Value, json};
use tokio::sync::watch;

/// Much longer than the job takes on a busy machine.
const WITHIN: Duration = Duration::from_secs(600);
/// How long the function may take for an event, as its deadline says.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(300);
const ORDERS: u64 = 25;
/// The order without lines, and the item that is not an order.
const FAILING: [u64; 2] = [7, 12];

/// However often and to whichever process a batch is delivered, an order has one invoice and is counted once.
#[tokio::test]
async fn every_order_has_one_invoice_and_is_counted_once() {
    let place = tempfile::tempdir().unwrap();
    let invoices = place.path().join("invoices");
    std::fs::create_dir(&invoices).unwrap();
    let hosted = Hosted::open(None).await.unwrap();
    let aws = aws::serve(hosted.embedded.clone()).await.unwrap();
    let app = hosted.app.clone().with_processors(vec![ProcessorInfo::new("invoices", &Options::default())]);
    let functions = [RuntimeApi::serve().await.unwrap(), RuntimeApi::serve().await.unwrap()].map(Arc::new);
    let processes = functions.each_ref().map(|function| Process::start(function, &aws, &hosted, &invoices));

    let job = start_job(&app, orders()).await.unwrap();
    let events = deliver_twice(&hosted, &app, &job, &functions).await;

    let job = app.jobs.get(job.id).await.unwrap().unwrap();
    assert_eq!(job.status, JobStatus::Completed);
    assert_eq!((job.processed_items, job.failed_items, job.pending_items()), (23, 2, 0));
    let expected = (0..ORDERS).filter(|index| !FAILING.contains(index));
    assert_eq!(names(&invoices), expected.map(|index| format!("{}-{index}.txt", job.id)).collect());
    outcomes_are_listed(&app, &job).await;
    assert_eq!(in_queue(&hosted).await, ["0", "0"]);
    operators_are_told(&processes, events.len());

    let mut event = events.into_iter().next().unwrap();
    event["Records"][0]["body"] = json!("hello");
    let foreign = event["Records"][0]["messageId"].clone();
    let answer = functions[0].call(event, FUNCTION_TIMEOUT).await;
    assert_eq!(answer, Ok(json!({"batchItemFailures": [{"itemIdentifier": foreign}]})), "the others are done");
}

/// Calls two processes with each batch at the same time, until the job has ended. Returns the events.
async fn deliver_twice(hosted: &Hosted, app: &App, job: &Job, functions: &[Arc<RuntimeApi>; 2]) -> Vec<Value> {
    let (deliveries, mut news) = watch::channel(Vec::new());
    let (deliveries, functions) = (Arc::new(deliveries), functions.clone());
    let kept = deliveries.clone();
    let handler = move |event: Value| {
        let (deliveries, [one, other]) = (deliveries.clone(), functions.clone());
        async move {
            let answers = tokio::join!(one.call(event.clone(), FUNCTION_TIMEOUT), other.call(event.clone(), FUNCTION_TIMEOUT));
            let answer = answers.0.clone();
            deliveries.send_modify(|deliveries| deliveries.push((event, answers)));
            answer
        }
    };
    let (app, id) = (app.clone(), job.id);
    let ended = async move {
        while app.jobs.get(id).await.unwrap().unwrap().is_live() {
            news.changed().await.unwrap();
        }
    };
    // Each process handles one event at a time.
    let source = EventSource { concurrency_max: 1, ..hosted.embedded.event_source() };
    let pump = hosted.embedded.pump(source, handler, ended);
    let in_time = tokio::time::timeout(WITHIN, pump).await.is_ok();
    let deliveries = kept.borrow().clone();
    let done = || Ok(json!({"batchItemFailures": []}));
    assert!(deliveries.iter().all(|(_, answers)| *answers == (done(), done())), "{deliveries:?}");
    assert!(in_time && deliveries.len() > 1, "{} batches were delivered", deliveries.len());
    deliveries.into_iter().map(|(event, _)| event).collect()
}

fn orders() -> Submission {
    let order = |index| match index {
        7 => json!({"customer": "Grace", "lines": []}),
        12 => json!("no order"),
        _ => json!({"customer": "Ada", "lines": [{"article": "Lamp", "quantity": index + 1, "price_cents": 1_995}]}),
    };
    let items = (0..ORDERS).map(order).map(|order| raw(order.to_string())).collect();
    Submission {
        tolerated: ToleratedFailures::Count(2),
        chunk_size: Some(2),
        ..Submission::new(UserId::new("u-17").unwrap(), "invoices", Some(items))
    }
}

async fn outcomes_are_listed(app: &App, job: &Job) {
    let failed = failures(app, job, Position::default(), 100).await.unwrap().records;
    let codes: Vec<_> = failed.iter().map(|(index, failure)| (*index, failure.code.as_str())).collect();
    assert_eq!(codes, [(FAILING[0], "empty"), (FAILING[1], "malformed")]);
    let outputs = results(app, job, Position::default(), 100).await.unwrap().records;
    assert_eq!(outputs.len(), 23);
    let output: Value = serde_json::from_str(outputs[1].1.output.as_ref().unwrap().get()).unwrap();
    assert_eq!(output, json!({"invoice": format!("{}-1", job.id), "totalCents": 3_990}));
}

/// Each process reported each batch; together they processed every item at least once.
fn operators_are_told(processes: &[Process; 2], batches: usize) {
    let lines: Vec<Value> = processes.iter().flat_map(Process::metrics).collect();
    assert_eq!(lines.len(), 2 * batches);
    let sum = |name: &str| lines.iter().filter_map(|line| line[name].as_f64()).sum::<f64>();
    assert!(sum("ItemsProcessed") >= 23.0 && sum("ItemsFailed") >= 2.0, "{lines:?}");
    let settled: usize = lines.iter().map(|line| line["SettleTime"].as_array().map_or(1, Vec::len)).sum();
    assert!(settled + sum("Duplicates") as usize >= 13, "{settled} of at least 13 chunks, {lines:?}");
    for line in &lines {
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!((&directive["Namespace"], &directive["Dimensions"]), (&json!("Headway"), &json!([["FunctionName"]])));
        assert_eq!(line["FunctionName"], "own-worker");
        assert!(line["OldestChunkAge"].as_f64().is_some_and(|age| (0.0..WITHIN.as_millis() as f64).contains(&age)), "{line}");
        for metric in directive["Metrics"].as_array().unwrap() {
            assert!(!line[metric["Name"].as_str().unwrap()].is_null(), "{metric} has no value in {line}");
        }
    }
}

/// How many messages wait, and how many are invisible.
async fn in_queue(hosted: &Hosted) -> [String; 2] {
    let asked = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
    let ask = hosted.embedded.sqs().get_queue_attributes().queue_url(&hosted.embedded.queue().url);
    let answer = ask.set_attribute_names(Some(asked.map(Into::into).into())).send().await.unwrap();
    let attributes = answer.attributes.unwrap();
    asked.map(|name| attributes.iter().find(|(known, _)| known.as_str() == name).unwrap().1.clone())
}

fn names(directory: &Path) -> BTreeSet<String> {
    std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}
