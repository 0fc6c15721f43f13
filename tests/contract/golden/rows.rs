//! Rows of the table in DynamoDB's JSON, except binary values, which are in hexadecimal.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use headway_aws::dynamodb::{DynamoLedger, schema};
use headway_core::cupboard::{Cupboard as _, KeptKey, KeptRow};
use headway_core::job::{Labels, NoticeKind, NoticeState, Notices, RolledUp, RoundEnd, RoundNotice};
use headway_core::known::{announced, put_announced};
use headway_core::ledger::{CareMark, Parked, SubmissionKey};
use headway_core::outcome::{Failure, FailureKind, ItemResult, Outcome, OutcomeChange, OutputRecord};
use headway_core::part::{Part, Register};
use headway_core::quota::{Start, Usage};
use headway_core::secret::secret;
use headway_core::split::{Split, hex};
use headway_core::waiting::{WaitReason, WaitingFor};
use headway_core::{ChunkId, Job, JobId, JobStatus, Ledger, Options, ProcessorInfo, ToleratedFailures, UserId};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::sample::{HeldClock, at, raw};
use crate::subject::{TABLE, embedded_parts};

/// Each row by its keys.
const ROWS: &str = include_str!("rows-v1.json");

type Item = HashMap<String, AttributeValue>;

/// A table with one row of each kind and form, and their meanings.
struct Golden {
    client: Client,
    ledger: DynamoLedger,
}

impl Golden {
    async fn empty() -> Self {
        let client = embedded_parts().dynamodb();
        schema::create_table(&client, TABLE).await.unwrap();
        let ledger = DynamoLedger::new(client.clone(), TABLE).with_clock(HeldClock::at(at(100)));
        Self { client, ledger }
    }

    /// The table as version 1 left it.
    async fn kept(change: impl Fn(&mut Item)) -> Self {
        let golden = Self::empty().await;
        let rows: BTreeMap<String, Map<String, Value>> = serde_json::from_str(ROWS).unwrap();
        for row in rows.values() {
            let mut item = item_of(row);
            change(&mut item);
            golden.client.put_item().table_name(TABLE).set_item(Some(item)).send().await.unwrap();
        }
        golden
    }

