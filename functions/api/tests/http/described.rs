//! What the code refuses, the OpenAPI document does not allow: each parameter and each small body is probed with values at the edges.

use axum::body::Body;
use form_urlencoded::Serializer;
use headway_core::config::described_processors;
use serde_json::{Value, json};

use crate::world::World;

/// Texts at the edges of what a parameter may be.
const PROBES: [&str; 25] = [
    "",
    " ",
    "0",
    "1",
    "-1",
    "1.5",
    "1e3",
    "9999999999999999999999",
    "true",
    "false",
    "TRUE",
    "null",
    "x",
    "*",
    "raw",
    "csv",
    "json",
    "items",
    "outputs",
    "Failed",
    "[]",
    "{}",
    r#"["a"]"#,
    r#"["a","a"]"#,
    r#"[1]"#,
];

/// What another parameter needs beside it, since that is no rule about one value.
fn companions(call: &str, name: &str) -> Vec<(&'static str, &'static str)> {
    let columns = ("columns", if call.contains("failures") { "items" } else { "outputs" });
    match name {
        "columns" | "cells" | "bom" => vec![("format", "csv")],
        "names" => vec![("format", "csv"), columns],
        _ if call.contains("/parts/") && name != "firstIndex" => vec![("firstIndex", "0")],
        _ => Vec::new(),
    }
}

/// A body with which a call succeeds.
fn body(method: &str) -> (&'static str, &'static str) {
    match method {
        "post" => ("application/json", r#"{"processor":"echo","items":[]}"#),
        "patch" => ("application/x-ndjson", r#"{"index":0,"item":1}"#),
        "put" => ("application/x-ndjson", "1"),
        _ => ("application/json", ""),
    }
}

/// What the document says of a parameter's value.
fn is_allowed(schema: &Value, text: &str) -> bool {
    let kind = schema["type"].as_str().unwrap();
    let value = match (kind, serde_json::from_str::<Value>(text)) {
        ("string", _) => Value::from(text),
        // Clients write numbers in a query without an exponent.
        (_, Ok(value)) if !value.is_string() && !text.contains('e') || value.is_boolean() => value,
        _ => return false,
    };
    let validator = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(schema).unwrap();
    let content = schema.get("contentSchema").map(|schema| jsonschema::validator_for(schema).unwrap());
    let fits = |content: jsonschema::Validator| serde_json::from_str(text).is_ok_and(|value: Value| content.is_valid(&value));
    validator.is_valid(&value) && content.is_none_or(fits)
}

/// Bug found: an empty `names` was refused, and the document allowed it.
#[tokio::test(start_paused = true)]
async fn what_the_document_allows_in_a_query_is_read() {
    let world = World::new();
    let document = world.get("/openapi.json").await.json();
    let job = world.start_with(json!({"items": [{"fail": "a"}], "toleratedFailures": {"count": 9}})).await;
    world.work().await;
    let open = world.start_with(json!({"sealed": false})).await;
    let (mut allowed, mut refused) = (0, 0);
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            for parameter in parameters.filter(|parameter| parameter["in"] == "query") {
                let (name, call) = (parameter["name"].as_str().unwrap(), format!("{method} {path}"));
                for text in PROBES {
                    let query: String =
                        Serializer::new(String::new()).append_pair(name, text).extend_pairs(companions(&call, name)).finish();
                    let path = path.replace("{job_id}", if method == "put" { &open } else { &job }).replace("{n}", "0");
                    let (media, body) = body(method);
                    let request = world.request("ann", &method.to_uppercase(), &format!("{path}?{query}")).header("content-type", media);
                    let answer = world.send(request.body(Body::from(body)).unwrap()).await;
                    // Nobody can make up a page token.
                    let is_read = answer.status != 400 || answer.problem() == "page-token";
                    let says = is_allowed(&parameter["schema"], text);
                    assert!(is_read || !says, "{call}: {name}={text:?} is in the document, and refused: {}", answer.body);
                    *(if says { &mut allowed } else { &mut refused }) += 1;
                    if text.is_empty() {
                        assert!(!is_read || says, "{call}: {name} is read, and not in the document");
                    }
                }
            }
        }
    }
    assert!(allowed > 100 && refused > 400, "{allowed} {refused}");
}

