//! Schemas that hang, use up memory and crash their compiler, submitted to the real server: it still answers, other
//! owners' jobs complete, and nothing is left behind when it is killed.

use std::fs;

use serde_json::{Map, Value, json};

use crate::counts;
use headway_testkit::home::{Home, run};
use headway_testkit::server::{Server, eventually};

/// Hangs on each item that is `[1]`: unevaluated items are searched for twice at each level.
fn hangs() -> Value {
    let level = |i: u32| (i.to_string(), json!({"allOf": [{"$ref": format!("#/$defs/{}", i + 1)}], "unevaluatedItems": false}));
    let mut levels: Map<_, _> = (0..31).map(level).collect();
    levels.insert("31".to_owned(), json!({"items": true}));
    json!({"$defs": levels, "$ref": "#/$defs/0"})
}

/// Uses up all memory on an item that is deep.
fn eats() -> Value {
    let branch = json!({"items": {"$ref": "#"}});
    json!({"type": "array", "anyOf": [branch, branch]})
}

/// Overflows the stack, or uses up memory, when it is compiled.
fn crashes() -> Value {
    let level = |i: u32| (i.to_string(), json!({"allOf": [{"$ref": format!("a:b#/$defs/{}", i + 1)}], "unevaluatedProperties": false}));
    let mut levels: Map<_, _> = (0..600).map(level).collect();
    levels.insert("600".to_owned(), json!({}));
    json!({"$id": "a:b", "$defs": levels, "$ref": "a:b#/$defs/0"})
}

/// Submits a file with a schema, without waiting for its end. Returns what the command printed.
fn submit(home: &Home, server: &Server, name: &str, schema: &Value, lines: &str) -> Value {
    let params = home.file(&format!("{name}.json"), json!({"schema": schema}).to_string());
    let file = home.file(&format!("{name}.ndjson"), lines);
    let words = ["submit", &file, "--processor", "json-schema", "--params", &params, "--detach", "--tolerate", "100%", "--json"];
    let ended = run(server.client(home, &words), "");
    let printed = if ended.stdout.trim().is_empty() { ended.stderr } else { ended.stdout };
    serde_json::from_str(printed.trim()).unwrap_or_else(|_| panic!("{name}: {printed}"))
}

/// The running processes that a process has started.
fn children_of(process: u32) -> Vec<u32> {
    let numbers = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    let parent = |process: &u32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let mut fields = stat.rsplit_once(") ")?.1.split(' ');
        let state = fields.next()?.to_owned();
        (state != "Z").then(|| fields.next()?.parse::<u32>().ok()).flatten()
    };
    numbers.filter(|number| parent(number) == Some(process)).collect()
}

/// A child knows only that it is a child, is limited, and has none of the server's files open.
fn assert_nothing_in_reach(child: u32) {
    // It sets its limits itself first of all. Before that the system's loader may still have the program's libraries open.
    eventually("a child is limited", || {
        let limits = fs::read_to_string(format!("/proc/{child}/limits")).unwrap_or_default();
        let limited =
            |name: &str| limits.lines().any(|line| line.starts_with(name) && !line[name.len()..].trim_start().starts_with("unlimited"));
        let all = ["Max address space", "Max cpu time", "Max open files", "Max file size"].into_iter().all(limited);
        (limits.is_empty() || all).then_some(())
    });
    let Ok(environment) = fs::read_to_string(format!("/proc/{child}/environ")) else { return };
    let names: Vec<_> = environment.split('\0').filter_map(|pair| pair.split_once('=')).map(|(name, _)| name).collect();
    assert!(names.iter().all(|name| ["HEADWAY_SCHEMA_CHILD", "MALLOC_ARENA_MAX"].contains(name)), "{names:?}");
    let Ok(open) = fs::read_dir(format!("/proc/{child}/fd")) else { return };
    let open: Vec<_> = open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()).map(|to| to.display().to_string()).collect();
    // Parent and child share a position in the program's own file: the place of the child.
    let program = fs::read_link(format!("/proc/{child}/exe")).map(|to| to.display().to_string()).unwrap_or_default();
    let expected = |to: &String| *to == program || ["socket:", "pipe:", "/dev/null", "/proc/"].iter().any(|start| to.starts_with(start));
    assert!(open.iter().all(expected), "{open:?}");
}

#[test]
fn hostile_schemas_do_not_delay_other_owners() {
    let home = Home::new();
    let mut server = home.serve(&["--data", "data"]);
    let deep = format!("{}1{}\n", "[".repeat(40), "]".repeat(40));
    let hanging = submit(&home, &server, "hangs", &hangs(), &"[1]\n".repeat(3));
    let eating = submit(&home, &server, "eats", &eats(), &deep.repeat(3));
    let refused = submit(&home, &server, "crashes", &crashes(), "{}\n");
    assert_eq!(refused["status"], 422, "{refused}");
    assert_eq!(refused["errors"][0]["pointer"], "/params/schema", "{refused}");

    let token: Value = serde_json::from_str(run(home.command(&["token", "--user", "bob", "--json"]), "").stdout.trim()).unwrap();
    let file = home.file("bob.ndjson", "5\n".repeat(1_000));
    let params = home.file("bob.json", r#"{"schema": {"type": "integer"}}"#);
    let mut bob = server.client(&home, &["submit", &file, "--processor", "json-schema", "--params", &params, "--json"]);
    bob.env("HEADWAY_TOKEN", token["token"].as_str().unwrap());
    let ended = run(bob, "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(counts(&serde_json::from_str(ended.stdout.trim()).unwrap()), [1_000, 1_000, 0, 0]);

    let job = |job: &Value| server.json(&home, &["status", job["id"].as_str().unwrap()]);
    eventually("the deep items fail", || Some(counts(&job(&eating))).filter(|counts| counts[2] == 3));
    let failures = server.run(&home, &["failures", eating["id"].as_str().unwrap(), "--format", "ndjson"]).stdout;
    assert_eq!(failures.matches("schema memory").count(), 3, "{failures}");
    eventually("those that hang are cut off", || Some(counts(&job(&hanging))).filter(|counts| counts[2] == 3));

    submit(&home, &server, "hang", &hangs(), &"[1]\n".repeat(40));
    let process = server.serving.child.id();
    let children = eventually("a child is at work", || Some(children_of(process)).filter(|children| !children.is_empty()));
    children.iter().for_each(|child| assert_nothing_in_reach(*child));
    server.serving.kill();
    eventually("the children are gone too", || {
        children
            .iter()
            .all(|child| fs::read_to_string(format!("/proc/{child}/stat")).map_or(true, |stat| stat.contains(") Z ")))
            .then_some(())
    });
}
