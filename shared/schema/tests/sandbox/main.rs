//! The sandbox against schemas, patterns and items made to hang, to eat memory and to crash: each costs itself alone, ends
//! in bounded time, and is told by a code that says which bound it was.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

mod hostile;

use std::sync::Arc;
use std::time::Duration;

use headway_schema::sandbox::{Checked, NoVerdict};
use headway_schema::{Sandbox, Source};
use serde_json::value::RawValue;

fn sandbox(children: usize) -> Sandbox {
    headway_schema::sandbox::use_program(env!("CARGO_BIN_EXE_headway-schema-child"));
    Sandbox::with_times(children, Duration::from_millis(200), Duration::from_millis(400))
}

fn raw(json: impl Into<String>) -> Box<RawValue> {
    RawValue::from_string(json.into()).unwrap()
}

/// What came of it, in a word or two.
fn outcome(checked: &Result<Checked, NoVerdict>) -> String {
    match checked {
        Ok(Checked::Fits(_)) => "fits".to_owned(),
        Ok(Checked::Typed(_)) => "typed".to_owned(),
        Ok(Checked::Misfit(misfit)) => format!("misfit {}", misfit.code),
        Err(NoVerdict::Cut { cut }) => cut.code().to_owned(),
        Err(NoVerdict::Schema(unusable)) => format!("refused: {}", unusable.code()),
        Err(NoVerdict::Unavailable(why)) => panic!("{why}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_costs_itself_alone() {
    let sandbox = sandbox(3);
    let mut wrong = Vec::new();
    for case in hostile::cases() {
        let source = Arc::new(Source::new(case.schema.to_string(), case.text));
        let found = match sandbox.compile("mallory", &source).await {
            Ok(()) => outcome(&sandbox.check("mallory", &source, raw(&*case.item)).await),
            Err(error) => outcome(&Err(error)),
        };
        if !case.expected.contains(&&*found) {
            wrong.push(format!("{}: {found}, not {:?}", case.name, case.expected));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// In the midst of honest items, those that take too much fail, each by its bound, and all others are checked: also items of
/// the same job, and of others who wait at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn neighbours_are_checked() {
    let sandbox = sandbox(2);
    let branch = serde_json::json!({"items": {"$ref": "#"}});
    let tree = serde_json::json!({"anyOf": [branch, branch, {"type": "null"}], "type": ["array", "null"]});
    let hostile = Arc::new(Source::new(tree.to_string(), false));
    let honest = Arc::new(Source::new(r#"{"type": "integer"}"#, true));
    let bomb = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    let mallory = (0..120).map(|i| {
        let (sandbox, hostile) = (sandbox.clone(), hostile.clone());
        let item = if i % 40 == 7 { raw(&*bomb) } else { raw("[[null]]") };
        tokio::spawn(async move { (i, outcome(&sandbox.check("mallory", &hostile, item).await)) })
    });
    let ann = (0..400).map(|i| {
        let (sandbox, honest) = (sandbox.clone(), honest.clone());
        tokio::spawn(async move { (i, outcome(&sandbox.check("ann", &honest, raw(format!("\"{i}\""))).await)) })
    });
    let (mallory, ann): (Vec<_>, Vec<_>) = (mallory.collect(), ann.collect());
    for task in ann {
        assert_eq!(task.await.unwrap().1, "typed");
    }
    for task in mallory {
        let (i, found) = task.await.unwrap();
        assert_eq!(found, if i % 40 == 7 { "schema memory" } else { "fits" }, "item {i}");
    }
}

/// It is known by then.
#[tokio::test]
async fn a_schema_that_was_refused_is_refused_again_at_once() {
    let sandbox = sandbox(1);
    let source = Arc::new(Source::new(r#"{"type": "intger"}"#, false));
    for _ in 0..3 {
        let Err(NoVerdict::Schema(unusable)) = sandbox.check("ann", &source, raw("1")).await else { panic!("it is no schema") };
        assert_eq!(unusable.refusals()[0].pointer, "/type");
    }
    assert!(matches!(sandbox.compile("ann", &source).await, Err(NoVerdict::Schema(_))));
}
