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
    for (schema, member) in [("StartJobRequest", "params"), ("ProcessorResponse", "paramsSchema")] {
        assert_eq!(schemas[schema]["properties"][member]["additionalProperties"], true, "{schema} {member}");
    }
    assert_eq!(
        schemas["StartJobRequest"]["properties"]["metadata"]["additionalProperties"]["type"],
        json!(["string", "number", "boolean", "null"])
    );
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

/// Whatever has a schema has an example, and the example is valid. A new call, parameter or body gets its examples in
/// `src/openapi/examples.json`.
#[tokio::test]
async fn everything_has_an_example() {
    let document = World::new().get("/openapi.json").await.json();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let schema = &parameter["schema"];
                assert_valid(&document, schema, &schema["examples"][0], &format!("{method} {path}: {}", parameter["name"]));
            }
            let bodies = operation["responses"].as_object().unwrap().values().chain(operation.get("requestBody"));
            for (media, content) in bodies.flat_map(|body| body["content"].as_object().into_iter().flatten()) {
                let place = format!("{method} {path}: {media}");
                if let Some(text) = content.get("example") {
                    assert!(text.as_str().unwrap().ends_with('\n'), "{place}");
                    continue;
                }
                let examples = content["examples"].as_object().unwrap_or_else(|| panic!("{place} has no example"));
                assert!(!examples.is_empty(), "{place}");
                for example in examples.values() {
                    let example = document.pointer(example["$ref"].as_str().unwrap().trim_start_matches('#')).unwrap();
                    assert_valid(&document, &content["schema"], &example["value"], &place);
                }
            }
        }
    }
}

fn assert_valid(document: &Value, schema: &Value, example: &Value, place: &str) {
    assert!(!example.is_null(), "{place} has no example");
    let mut schema = schema.clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(example).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{place}: {errors:?}");
}

/// A body either has its items or says that they follow, and so does its schema.
#[tokio::test]
async fn the_schema_of_a_job_to_start_is_what_the_code_reads() {
    let world = World::new();
    let document = world.get("/openapi.json").await.json();
    let mut schema = document["components"]["schemas"]["StartJobRequest"].clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&schema).unwrap();
    let long = |chars: usize| "é".repeat(chars);
    let cases = [
        (json!({"items": []}), true),
        (json!({"items": [], "sealed": null, "title": null, "metadata": null, "toleratedFailures": null}), true),
        (json!({"items": null, "sealed": false, "expectedItems": 10_000_000}), true),
        (json!({"sealed": false}), true),
        (json!({}), false),
        (json!({"items": null}), false),
        (json!({"items": [], "sealed": false}), false),
        (json!({"items": [], "expectedItems": 1}), false),
        (json!({"sealed": false, "expectedItems": 10_000_001}), false),
        (json!({"items": [], "other": 1}), false),
        (json!({"items": [], "processor": ""}), false),
        (json!({"items": [], "idField": ""}), false),
        (json!({"items": [], "chunkSize": 0}), false),
        (json!({"items": [], "chunkSize": 251}), false),
        (json!({"items": [], "title": " "}), false),
        (json!({"items": [], "title": "\u{85}\u{a0}\u{2029}\t"}), false),
        (json!({"items": [], "title": "\u{1f}"}), true),
        (json!({"items": [], "title": long(200)}), true),
        (json!({"items": [], "title": long(201)}), false),
        (json!({"items": [], "metadata": {"k": long(500), "n": 1.5, "b": true, "z": null}}), true),
        (json!({"items": [], "metadata": {"k": long(501)}}), false),
        (json!({"items": [], "metadata": {"k": []}}), false),
        (json!({"items": [], "metadata": {"": 1}}), false),
        (json!({"items": [], "metadata": {long(41): 1}}), false),
        (json!({"items": [], "metadata": (0..21).map(|at| (at.to_string(), json!(at))).collect::<serde_json::Map<_, _>>()}), false),
        (json!({"items": [], "toleratedFailures": {"count": 0}}), true),
        (json!({"items": [], "toleratedFailures": {"percentage": 0.5, "minimumSample": null}}), true),
        (json!({"items": [], "toleratedFailures": {"percentage": 100, "minimumSample": 1}}), true),
        (json!({"items": [], "toleratedFailures": {"percentage": 1, "minimumSample": 0}}), false),
        (json!({"items": [], "toleratedFailures": {"percentage": 101}}), false),
        (json!({"items": [], "toleratedFailures": {"count": 1, "percentage": 1}}), false),
        (json!({"items": [], "toleratedFailures": {"count": null}}), false),
        (json!({"items": [], "toleratedFailures": {}}), false),
        (json!({"items": [], "callback": ""}), false),
        (json!({"items": [], "params": []}), false),
    ];
    for (mut body, is_valid) in cases {
        if body.get("processor").is_none() {
            body["processor"] = json!("echo");
        }
        assert_eq!(validator.is_valid(&body), is_valid, "the schema: {body}");
        let answer = world.post("/v1/jobs?validateOnly=true", body.to_string()).await;
        assert_eq!(answer.status.as_u16(), if is_valid { 200 } else { 422 }, "the code: {body}");
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
        for needed in
            ["default-src 'none'", "connect-src 'self'", "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]
        {
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
    let expected = r#"{"processors":[{"name":"echo","description":"","paramsSchema":{},"chunkSize":250,"batch":1,"maxAttempts":5,"itemTimeoutSeconds":30}],"callbacks":[]}"#;
    assert_eq!(world.get("/v1/processors").await.body, expected);
}