/// Bug found: `?validateonly=true` started the job that was only to be checked, and `?stauts=Failed` listed every job.
#[tokio::test(start_paused = true)]
async fn a_parameter_that_a_call_does_not_have_is_refused() {
    let world = World::new();
    let document = world.get("/openapi.json").await.json();
    let job = world.start(json!([1])).await;
    let mut calls = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(_, operation)| operation.get("security").is_some()) {
            let path = path.replace("{job_id}", &job).replace("{n}", "0");
            let prefixes = ["", if path.contains(&job) { "/embed" } else { "" }];
            for (prefix, name) in
                prefixes.into_iter().flat_map(|prefix| ["validateonly", "pagesize", "_", "%1B", ""].map(|name| (prefix, name)))
            {
                let (media, body) = body(method);
                let request =
                    world.request("ann", &method.to_uppercase(), &format!("{prefix}{path}?{name}=1")).header("content-type", media);
                let answer = world.send(request.body(Body::from(body)).unwrap()).await;
                assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (400, "malformed"), "{method} {path} {name}");
                let own = operation["parameters"].as_array().into_iter().flatten().filter(|parameter| parameter["in"] == "query");
                for known in own {
                    assert!(answer.body.contains(known["name"].as_str().unwrap()), "{method} {path}: {}", answer.body);
                }
                calls += 1;
            }
        }
    }
    assert!(calls > 100, "{calls}");
    assert_eq!(world.get("/v1/jobs").await.json()["jobs"].as_array().unwrap().len(), 1, "nothing was started");
    assert_eq!(world.call("ann", "HEAD", &format!("/v1/jobs/{job}?x=1")).await.status, 400);
    assert_eq!(world.get("/healthz?t=1").await.status, 200, "a probe may have a parameter that only makes its address another one");
}

/// The bodies beside that of a job to start, which has a test of its own.
#[tokio::test(start_paused = true)]
async fn what_the_document_allows_in_a_small_body_is_read() {
    let world = World::new();
    let document = world.get("/openapi.json").await.json();
    let numbers =
        ["null", "-1", "0", "1", "1.0", "1.5", "59", "60", "999", "1000", "1001", "86400", "86401", "2147483648", "1e300", "\"1\"", "[]"];
    let alone = |name: &str| numbers.map(|number| format!("{{\"{name}\":{number}}}"));
    let tokens = numbers.map(|number| format!("{{\"allow\":\"act\",\"ttlSeconds\":{number}}}"));
    let others = ["{}", "[]", "null", "1", r#"{"allow":""}"#, r#"{"allow":null}"#, r#"{"allow":"read"}"#, r#"{"allow":"read","x":1}"#]
        .map(str::to_owned);
    for (call, schema, own) in
        [("retry", "RetryRequest", alone("round")), ("seal", "SealRequest", alone("parts")), ("tokens", "JobTokenRequest", tokens)]
    {
        let validator =
            jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&document["components"]["schemas"][schema]).unwrap();
        let open = world.start_with(json!({"sealed": false})).await;
        for body in own.iter().chain(&others) {
            let answer = world
                .send(
                    world
                        .request("ann", "POST", &format!("/v1/jobs/{open}/{call}"))
                        .header("content-type", "application/json")
                        .body(Body::from(body.clone()))
                        .unwrap(),
                )
                .await;
            let is_read = !matches!(answer.status.as_u16(), 400 | 422);
            let says = validator.is_valid(&serde_json::from_str(body).unwrap());
            assert!(is_read || !says, "{call} {body} is in the document, and refused: {}", answer.body);
        }
    }
}

/// Bug found: the document allowed a processor with 0 items in a chunk or call and with 0 attempts, which no worker can have.
#[tokio::test]
async fn what_the_document_says_of_a_processor_is_what_an_operator_may_say() {
    let document = World::new().get("/openapi.json").await.json();
    let members = &document["components"]["schemas"]["ProcessorResponse"]["properties"];
    for name in ["chunkSize", "batch", "maxAttempts", "itemTimeoutSeconds"] {
        let validator = jsonschema::validator_for(&members[name]).unwrap();
        for number in [0, 1, 2, 249, 250, 251, 999, 1_000, 1_001, 3_599, 3_600, 3_601] {
            let list = json!([{"name": "mine", name: number}]).to_string();
            let is_read = described_processors(&|_| Some(list.clone())).is_ok();
            assert_eq!(validator.is_valid(&json!(number)), is_read, "{name} {number}");
        }
    }
}
