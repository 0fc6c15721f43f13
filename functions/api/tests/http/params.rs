//! A job's `params` are checked when it is submitted, so that nobody learns of a mistake from 5,000 failed items.

use async_trait::async_trait;
use headway_api::processors::with_described;
use headway_core::{Item, ItemError, ItemProcessor, Options, Output, Processors};
use headway_worker::processors::JsonSchema;
use serde_json::{Value, json};

use crate::world::World;

/// Does nothing but has a `paramsSchema`.
struct Mailer;

#[async_trait]
impl ItemProcessor for Mailer {
    async fn process(&self, _: Item) -> Result<Output, ItemError> {
        Ok(Output::None)
    }

    fn options(&self) -> Options {
        let params_schema = json!({
            "type": "object",
            "required": ["template"],
            "properties": {"template": {"type": "string", "maxLength": 5}, "copies": {"type": "integer"}},
            "additionalProperties": false
        });
        Options { params_schema, ..Options::default() }
    }
}

fn world() -> World {
    World::processing(Processors::new().with("mailer", Mailer).with("json-schema", JsonSchema::new()))
}

async fn errors(world: &World, processor: &str, params: &Value) -> Vec<(String, String)> {
    let body = json!({"processor": processor, "params": params, "items": [1]});
    let answer = world.post("/v1/jobs", body.to_string()).await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (422, "invalid"), "{params}");
    let errors = answer.json()["errors"].as_array().unwrap().clone();
    let text = |error: &Value, name: &str| error[name].as_str().unwrap().to_owned();
    errors.iter().map(|error| (text(error, "pointer"), text(error, "detail"))).collect()
}

#[tokio::test]
async fn params_are_checked_against_the_params_schema() {
    let world = world();
    let table = [
        (json!({}), vec![("/params/template", "missing")]),
        (json!({"template": 7}), vec![("/params/template", "not a string: 7")]),
        (json!({"template": "x", "more": true}), vec![("/params/more", "not a known member: true")]),
        (
            json!({"template": "too long", "copies": "5"}),
            vec![("/params/copies", "not an integer: \"5\""), ("/params/template", "longer than 5 characters: \"too long\"")],
        ),
    ];
    for (params, expected) in table {
        let mut found = errors(&world, "mailer", &params).await;
        found.sort();
        let found: Vec<_> = found.iter().map(|(pointer, detail)| (pointer.as_str(), detail.as_str())).collect();
        assert_eq!(found, expected, "{params}");
    }
    let body = json!({"processor": "mailer", "params": {"template": "x"}, "items": [1]});
    assert_eq!(world.post("/v1/jobs", body.to_string()).await.status, 202);
    assert_eq!(world.take().len(), 1, "a refused job has sent nothing");
}

#[tokio::test]
async fn a_schema_is_compiled_before_the_job_is_made() {
    let world = world();
    let table = [
        (json!({}), "/params/schema", "missing"),
        (json!({"type": "object"}), "/params/schema", "missing"),
        (json!({"schema": {"properties": {"a": {"type": "intger"}}}}), "/params/schema/properties/a/type", "\"intger\" is not a type"),
        // Bug found: it said that the member was missing which was there.
        (
            json!({"schema": {"$schema": "http://json-schema.org/draft-04/schema#", "properties": {"a": {"exclusiveMinimum": true}}}}),
            "/params/schema/properties/a/minimum",
            "missing",
        ),
        (json!({"schema": {"requried": []}}), "/params/schema/requried", "\"requried\" is not a keyword"),
        (json!({"schema": {"items": {"format": "phone"}}}), "/params/schema/items/format", "\"phone\" is not a format"),
        (json!({"schema": {"$ref": "http://localhost/x"}}), "/params/schema/$ref", "http://localhost/x is another document"),
        // Bug found: these had no place, since the validator writes their addresses in another way.
        (
            json!({"schema": {"items": {"$ref": "http://json-schema.org/draft-07/schema#"}}}),
            "/params/schema/items/$ref",
            "http://json-schema.org/draft-07/schema is another document",
        ),
        (
            json!({"schema": {"$id": "http://localhost/a/b", "items": {"$ref": "../x#/$defs/c"}}}),
            "/params/schema/items/$ref",
            "http://localhost/x is another document",
        ),
        (json!({"schema": {}, "text": "yes"}), "/params/text", "not a boolean"),
        (json!({"schema": []}), "/params/schema", "not a boolean or an object"),
    ];
    for (params, pointer, detail) in table {
        let found = errors(&world, "json-schema", &params).await;
        assert!(found.iter().any(|(at, why)| at == pointer && why.starts_with(detail)), "{params}: {found:?}");
    }
    let deep = |i: u32| (i.to_string(), json!({"allOf": [{"$ref": format!("a:b#/$defs/{}", i + 1)}], "unevaluatedProperties": false}));
    let mut defs: serde_json::Map<_, _> = (0..600).map(deep).collect();
    defs.insert("600".to_owned(), json!({}));
    let found = errors(&world, "json-schema", &json!({"schema": {"$id": "a:b", "$defs": defs, "$ref": "a:b#/$defs/0"}})).await;
    assert_eq!(found[0].0, "/params/schema");
    assert!(found[0].1.starts_with("compiling the schema takes more than "), "{found:?}");
    let body = json!({"processor": "json-schema", "params": {"schema": {"type": "integer"}}, "items": [1]});
    assert_eq!(world.post("/v1/jobs", body.to_string()).await.status, 202);
}

/// Bug found: with such a description the api started, and each job for the processor was answered 500.
#[tokio::test]
async fn a_described_processor_that_no_job_can_use_keeps_the_api_from_starting() {
    headway_api::use_program(env!("CARGO_BIN_EXE_api"));
    let described = |schema: Value| async move {
        let list = json!([{"name": "good", "paramsSchema": {"type": "object"}}, {"name": "mine", "paramsSchema": schema}]).to_string();
        let read = with_described(Vec::new(), &|_| Some(list.clone())).await;
        read.map(|infos| infos.len()).map_err(|error| error.to_string())
    };
    assert_eq!(described(json!({"required": ["a"]})).await, Ok(2));
    let refused = described(json!({"requried": ["a"], "properties": {"b": {"type": 5}}})).await.unwrap_err();
    let says = "HEADWAY_PROCESSORS: the paramsSchema of the processor mine cannot be used: /requried: ";
    assert!(refused.starts_with(says) && refused.contains("/properties/b/type"), "{refused}");
}
