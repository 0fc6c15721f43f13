//! The sandbox with schemas, patterns and items made to hang, to use up memory and to crash: each fails only itself,
//! ends in limited time, and is reported with a code that names the limit.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

mod hostile;

use std::sync::Arc;
use std::time::Duration;

use headway_schema::sandbox::{Checked, NoVerdict};
use headway_schema::{Sandbox, Source};
use serde_json::value::RawValue;

fn sandbox(children: usize) -> Sandbox {
    sandbox_with(children, Duration::from_millis(200))
}

/// With this much time for an item.
fn sandbox_with(children: usize, item: Duration) -> Sandbox {
    headway_schema::sandbox::use_program(env!("CARGO_BIN_EXE_headway-schema-child"));
    Sandbox::with_times(children, item, Duration::from_millis(400))
}

fn raw(json: impl Into<String>) -> Box<RawValue> {
    RawValue::from_string(json.into()).unwrap()
}

/// The result in a word or two.
fn outcome(checked: &Result<Checked, NoVerdict>) -> String {
    match checked {
        Ok(Checked::Fits(_)) => "fits".to_owned(),
        Ok(Checked::Typed(_)) => "typed".to_owned(),
        Ok(Checked::Misfit(misfit)) => format!("misfit {}", misfit.code),
        Err(NoVerdict::LimitExceeded(exceeded)) => exceeded.code().to_owned(),
        Err(NoVerdict::Schema(unusable)) => format!("refused: {}", unusable.code()),
        Err(NoVerdict::Unavailable(why)) => panic!("{why}"),
    }
}

/// On a busy machine an item may be returned without a verdict because it waited too long. It is tried again, as a
/// worker does, but not for ever.
const TRIES_MAX: usize = 20;

async fn patiently<T, F: Future<Output = Result<T, NoVerdict>>>(work: impl Fn() -> F) -> Result<T, NoVerdict> {
    for _ in 1..TRIES_MAX {
        match work().await {
            Err(NoVerdict::Unavailable(_)) => {}
            found => return found,
        }
    }
    work().await
}

/// The result of checking an item.
async fn verdict(sandbox: &Sandbox, owner: &str, source: &Arc<Source>, item: &RawValue) -> String {
    outcome(&patiently(|| sandbox.check(owner, source, item.to_owned())).await)
}

