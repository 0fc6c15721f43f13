//! In every history of small jobs the invariants hold, and every history ends. `make model` explores the larger models.

use std::collections::BTreeSet;

use headway_model::{Bounds, REACHED, Report, check, fast, follow, whole};

/// About 6 GB of states; no model has as many.
const STATES_MAX: usize = 30_000_000;

/// The models hold, and together they reach everything.
fn hold(models: Vec<Bounds>) {
    let reached = each_holds(models);
    let never: Vec<_> = REACHED.iter().filter(|name| !reached.contains(*name)).collect();
    assert!(never.is_empty(), "never reached, so nothing was shown for: {never:?}");
}

/// Explores the models, and follows their histories at the same time. Returns what was reached.
fn each_holds(models: Vec<Bounds>) -> BTreeSet<&'static str> {
    let mut reached = BTreeSet::new();
    let mut wrong = Vec::new();
    for bounds in models {
        let (report, histories) = std::thread::scope(|scope| {
            let followed = scope.spawn(|| follow(&bounds));
            (check(&bounds, 1, STATES_MAX), followed.join())
        });
        println!("{:<55} {report}", bounds.name);
        let Report { unique, complete, broken, .. } = &report;
        wrong.extend(broken.iter().map(|(name, path)| format!("{}: not so: {name}\n{path}", bounds.name)));
        match histories.map(|histories| histories.map(|histories| (histories.states, histories.equals))) {
            _ if !broken.is_empty() => {}
            Ok(Ok((states, Ok(_)))) if *complete && states == *unique => {}
            Ok(Err(circle)) => wrong.push(format!("{}: goes round in a circle:\n{circle}", bounds.name)),
            other => wrong.push(format!("{}: complete {complete}, states when followed {other:?}", bounds.name)),
        }
        reached.extend(report.reached);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    reached
}

#[test]
fn small_models_hold() {
    hold(fast());
}

/// With `MODEL=text` only those with this text in their names.
#[test]
#[ignore = "minutes: make model"]
fn all_models_hold() {
    match std::env::var("MODEL").ok().filter(|text| !text.is_empty()) {
        Some(text) => drop(each_holds(whole().into_iter().filter(|bounds| bounds.name.contains(&text)).collect())),
        None => hold(whole()),
    }
}

/// Answers that processes do not use are kept from them. With all answers the same rows and queues are reached, and no
/// others.
#[test]
fn nothing_is_lost_by_forgetting() {
    let names = [
        "told, duplicate, crash",
        "corrected, crash",
        "two parts, lost answers",
        "dead letters against a slow worker",
        "pause within a chunk",
        "retry and cancel",
        "parts and seal",
    ];
    let mut followed = 0;
    for bounds in fast().into_iter().filter(|bounds| names.contains(&bounds.name)) {
        let short = follow(&bounds).map(|histories| histories.visible).ok();
        let long = follow(&Bounds { forgets: false, ..bounds.clone() }).map(|histories| histories.visible).ok();
        assert!(short.is_some() && short == long, "{}", bounds.name);
        followed += 1;
    }
    assert_eq!(followed, names.len());
}
