//! Batch mode: what is sent, and every line of the page's table about it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::future::join_all;
use headway_core::{Clock, Item, ItemProcessor as _};
use headway_outbound::Secret;
use headway_testkit::clock::BEGINNING;
use headway_worker::processors::{Endpoints, Http};
use uuid::Uuid;

use crate::batch_cases::{BATCH, BatchCase, all};
use crate::cases::{Becomes, LONG_SECONDS, SHORT_SECONDS};
use crate::scripted::{Scripted, Step};
use crate::table::{became, closed_port};
use crate::{JOB, SECRET, answer, item, serve};

/// A clock whose ids are all the same, so that scripts know the name of the next batch.
#[derive(Debug)]
pub(crate) struct SameId;

impl Clock for SameId {
    fn now(&self) -> DateTime<Utc> {
        BEGINNING
    }

    fn fresh_id(&self) -> Uuid {
        BATCH.trim_start_matches("batch_").parse().unwrap()
    }
}

pub(crate) fn batched(port: u16, timeout_seconds: u64) -> Http {
    let config = serde_json::json!({"crm": {
        "url": format!("http://127.0.0.1:{port}/in?k=v"), "secret": SECRET, "allowPrivate": true,
        "timeoutSeconds": timeout_seconds, "batch": 250, "headers": {"Authorization": "Bearer sk_live_4eC39HqLyjWDarjtT1"},
    }});
    Http::new(Endpoints::parse(&config.to_string()).unwrap()).with_clock(Arc::new(SameId))
}

/// Items with these indexes, on their first attempt.
pub(crate) fn items(indexes: &[u64]) -> Vec<Item> {
    let of = |index: &u64| Item { index: *index, attempt: 1, ..item(&format!("{{\"n\": {index}.00}}"), r#"{"endpoint": "crm"}"#) };
    indexes.iter().map(of).collect()
}

#[tokio::test]
async fn every_line_about_batches_holds() {
    let wrongs = join_all(all().into_iter().map(wrong)).await;
    let wrongs: Vec<String> = wrongs.into_iter().flatten().collect();
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
}

async fn wrong(case: BatchCase) -> Vec<String> {
    let port = match &case.script {
        Some(script) => Scripted::start(vec![script.clone()]).await.port,
        None => closed_port(),
    };
    let is_slow = case.script.iter().flatten().any(|step| matches!(step, Step::Silence | Step::Drip(_)));
    let http = batched(port, if is_slow { SHORT_SECONDS } else { LONG_SECONDS });
    let several: Vec<Becomes> = http.process_many(items(&[17, 18])).await.into_iter().map(became).collect();
    let alone: Vec<Becomes> = http.process_many(items(&[18])).await.into_iter().map(became).collect();
    let mut wrongs = Vec::new();
    if several != case.several {
        wrongs.push(format!("{}: of two {several:?}, not {:?}", case.line, case.several));
    }
    if alone != [case.alone.clone()] {
        wrongs.push(format!("{}: alone {alone:?}, not {:?}", case.line, case.alone));
    }
    wrongs
}

/// What a kit relies on: the document, its signed name, and no header that belongs to a single item.
#[tokio::test]
async fn sends_the_document_of_the_protocol() {
    let (port, seen) = serve(|| answer(204, &[], "")).await;
    let mut sent = items(&[17, 18]);
    (sent[1].id, sent[1].attempt, sent[0].id) = (Some("GVA".to_owned()), 2, None);
    sent.iter_mut().for_each(|item| item.round = 3);
    batched(port, 10).process_many(sent).await;

    let seen = seen.lock().unwrap();
    let (headers, body) = &seen[0];
    let header = |name: &str| headers[name].to_str().unwrap();
    let expected = format!(
        r#"{{"type":"headway.batch","version":1,"batch":"{BATCH}","job":"{JOB}","round":3,"processor":"http","params":{{"endpoint": "crm"}},"limits":{{"seconds":10,"outputBytes":{},"answerBytes":2500000}},"items":[{{"index":17,"id":null,"attempt":1,"idempotencyKey":"{JOB}/17","item":{{"n": 17.00}}}},{{"index":18,"id":"GVA","attempt":2,"idempotencyKey":"{JOB}/18","item":{{"n": 18.00}}}}]}}"#,
        headway_core::limits::OUTPUT_BYTES_MAX,
    );
    assert_eq!(*body, expected);
    assert_eq!([header("webhook-id"), header("content-type"), header("accept-encoding")], [BATCH, "application/json", "identity"]);
    let timestamp = header("webhook-timestamp").parse().unwrap();
    assert_eq!(header("webhook-signature"), Secret::parse(SECRET).unwrap().sign(BATCH, timestamp, body));
    assert!(headers.keys().all(|name| name != "idempotency-key" && !name.as_str().starts_with("headway-")), "{headers:?}");
}

/// Each request has a name of its own; an endpoint with `"batch": 1` gets documents too.
#[tokio::test]
async fn each_request_has_a_new_batch_id_and_a_single_item_comes_in_a_document() {
    let (port, seen) = serve(|| answer(204, &[], "")).await;
    let json = format!(r#"{{"crm": {{"url": "http://127.0.0.1:{port}/", "secret": "{SECRET}", "allowPrivate": true, "batch": 1}}}}"#);
    let http = Http::new(Endpoints::parse(&json).unwrap());
    let bound = http.prepare(&items(&[17])[0].params).unwrap().unwrap();
    for _ in 0..2 {
        bound.process(items(&[17]).remove(0)).await.unwrap_err();
    }
    let names: Vec<String> = seen.lock().unwrap().iter().map(|(headers, _)| headers["webhook-id"].to_str().unwrap().to_owned()).collect();
    assert!(names.iter().all(|name| name.starts_with("batch_")) && names[0] != names[1], "{names:?}");
}