/// The results of checking items in one call, and in further calls with those that waited too long.
async fn verdicts(sandbox: &Sandbox, owner: &str, source: &Arc<Source>, items: &[Box<RawValue>]) -> Vec<String> {
    let mut found: Vec<Option<String>> = vec![None; items.len()];
    for _ in 0..TRIES_MAX {
        let open: Vec<usize> = (0..items.len()).filter(|at| found[*at].is_none()).collect();
        let checked = sandbox.check_all(owner, source, open.iter().map(|at| items[*at].clone()).collect()).await;
        assert_eq!(checked.len(), open.len());
        for (at, checked) in open.into_iter().zip(checked) {
            found[at] = if matches!(checked, Err(NoVerdict::Unavailable(_))) { None } else { Some(outcome(&checked)) };
        }
    }
    found.into_iter().map(|found| found.unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fails_only_itself() {
    let sandbox = sandbox(3);
    let mut wrong = Vec::new();
    for case in hostile::cases() {
        let source = Arc::new(Source::new(case.schema.to_string(), case.text));
        let found = match patiently(|| sandbox.compile("mallory", &source)).await {
            Ok(()) => verdict(&sandbox, "mallory", &source, &raw(&*case.item)).await,
            Err(error) => outcome(&Err(error)),
        };
        if !case.expected.contains(&&*found) {
            wrong.push(format!("{}: {found}, not {:?}", case.name, case.expected));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Among harmless items, those that take too much fail with their limit, and all others are checked: also items of the
/// same call, and those of others that wait at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn neighbours_are_checked() {
    // With so much time a bomb meets the limit of memory first, also on a busy machine.
    let sandbox = sandbox_with(2, Duration::from_secs(10));
    let branch = serde_json::json!({"items": {"$ref": "#"}});
    let tree = serde_json::json!({"anyOf": [branch, branch, {"type": "null"}], "type": ["array", "null"]});
    let hostile = Arc::new(Source::new(tree.to_string(), false));
    let honest = Arc::new(Source::new(r#"{"type": "integer"}"#, true));
    let bomb = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    let mallory = {
        let (sandbox, hostile) = (sandbox.clone(), hostile.clone());
        let items: Vec<_> = (0..300).map(|i| if i % 100 == 7 { raw(&*bomb) } else { raw("[[null]]") }).collect();
        tokio::spawn(async move { verdicts(&sandbox, "mallory", &hostile, &items).await })
    };
    let ann = (0..400).map(|i| {
        let (sandbox, honest) = (sandbox.clone(), honest.clone());
        tokio::spawn(async move { (i, verdict(&sandbox, "ann", &honest, &raw(format!("\"{i}\""))).await) })
    });
    for task in ann.collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap().1, "typed");
    }
    for (i, found) in mallory.await.unwrap().into_iter().enumerate() {
        assert_eq!(found, if i % 100 == 7 { "schema memory" } else { "fits" }, "item {i}");
    }
}

/// As much as patterns may take leaves memory for items, also if they need other readings and all digits of numbers.
#[tokio::test(flavor = "multi_thread")]
async fn large_patterns_leave_memory_for_items() {
    headway_schema::sandbox::use_program(env!("CARGO_BIN_EXE_headway-schema-child"));
    let sandbox = Sandbox::with_times(1, Duration::from_secs(10), Duration::from_secs(20));
    let large = [(30, r"^\p{Lu}\p{L}{0,30}", "Éléonore"), (30, r"^.{0,255}\n.{0,255}", "é\né"), (3, r"^\p{L}{1,50}@\p{L}{1,50}", "é@é")];
    for (count, pattern, text) in large {
        let mut columns: serde_json::Map<_, _> =
            (0..count).map(|i| (format!("c{i}"), serde_json::json!({"pattern": format!("{pattern}(?:{i})?$")}))).collect();
        let mut item: serde_json::Map<_, _> = (0..count).map(|i| (format!("c{i}"), text.into())).collect();
        columns.insert("n".to_owned(), serde_json::json!({"type": "number"}));
        item.insert("n".to_owned(), "0.1000000000000000000001".into());
        let source = Arc::new(Source::new(serde_json::json!({"properties": columns}).to_string(), true));
        for (n, expected) in [("0.1000000000000000000001", "typed"), ("x", "misfit /n type")] {
            item.insert("n".to_owned(), n.into());
            let found = verdict(&sandbox, "ann", &source, &raw(serde_json::to_string(&item).unwrap())).await;
            assert_eq!(found, expected, "{count} of {pattern}");
        }
    }
}

/// The refusal is remembered.
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

/// Slow items of a job fail with their limit, and the items around them are not affected.
#[tokio::test(flavor = "multi_thread")]
async fn slow_items_are_found_among_their_neighbours() {
    let sandbox = sandbox(2);
    let slow = serde_json::json!({"anyOf": [{"type": "integer"}, {"pattern": "(?<=(?:a*a*a*a*a*))b$"}]});
    let source = Arc::new(Source::new(slow.to_string(), false));
    let checks = (0..100).map(|i| {
        let (sandbox, source) = (sandbox.clone(), source.clone());
        let item = if i % 30 == 5 { raw(format!("\"{}\"", "a".repeat(40_000))) } else { raw("5") };
        tokio::spawn(async move { (i, verdict(&sandbox, "mallory", &source, &item).await) })
    });
    for task in checks.collect::<Vec<_>>() {
        let (i, found) = task.await.unwrap();
        assert!(if i % 30 == 5 { found != "fits" } else { found == "fits" }, "item {i}: {found}");
    }
}

/// The clock of this test runs fast: an item that waits behind an endless one is returned, even if both were in one
/// batch.
#[tokio::test(start_paused = true)]
async fn an_item_that_waits_too_long_is_returned() {
    headway_schema::sandbox::use_program(env!("CARGO_BIN_EXE_headway-schema-child"));
    let sandbox = Sandbox::with_times(1, Duration::from_secs(5), Duration::from_secs(5));
    let endless = hostile::cases().into_iter().find(|case| case.name == "31 levels of unevaluatedItems").unwrap();
    let source = Arc::new(Source::new(endless.schema.to_string(), false));
    let slow = sandbox.check("ann", &source, raw(&*endless.item));
    let began = tokio::time::Instant::now();
    let found = tokio::select! {
        biased;
        // It is being checked, and the clock does not wait for that.
        () = async { drop(slow.await); std::future::pending().await } => return,
        found = sandbox.check("ann", &source, raw("1")) => found,
    };
    assert!(matches!(found, Err(NoVerdict::Unavailable(_))), "{found:?}");
    assert_eq!(began.elapsed().as_secs(), 15);
}