    async fn write(&self) {
        let ledger = &self.ledger;
        let (job, bare) = (job(), bare_job());
        ledger.create(&job, &raw(r#"{"schema": 1.0}"#), Some(&key()), None).await.unwrap();
        ledger.create(&bare, &raw("{}"), None, None).await.unwrap();
        ledger.put_part(&part()).await.unwrap();
        ledger.put_part(&bare_part()).await.unwrap();
        let [first, second] = outcomes();
        assert!(ledger.put_outcome(&first).await.unwrap() && ledger.put_outcome(&second).await.unwrap());
        ledger.park(&parked()).await.unwrap();
        ledger.put_care(second.id, Some(&care())).await.unwrap();
        secret(ledger, "page-token", &[7; 32]).await.unwrap();
        let stray = KeptKey::expiring("STRAY#2026-09-21", "m-1");
        ledger.put_kept(&stray, &KeptRow::unversioned("not one of ours\n\nhello")).await.unwrap();
        put_announced(ledger, &[ProcessorInfo::new("mine", &Options::default())]).await.unwrap();
        assert!(usage().put(ledger).await.unwrap());
    }

    async fn rows(&self) -> BTreeMap<String, Value> {
        let items = self.client.scan().table_name(TABLE).send().await.unwrap().items.unwrap();
        items.iter().map(|item| (format!("{} {}", text(item, "pk"), text(item, "sk")), json_of(item))).collect()
    }

    /// Checks that every row is read back as it was written.
    async fn is_read(&self) {
        let (ledger, job, bare) = (&self.ledger, job(), bare_job());
        let parts = [part(), bare_part()];
        let rows = ledger.rows(&[job.id, bare.id], &parts.clone().map(|part| (part.job, part.number))).await.unwrap();
        assert_eq!(rows.jobs.into_values().collect::<Vec<_>>(), [job.clone(), bare]);
        assert_eq!(rows.parts.into_values().collect::<Vec<_>>(), parts);
        assert_eq!(ledger.params(job.id).await.unwrap().unwrap().get(), r#"{"schema": 1.0}"#);
        let [_, outcome] = outcomes();
        assert_eq!(format!("{:?}", ledger.outcome(outcome.id).await.unwrap().unwrap()), format!("{outcome:?}"));
        assert_eq!(ledger.parked((job.id, 2)).await.unwrap(), [parked()]);
        assert_eq!(ledger.care(outcome.id).await.unwrap(), Some(care()));
        assert_eq!(secret(ledger, "page-token", &[8; 32]).await.unwrap(), [7; 32], "the old one is kept");
        assert_eq!(announced(ledger).await.unwrap(), [ProcessorInfo::new("mine", &Options::default())]);
        assert_eq!(Usage::read(ledger, &usage().user_id).await.unwrap(), Some(usage()));
        let in_the_way = ledger.create(&Job { id: JobId(Uuid::from_u128(9)), ..job }, &raw("{}"), Some(&key()), None).await.unwrap();
        assert_eq!(in_the_way.unwrap().job, job_id(1));
    }
}

#[tokio::test]
async fn every_kind_of_row_is_read() {
    Golden::kept(|_| {}).await.is_read().await;
}

#[tokio::test]
async fn attributes_of_later_code_are_ignored() {
    let golden = Golden::kept(|item| {
        item.insert("zz".to_owned(), AttributeValue::M(HashMap::new()));
    });
    golden.await.is_read().await;
}

/// During an update older code reads rows from newer code. If this fails, a row has changed: find a way that older code
/// can read. Outcomes are compressed and compressors differ, so those bytes are only read.
#[tokio::test]
async fn todays_code_writes_what_version_1_wrote() {
    let golden = Golden::empty().await;
    golden.write().await;
    let mut kept: BTreeMap<String, Value> = serde_json::from_str(ROWS).unwrap();
    let mut written = golden.rows().await;
    for rows in [&mut kept, &mut written] {
        // No code reads when the table deletes a row by itself.
        for row in rows.values_mut().filter_map(|row| row.get_mut("ttl")) {
            *row = Value::Null;
        }
        for (_, row) in rows.iter_mut().filter(|(key, _)| key.contains("OUT#")) {
            row.as_object_mut().unwrap().remove("d");
        }
    }
    for (key, row) in &written {
        assert_eq!(Some(row), kept.get(key), "{key}");
    }
    assert_eq!(written.len(), kept.len());
}

fn job_id(number: u128) -> JobId {
    JobId(Uuid::from_u128(0x7c9e_6679_7425_40de_944b_0000_0000_0000 + number))
}

/// With every attribute.
fn job() -> Job {
    let mut job = Job::new(job_id(1), UserId::new("auth0|ü#1").unwrap(), 40_000, at(0));
    job.status = JobStatus::Failed;
    job.error_message = Some("item 17: /iata: longer than 3 characters".to_owned());
    job.updated_at = at(4);
    (job.started_at, job.completed_at, job.expires_at, job.rate_since) = (Some(at(1)), Some(at(5)), Some(at(6)), Some(at(2)));
    (job.created_by, job.processor, job.round) = ("u-17".to_owned(), "json-schema".to_owned(), 3);
    (job.paused, job.sealed, job.abandoned, job.deleting, job.reconciled) = (true, true, true, true, true);
    (job.parts, job.top_part, job.rate_base, job.retention_days) = (2, Some(1), 9, 30);
    (job.total_bytes, job.total_chunks) = (1_200_000, 160);
    job.rolled_up = RolledUp { parts: [0, 1].into(), processed: 39_990, failed: 10 };
    job.token_generation = 2;
    job.tolerated = ToleratedFailures::Percentage { percentage: "0.5".parse().unwrap(), minimum_sample: Some(100) };
    job.split = Split { version: 1, items_per_chunk_max: 250 };
    (job.id_field, job.key_hash) = (Some("iata".to_owned()), Some(key().key_hash));
    let [callback, title, metadata] = ["crm", "Airports, November", r#"{"file":"airports.csv"}"#].map(|text| Some(text.to_owned()));
    job.labels = Labels { callback, title, metadata, events: false };
    let end = RoundEnd {
        status: JobStatus::Completed,
        error_message: None,
        completed_at: at(2),
        total_items: 40_000,
        processed_items: 39_990,
        failed_items: 10,
        open: false,
    };
    let notice = RoundNotice {
        round: 2,
        kind: NoticeKind::Callback,
        state: NoticeState::Waiting,
        tries: 3,
        next_at: at(8),
        started_at: None,
        end: Some(end),
    };
    job.notices = Notices::default().with(notice.clone()).with(RoundNotice { round: 1, state: NoticeState::Delivered, ..notice });
    job.uncount();
    job
}

/// Without any optional attribute.
fn bare_job() -> Job {
    let mut job = Job::new(job_id(2), UserId::new("u").unwrap(), 0, at(0));
    job.uncount();
    job
}

fn key() -> SubmissionKey {
    let user_id = UserId::new("auth0|ü#1").unwrap();
    SubmissionKey { user_id, key_hash: "a".repeat(64), job: job_id(1), fingerprint: "b".repeat(64) }
}

fn usage() -> Usage {
    let start = |number, items| Start { job: job_id(number), round: 2, at: at(8), items };
    let starts = vec![start(1, Some(40_000)), start(2, None)];
    Usage { version: 1, all_checked_at: Some(at(9)), starts, ..Usage::new(UserId::new("auth0|ü#1").unwrap()) }
}

fn part() -> Part {
    let open = Register::Outcome { version: 12, full: false, running: true, retrying: 5, processed: 7, failed: 1 };
    let full = Register::at_rest(2, true, 240, 10);
    Part {
        job: job_id(1),
        number: 2,
        first_index: 40_000,
        items: 1_000,
        chunks: 4,
        bytes: 30_000,
        fingerprint: "c".repeat(32),
        round: 3,
        registers: [(0, Register::Clean { items: 250 }), (1, open), (3, full)].into(),
        sent: true,
        waiting_for: Some(waiting_for()),
        stall: None,
        updated_at: at(7),
    }
}

fn bare_part() -> Part {
    Part { job: job_id(2), number: 0, first_index: 0, bytes: 0, round: 1, registers: [].into(), sent: false, waiting_for: None, ..part() }
}

fn waiting_for() -> WaitingFor {
    WaitingFor::new("crm", WaitReason::Throttled, at(90), Some("429 Too Many Requests"))
}

/// As first written, and as cleared for round 2 and merged once more.
fn outcomes() -> [Outcome; 2] {
    let id = ChunkId { job: job_id(1), part: 2, chunk: 1 };
    let failure = |kind, text: &str, id: Option<&str>| {
        let item = raw(r#"{"iata": "ZRHX",  "year": 1.0e2}"#);
        ItemResult::Failed(Failure::new(kind, "", text, 2, id.map(str::to_owned), item))
    };
    let output = |output: Option<&str>| ItemResult::Processed(Some(OutputRecord { id: Some("ZRH".to_owned()), output: output.map(raw) }));
    let mut first = Outcome::new(id, 40_250, 250);
    first.merge([(40_250, failure(FailureKind::Crashed, "é", None)), (40_251, ItemResult::Processed(None))], 1);
    first.version = 1;
    let mut second = first.clone();
    second.clear(2, None);
    let kinds = [FailureKind::Permanent, FailureKind::RetriesExhausted, FailureKind::TimedOut, FailureKind::DeadLettered];
    second.merge((40_260..).zip(kinds.map(|kind| failure(kind, "why", Some("ZRHX")))), 2);
    second.merge([(40_270, output(Some("[1.50]"))), (40_271, output(None)), (40_252, ItemResult::Processed(None))], 2);
    second.change(&OutcomeChange {
        enters: Some((Uuid::from_u128(6), at(900))),
        retrying: [40_280, 40_281].into(),
        waiting_for: Some(waiting_for()),
        ..OutcomeChange::default()
    });
    second.version = 2;
    [first, second]
}

fn parked() -> Parked {
    let id = ChunkId { job: job_id(1), part: 2, chunk: 3 };
    Parked { id, nonce: Uuid::from_u128(5), body: r#"{"v":1}"#.to_owned() }
}

fn care() -> CareMark {
    let deadline: DateTime<Utc> = at(60);
    CareMark { item: Some(40_255), round: 2, worker: None, deadline, strikes: 1, struck: Default::default() }
}

fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item[name].as_s().unwrap()
}

fn json_of(item: &Item) -> Value {
    item.iter().map(|(name, value)| (name.clone(), json_of_value(value))).collect()
}

fn json_of_value(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({"S": text}),
        AttributeValue::N(number) => json!({"N": number}),
        AttributeValue::Bool(flag) => json!({"BOOL": flag}),
        AttributeValue::B(bytes) => json!({"B": hex(bytes.as_ref())}),
        AttributeValue::Ns(numbers) => {
            let mut numbers = numbers.clone();
            numbers.sort();
            json!({"NS": numbers})
        }
        AttributeValue::M(members) => json!({"M": json_of(members)}),
        other => panic!("no row holds {other:?}"),
    }
}

fn item_of(row: &Map<String, Value>) -> Item {
    row.iter().map(|(name, value)| (name.clone(), value_of(value))).collect()
}

fn value_of(value: &Value) -> AttributeValue {
    let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "S" => AttributeValue::S(value.as_str().unwrap().to_owned()),
        "N" => AttributeValue::N(value.as_str().unwrap().to_owned()),
        "BOOL" => AttributeValue::Bool(value.as_bool().unwrap()),
        "B" => AttributeValue::B(Blob::new(of_hex(value.as_str().unwrap()))),
        "NS" => AttributeValue::Ns(serde_json::from_value(value.clone()).unwrap()),
        "M" => AttributeValue::M(item_of(value.as_object().unwrap())),
        other => panic!("no row holds {other}"),
    }
}

fn of_hex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}
