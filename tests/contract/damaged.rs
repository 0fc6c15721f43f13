//! A row that cannot be read is named, and affects no other message.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use headway_aws::dynamodb::{DynamoLedger, schema};
use headway_core::queue::memory::MemoryQueue;
use headway_core::submit::start_job;
use headway_core::work::{Delivery, Invocation, Worker};
use headway_core::{App, JobError, JobId, JobStatus, Processors, SystemClock};
use tokio::time::Instant;

use crate::sample::{Succeeds, owner, submission};
use crate::subject::{TABLE, embedded_parts};

/// Bug found: a whole batch was left for later, again and again, because of one damaged row.
#[tokio::test]
async fn a_damaged_row_does_not_affect_other_chunks_of_the_batch() {
    let client = embedded_parts().dynamodb();
    schema::create_table(&client, TABLE).await.unwrap();
    let (queue, processors) = (Arc::new(MemoryQueue::default()), Processors::new().with("succeeds", Succeeds));
    let app = App::new(Arc::new(DynamoLedger::new(client.clone(), TABLE)), queue.clone(), Arc::new(SystemClock));
    let app = app.with_processors(processors.infos());
    let mut jobs = Vec::new();
    for _ in 0..3 {
        jobs.push(start_job(&app, submission(&owner())).await.unwrap().id);
    }
    damage(&client, jobs[1]).await;
    let delivery = |(n, (_, sent)): (usize, (_, headway_core::queue::Outgoing))| Delivery {
        message_id: n.to_string(),
        body: sent.body,
        receive_count: 1,
        dead_letter: false,
    };
    let batch = queue.take().into_iter().enumerate().map(delivery).collect();
    let began = Instant::now();
    let worker = Worker::new(app.clone(), processors);
    let worked = worker.work(batch, Invocation { began, deadline: began + Duration::from_secs(60) }).await;
    assert_eq!(worked.undone, ["1"]);
    for id in [jobs[0], jobs[2]] {
        assert_eq!(app.jobs.get(id).await.unwrap().unwrap().status, JobStatus::Completed);
    }
    let error = app.jobs.get(jobs[1]).await.unwrap_err();
    assert!(matches!(&error, JobError::Corrupt { .. }) && error.to_string().contains(&jobs[1].to_string()), "{error}");
}

/// Removes the status from the job's row.
async fn damage(client: &aws_sdk_dynamodb::Client, id: JobId) {
    let key = [("pk", format!("JOB#{id}")), ("sk", "JOB".to_owned())];
    let key = key.into_iter().map(|(name, value)| (name.to_owned(), AttributeValue::S(value))).collect();
    let update = client.update_item().table_name(TABLE).set_key(Some(key)).update_expression("REMOVE st");
    let update = update.condition_expression("attribute_exists(st)");
    update.send().await.unwrap();
}
