//! Measures the embedded table and queue, in memory and in a directory: `throughput DIRECTORY [SECONDS]`.
//!
//! The figures for the directory depend on the disk, so the number of `fdatasync`s a second is measured and printed
//! too.

use std::{
    io::Write,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::types::{AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, SendMessageBatchRequestEntry};
use headway_embedded::{Config, Embedded};
use serde_json::Value;

type BenchError = Box<dyn std::error::Error + Send + Sync>;
type BenchResult<T = ()> = Result<T, BenchError>;

const TASKS: u64 = 16;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> BenchResult {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().ok_or("usage: throughput DIRECTORY [SECONDS]")?;
    let time = Duration::from_secs(arguments.next().map_or(Ok(2), |seconds| seconds.parse())?);
    std::fs::create_dir_all(&directory)?;
    println!("{:<44} {:>9.0}/s", "probe: 64 KB and fdatasync", probe(Path::new(&directory))?);
    for (kind, config) in [("memory", Config::memory()), ("disk", Config::at(Path::new(&directory).join("data")))] {
        let embedded = Embedded::open(config)?;
        create_table(&embedded).await?;
        println!("{kind}: UpdateItem, {TASKS} tasks{:>30.0}/s", updates(&embedded, time).await?);
        let (sent, batches) = sends(&embedded, time).await?;
        println!("{kind}: SendMessageBatch of 10 x 60 KB, 4 tasks{sent:>14.0}/s");
        let received = receives(&embedded, batches * 10).await?;
        println!("{kind}: receive and delete, batches of 10{received:>18.0} messages/s");
        println!("{kind}: chunks of 50 KB, from send to delete{:>27.0}/s", chunks(&embedded, time).await?);
    }
    Ok(())
}

fn probe(directory: &Path) -> BenchResult<f64> {
    let mut file = std::fs::File::create(directory.join("probe"))?;
    let began = Instant::now();
    let mut count = 0_u32;
    while began.elapsed() < Duration::from_secs(1) {
        file.write_all(&[7; 65_536])?;
        file.sync_data()?;
        count += 1;
    }
    std::fs::remove_file(directory.join("probe"))?;
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}

async fn create_table(embedded: &Embedded) -> BenchResult {
    let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash);
    let definition = AttributeDefinition::builder().attribute_name("pk").attribute_type(ScalarAttributeType::S);
    let made = embedded
        .dynamodb()
        .create_table()
        .table_name("jobs")
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key.build()?)
        .attribute_definitions(definition.build()?)
        .send()
        .await;
    match made.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
        Err(fault) if !fault.is_resource_in_use_exception() => Err(fault.into()),
        _ => Ok(()),
    }
}

async fn settle(client: &aws_sdk_dynamodb::Client, part: u64, chunk: u64) -> BenchResult {
    client
        .update_item()
        .table_name("jobs")
        .key("pk", AttributeValue::S(part.to_string()))
        .update_expression("SET #c = :n")
        .condition_expression("attribute_not_exists(#c) OR #c < :n")
        .expression_attribute_names("#c", format!("x{}", chunk % 80))
        .expression_attribute_values(":n", AttributeValue::N(chunk.to_string()))
        .send()
        .await?;
    Ok(())
}

async fn updates(embedded: &Embedded, time: Duration) -> BenchResult<f64> {
    let began = Instant::now();
    let start = began.elapsed().as_nanos() as u64 + u64::from(std::process::id()) * 1_000_000;
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let client = embedded.dynamodb();
            tokio::spawn(async move {
                let mut count = 0;
                while began.elapsed() < time {
                    count += 1;
                    settle(&client, task, start + count).await?;
                }
                Ok::<_, BenchError>(count)
            })
        })
        .collect();
    let mut total = 0;
    for task in tasks {
        total += task.await??;
    }
    Ok(total as f64 / began.elapsed().as_secs_f64())
}

async fn send_ten(client: &aws_sdk_sqs::Client, url: &str, body: &str) -> BenchResult {
    let entries = (0..10)
        .map(|id| SendMessageBatchRequestEntry::builder().id(id.to_string()).message_body(body).message_group_id("user").build())
        .collect::<Result<Vec<_>, _>>()?;
    let sent = client.send_message_batch().queue_url(url).set_entries(Some(entries)).send().await?;
    assert_eq!(sent.successful().len(), 10);
    Ok(())
}

/// Items of 200 bytes of JSON each, as in a chunk's message.
fn body(bytes: usize) -> String {
    let item = format!(r#"[17,{{"name":"{}","email":"somebody@example.com"}}],"#, "n".repeat(145));
    item.repeat(bytes / item.len())
}

async fn sends(embedded: &Embedded, time: Duration) -> BenchResult<(f64, u64)> {
    let began = Instant::now();
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let (client, url, body) = (embedded.sqs(), embedded.queue().url.clone(), body(60_000));
            tokio::spawn(async move {
                let mut count = 0;
                while began.elapsed() < time {
                    count += 1;
                    send_ten(&client, &url, &body).await?;
                }
                Ok::<_, BenchError>(count)
            })
        })
        .collect();
    let mut total = 0;
    for task in tasks {
        total += task.await??;
    }
    Ok((total as f64 / began.elapsed().as_secs_f64(), total))
}

async fn receives(embedded: &Embedded, messages: u64) -> BenchResult<f64> {
    let (client, url) = (embedded.sqs(), &embedded.queue().url);
    let began = Instant::now();
    let mut count = 0;
    while count < messages {
        let received = client.receive_message().queue_url(url).max_number_of_messages(10).send().await?;
        let entries = received
            .messages()
            .iter()
            .zip(0..)
            .map(|(message, id)| {
                DeleteMessageBatchRequestEntry::builder().id(id.to_string()).set_receipt_handle(message.receipt_handle.clone()).build()
            })
            .collect::<Result<Vec<_>, _>>()?;
        count += entries.len() as u64;
        client.delete_message_batch().queue_url(url).set_entries(Some(entries)).send().await?;
    }
    Ok(count as f64 / began.elapsed().as_secs_f64())
}

/// A chunk's whole way: sent, received by the pump, read, settled and deleted, all durable.
async fn chunks(embedded: &Embedded, time: Duration) -> BenchResult<f64> {
    let done = Arc::new(AtomicU64::new(0));
    let (counted, client) = (Arc::clone(&done), embedded.dynamodb());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let handler = move |event: Value| {
        let (counted, client) = (Arc::clone(&counted), client.clone());
        async move {
            for _ in event["Records"].as_array().into_iter().flatten() {
                let chunk = counted.fetch_add(1, Ordering::Relaxed);
                settle(&client, 1_000_000 + chunk % 40, u64::MAX / 4 + chunk).await?;
            }
            Ok::<_, BenchError>(Value::Null)
        }
    };
    let pump = tokio::spawn(embedded.pump(embedded.event_source(), handler, async {
        let _ = stopped.await;
    }));
    let began = Instant::now();
    let (client, url, body) = (embedded.sqs(), &embedded.queue().url, body(50_000));
    let mut sent = 0;
    while began.elapsed() < time {
        tokio::try_join!(send_ten(&client, url, &body), send_ten(&client, url, &body))?;
        sent += 20;
    }
    while done.load(Ordering::Relaxed) < sent {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let rate = sent as f64 / began.elapsed().as_secs_f64();
    let _ = stop.send(());
    pump.await?;
    Ok(rate)
}
