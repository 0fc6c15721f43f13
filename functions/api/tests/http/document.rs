//! The OpenAPI document, its snapshot, and the HTML pages.

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha384};

use crate::world::World;

/// The API changes only on purpose. After such a change run this test with UPDATE_SNAPSHOT=1 and check the diff.
#[tokio::test]
async fn the_document_equals_its_snapshot() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let served = World::new().send(Request::get("/openapi.json").body(Body::empty()).unwrap()).await.body;
    if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
        std::fs::write(path, format!("{served}\n")).unwrap();
    }
    let same = std::fs::read_to_string(path).unwrap().trim_end() == served;
    assert!(same, "the document has changed: if that is intended, run this test with UPDATE_SNAPSHOT=1 and check the diff");
}

/// Every call in the document exists, states its authorization, and has no dangling reference.
#[tokio::test]
async fn every_documented_call_exists() {
    let world = World::new();
    let document = world.get("/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["components"]["securitySchemes"]["jwt"]["scheme"], "bearer");
    let id = "00000000-0000-4000-8000-000000000000";
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let path = path.replace("{job_id}", id).replace("{n}", "0");
            let answer =
                world.send(Request::builder().method(method.to_uppercase().as_str()).uri(&path).body(Body::empty()).unwrap()).await;
            let open = operation.get("security").is_none();
            assert_eq!(answer.status, if open { 200 } else { 401 }, "{method} {path}");
        }
    }
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(references.contains(&"#/components/schemas/ApiErrorResponse".to_owned()));
    for reference in references {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    let members = &document["components"]["schemas"]["JobStatusResponse"]["properties"];
    let job = world.get(&format!("/v1/jobs/{}", world.start(json!([1])).await)).await.json();
    for name in job.as_object().unwrap().keys() {
        assert!(members.get(name).is_some(), "{name} is not described");
    }
}

/// Generated types have the members that a request may have: any in params and metadata, no unknown ones in a body.
#[tokio::test]
async fn generators_of_clients_find_what_they_need() {
    let document = World::new().get("/openapi.json").await.json();
    let schemas = &document["components"]["schemas"];
    for (schema, member) in [("StartJobRequest", "params"), ("StartJobRequest", "metadata"), ("ProcessorResponse", "paramsSchema")] {
        assert_eq!(schemas[schema]["properties"][member]["additionalProperties"], true, "{schema} {member}");
    }
    for body in ["StartJobRequest", "RetryRequest", "SealRequest", "JobTokenRequest"] {
        assert_eq!(schemas[body]["additionalProperties"], false, "{body}");
        // Some generators require a member that has a default.
        for (name, member) in schemas[body]["properties"].as_object().unwrap() {
            assert!(member["default"].is_null(), "{body} {name}");
        }
    }
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(parameter["schema"]["type"].is_string(), "{method} {path}: {parameter}");
            }
            let content = &operation["requestBody"]["content"];
            let bytes = &content["application/octet-stream"]["schema"]["format"];
            assert!(content["application/x-ndjson"].is_null() || bytes == "binary", "{method} {path}");
        }
    }
}

fn collect_references(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|value| collect_references(value, references));
        }
        Value::Array(elements) => elements.iter().for_each(|value| collect_references(value, references)),
        _ => {}
    }
}

/// A page runs only its own script and style, and talks only to this service.
#[tokio::test]
async fn pages_load_nothing_from_elsewhere() {
    let world = World::new();
    for path in ["/", "/docs"] {
        let page = world.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        let policy = page.header("content-security-policy");
        for (tag, directive) in [("script", "script-src"), ("style", "style-src")] {
            let inner = page.body.split(&format!("<{tag}>")).nth(1).unwrap().split(&format!("</{tag}>")).next().unwrap();
            let hash = STANDARD.encode(Sha256::digest(inner));
            assert!(policy.contains(&format!("{directive} 'sha256-{hash}'")), "{path} {tag}: {policy}");
        }
        for needed in ["default-src 'none'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(needed), "{path}: {needed}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        let (_, scripts) = page.body.split_once("</style>").unwrap();
        assert_eq!(scripts.matches("<script>").count(), 1, "{path}");
        let before = scripts.split("<script>").next().unwrap();
        for foreign in ["http:", "https:", " src=", "style=", "onclick"] {
            assert!(!before.contains(foreign), "{path} holds {foreign}");
        }
    }
}

/// A page that names the script's hash runs exactly this script. The hash is told in two places.
#[tokio::test]
async fn the_hash_of_the_script_for_other_pages_is_told() {
    let world = World::new();
    let get = async |path: &str| {
        let request = Request::get(path).header("origin", "https://app.example").body(Body::empty()).unwrap();
        world.send(request).await
    };
    let script = get("/embed.js").await;
    assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(script.header("access-control-allow-origin"), "https://app.example", "browsers check a hash only then");
    let integrity = format!("sha384-{}", STANDARD.encode(Sha384::digest(&script.body)));
    assert_eq!(get("/embed/integrity.json").await.json(), json!({"script": "embed.js", "integrity": integrity}));
    assert!(get("/docs").await.body.contains(&integrity));
}

/// The page about `<headway-job>` names everything that a page can set or hear.
#[test]
fn everything_that_a_page_can_set_is_described() {
    let page = include_str!("../../../../docs/embed.md");
    let scripts = [include_str!("../../src/embed/style.js"), include_str!("../../src/embed/element.js")].concat();
    let is_in_a_name = |c: char| c.is_ascii_lowercase() || c == '-';
    let named = |prefix: &str| -> Vec<String> {
        let rests = scripts.split(prefix).skip(1).map(|rest| rest.split(|c| !is_in_a_name(c)).next().unwrap_or_default());
        rests.filter(|rest| !rest.is_empty()).map(|rest| format!("{prefix}{rest}")).collect()
    };
    let (variables, events) = (named("--headway-"), named("\"headway-"));
    assert!(variables.len() > 15 && events.len() > 3, "{variables:?} {events:?}");
    for name in variables.iter().chain(&events).filter(|name| *name != "\"headway-job") {
        assert!(page.contains(&format!("`{}`", name.trim_start_matches('"'))), "{name} is not described");
    }
}

/// The first calls of monitors and clients.
#[tokio::test]
async fn health_and_processors() {
    let world = World::new();
    let health = world.send(Request::get("/healthz").body(Body::empty()).unwrap()).await;
    assert_eq!(health.body, r#"{"status":"ok","version":"1.0.0"}"#);
    let expected = r#"{"processors":[{"name":"echo","description":"","paramsSchema":{},"chunkSize":250,"batch":1,"maxAttempts":5,"itemTimeoutSeconds":30}]}"#;
    assert_eq!(world.get("/v1/processors").await.body, expected);
}
