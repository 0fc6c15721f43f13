//! `kits/vectors/answers.json`: what the page and the kits' reference reader say about an answer, Headway makes of it.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use headway_core::limits::OUTPUT_BYTES_MAX;
use headway_core::{ItemError, ItemProcessor as _, Output};
use serde_json::Value;

use crate::batches::{batched, items};
use crate::cases::LONG_SECONDS;
use crate::scripted::{Scripted, Step};

/// The largest answer that is read.
const ANSWER_BYTES_MAX: usize = 2_500_000;

#[tokio::test]
async fn an_answer_means_what_the_vectors_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../kits/vectors/answers.json");
    // The vectors' outputs are at a smaller limit, so that people can read the file.
    let at_limit = |most: usize| "x".repeat(most - 2);
    let text = std::fs::read_to_string(path).unwrap().replace(&at_limit(16_000), &at_limit(OUTPUT_BYTES_MAX));
    let shared: Value = serde_json::from_str(&text).unwrap();
    let indexes: Vec<u64> = shared["indexes"].as_array().unwrap().iter().map(|index| index.as_u64().unwrap()).collect();
    let mut wrongs = Vec::new();
    for case in shared["cases"].as_array().unwrap() {
        let endpoint = Scripted::start(vec![vec![Step::Request, Step::Send(answer(case))]]).await;
        let results = batched(endpoint.port, LONG_SECONDS).process_many(items(&indexes)).await;
        assert_eq!(results.len(), indexes.len());
        for (index, result) in indexes.iter().zip(results) {
            let expected = &case["outcomes"][index.to_string()];
            if !fits(&result, expected) {
                wrongs.push(format!("{}: item {index} became {result:?}, not {expected}", case["name"]));
            }
        }
    }
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
    assert!(shared["cases"].as_array().unwrap().len() > 90);
}

/// The bytes of the answer.
fn answer(case: &Value) -> Vec<u8> {
    let mut body = match case["bodyBase64"].as_str() {
        Some(encoded) => BASE64_STANDARD.decode(encoded).unwrap(),
        None => case["body"].as_str().unwrap().as_bytes().to_vec(),
    };
    // Space after the document brings it to where this limit is.
    if let Some(most) = case["answerBytes"].as_u64() {
        body.resize(body.len() + ANSWER_BYTES_MAX - most as usize, b' ');
    }
    let mut head = format!("HTTP/1.1 {} -\r\n", case["status"]);
    for (name, value) in case["headers"].as_object().unwrap() {
        head.push_str(&format!("{name}: {}\r\n", value.as_str().unwrap()));
    }
    let missing = usize::from(case["truncated"] == true);
    if !matches!(case["status"].as_u64(), Some(204 | 304)) {
        head.push_str(&format!("content-length: {}\r\n", body.len() + missing));
    }
    [head.as_bytes(), b"\r\n", &body].concat()
}

fn fits(result: &Result<Output, ItemError>, expected: &Value) -> bool {
    match result {
        Ok(Output::None) => expected["output"].is_null() && expected.get("output").is_some(),
        Ok(Output::Json(json)) => expected["output"] == json.get(),
        Ok(Output::Omitted) => expected["omitted"] == true,
        Err(ItemError::NoResult { code, .. }) => expected["noResult"] == code.as_str(),
        Err(ItemError::Permanent { code, message }) => of_error("permanent", code, message, None, &expected["error"]),
        Err(ItemError::Retryable { code, message, retry_after }) => {
            of_error("retryable", code, message, retry_after.map(|wait| wait.as_secs_f64()), &expected["error"])
        }
        Err(ItemError::Throttled { code, message, after }) => {
            of_error("throttled", code, message, after.map(|wait| wait.as_secs_f64()), &expected["error"])
        }
        Err(ItemError::Unreachable { .. }) => false,
    }
}

/// Only the members that are given are compared. Longer texts are cut where they are kept.
fn of_error(kind: &str, code: &str, message: &str, wait: Option<f64>, expected: &Value) -> bool {
    let cut = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    let is = |name: &str, text: String| match expected.get(name) {
        None => true,
        Some(Value::Null) => text.is_empty(),
        Some(value) => *value == text,
    };
    let waits = match expected.get("retryAfterSeconds") {
        Some(value) if kind != "permanent" => value.as_f64() == wait,
        _ => true,
    };
    expected["kind"] == kind && is("code", cut(code, 64)) && is("message", cut(message, 1_000)) && waits
}
