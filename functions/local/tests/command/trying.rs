//! `--canary` and `--dry-run`: what is tried, or only looked at, before a file is sent.

use crate::Home;
use crate::fake_server::{FakeServer, ID, TOKEN};
use crate::terminal::Terminal;

/// Rows of which the first two of ten are bad.
pub(crate) fn rows(n: usize) -> String {
    (0..n).map(|i| format!("{{\"n\":{i},\"note\":\"{}\"}}\n", if i < 2 { "bad" } else { "ok" })).collect()
}

/// A server whose open job has handled everything that was sent, `failed` of it with failures.
pub(crate) async fn handling(first: usize, failed: usize) -> FakeServer {
    let server = FakeServer::start().await;
    let more = serde_json::json!({"processedItems": first - failed, "failedItems": failed, "pendingItems": 0});
    server.world.lock().unwrap().more = more.as_object().unwrap().clone();
    let groups = r#"{"groups":[{"code":"/note enum","kind":"Permanent","count":2,"examples":[{"index":0,"id":null,"message":"/note: bad"}]}],
        "countedFailures":2,"complete":true}"#;
    server.can(&format!("/v1/jobs/{ID}/failures/groups"), &[], groups);
    server
}

fn places(server: &FakeServer) -> Vec<(u64, usize)> {
    server.world.lock().unwrap().parts.values().map(|(first, items)| (*first, items.len())).collect()
}

#[tokio::test]
async fn the_rest_is_sent_only_if_few_of_the_first_items_failed() {
    for (limit, parts, code) in [
        ("20%", vec![(0, 10), (10, 160), (170, 30)], 0),
        ("2", vec![(0, 10), (10, 160), (170, 30)], 0),
        ("1", vec![(0, 10)], 6),
        ("19.9%", vec![(0, 10)], 6),
    ] {
        let (home, server) = (Home::new(), handling(10, 2).await);
        let file = home.file("rows.ndjson", rows(200));
        let words = ["submit", &file, "--processor", "p", "--tolerate", "50%", "--canary", "10", "--yes-if", limit, "--url", &server.url];
        let ended = home.run(&words).await;
        assert_eq!((ended.code, places(&server)), (Some(code), parts), "{limit}: {ended:?}");
        assert!(ended.stderr.contains("of the first 10 items: 8 processed, 2 failed"), "{}", ended.stderr);
        assert!(ended.stderr.contains("/note enum") && ended.stderr.contains("item 0: /note: bad"), "in groups: {}", ended.stderr);
        assert_eq!(server.count(&format!("POST /v1/jobs/{ID}/cancel")), usize::from(code == 6));
        assert_eq!(ended.stderr.contains("the other 190 items are not sent"), code == 6, "{}", ended.stderr);
    }
}

#[tokio::test]
async fn without_a_terminal_it_is_refused_before_anything_is_sent() {
    let (home, server) = (Home::new(), handling(10, 2).await);
    let file = home.file("rows.ndjson", rows(200));
    for more in [&[][..], &["--json"], &["--quiet"]] {
        let words = [&["submit", &file, "--processor", "p", "--canary", "10", "--url", &server.url], more].concat();
        let ended = home.run(&words).await;
        assert!(ended.code == Some(2) && ended.stderr.contains("--yes-if 1%"), "{ended:?}");
    }
    assert_eq!(server.log(), [""; 0], "nothing was asked of the server");
    for wrong in [&["--yes-if", "1%"][..], &["--canary", "0"], &["--canary", "10", "--yes-if", "x"]] {
        let words = [&["submit", &file, "--processor", "p", "--url", &server.url], wrong].concat();
        assert_eq!(home.run(&words).await.code, Some(2), "{wrong:?}");
    }
}

#[tokio::test]
async fn the_answer_is_read_from_the_terminal() {
    for (typed, parts, code) in [("what?\nyes\n", 3, 0), ("N\n", 1, 6), ("\u{4}", 1, 130)] {
        let (home, server) = (Home::new(), handling(10, 2).await);
        let file = home.file("rows.ndjson", rows(200));
        let mut command = home.command(&["submit", &file, "--processor", "p", "--canary", "10", "--url", &server.url]);
        command.env("HEADWAY_TOKEN", TOKEN);
        let (ended, shown) = Terminal::run_typing(command, typed).await;
        assert_eq!((ended, places(&server).len()), (Some(code), parts), "{typed:?}: {shown}");
        assert!(shown.contains("Send the other 190 items?") && shown.contains("an item that --canary tries too"), "{shown}");
        assert_eq!(server.count(&format!("POST /v1/jobs/{ID}/cancel")), usize::from(code == 6), "no answer cancels nothing");
        assert_eq!(shown.contains(&format!("--canary 10 --continue {ID}")), code == 130, "{shown}");
    }
}

#[tokio::test]
async fn nothing_is_asked_if_there_is_no_rest() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let file = home.file("rows.ndjson", rows(10));
    let words = ["submit", &file, "--processor", "p", "--canary", "10", "--yes-if", "0", "--url", &server.url];
    let ended = home.run(&words).await;
    assert_eq!((ended.code, places(&server)), (Some(0), vec![(0, 10)]), "{ended:?}");
    assert!(!ended.stderr.contains("of the first") && ended.stderr.contains("and --canary N tries N items first"), "{}", ended.stderr);
}

/// The parts of a trial are short. What continues it cuts the file in the same places, and asks only if nothing more was
/// sent.
#[tokio::test]
async fn a_trial_that_was_interrupted_is_continued() {
    for (there, options, asks) in [
        (vec![(0, 10)], &["--canary", "10", "--yes-if", "1"][..], true),
        (vec![(0, 10)], &[], false),
        (vec![(0, 10), (10, 160)], &["--canary", "10", "--yes-if", "1"], false),
    ] {
        let (home, server) = (Home::new(), handling(10, 2).await);
        let file = home.file("rows.ndjson", rows(200));
        {
            let mut world = server.world.lock().unwrap();
            world.exists = true;
            let text = rows(200);
            let items: Vec<String> = text.lines().map(str::to_owned).collect();
            for (number, (first, count)) in there.iter().enumerate() {
                world.parts.insert(number as u32, (*first as u64, items[*first..first + count].to_vec()));
            }
        }
        let ended = home.run(&[&["submit", &file, "--continue", ID, "--url", &server.url], options].concat()).await;
        assert_eq!(ended.code, Some(if asks { 6 } else { 0 }), "{there:?} {options:?}: {ended:?}");
        assert_eq!(places(&server).len(), if asks { 1 } else { 3 }, "{there:?} {options:?}");
    }
}

/// Bug found: with the same key, but without or with another `--canary`, the same file was refused as if it were cut in another way.
#[tokio::test]
async fn a_key_finds_the_job_whatever_was_tried_of_it() {
    let ended = [(0, 10)];
    for (typed, more, parts, code) in [
        ("\u{4}", &[][..], &[(0, 10), (10, 160), (170, 30)][..], 0),
        ("\u{4}", &["--canary", "10", "--yes-if", "2"], &[(0, 10), (10, 160), (170, 30)], 0),
        ("\u{4}", &["--canary", "20", "--yes-if", "2"], &[(0, 10), (10, 10), (20, 160), (180, 20)], 0),
        ("\u{4}", &["--canary", "20", "--yes-if", "1"], &[(0, 10), (10, 10)], 6),
        ("\u{4}", &["--canary", "5", "--yes-if", "0"], &[(0, 10), (10, 160), (170, 30)], 0),
        ("n\n", &[], &ended, 6),
        ("n\n", &["--canary", "10", "--yes-if", "2"], &ended, 6),
        ("n\n", &["--canary", "20", "--yes-if", "2"], &ended, 6),
        ("n\n", &["--detach"], &ended, 6),
    ] {
        let (home, server) = (Home::new(), handling(10, 2).await);
        let file = home.file("rows.ndjson", rows(200));
        let words = ["submit", &file, "--processor", "p", "--tolerate", "50%", "--idempotency-key", "k", "--url", &server.url];
        let mut command = home.command(&[&words[..], &["--canary", "10"]].concat());
        command.env("HEADWAY_TOKEN", TOKEN);
        assert_eq!(Terminal::run_typing(command, typed).await.0, Some(if typed == "n\n" { 6 } else { 130 }));
        assert_eq!(places(&server), [(0, 10)]);
        server.world.lock().unwrap().more.insert("processedItems".to_owned(), 18.into());
        let again = home.run(&[&words[..], more].concat()).await;
        assert_eq!((again.code, places(&server)), (Some(code), parts.to_vec()), "{typed:?} {more:?}: {again:?}");
        assert!(again.stderr.contains("was started before with the same key"), "{again:?}");
        assert_eq!(again.stderr.contains("so nothing is sent"), typed == "n\n", "{again:?}");
        assert_eq!(again.stderr.contains("there is no question"), more.contains(&"5"), "{again:?}");
    }
}

/// Bug found: somebody sealed the job while its first items were tried. The rest was not sent, and the exit code was 0.
#[tokio::test]
async fn a_job_that_somebody_sealed_before_all_was_sent_is_no_success() {
    let (home, server) = (Home::new(), handling(10, 2).await);
    server.world.lock().unwrap().sealed_at = Some(1);
    let file = home.file("rows.ndjson", rows(200));
    let words = ["submit", &file, "--processor", "p", "--tolerate", "50%", "--idempotency-key", "k", "--url", &server.url];
    for more in [&["--canary", "10", "--yes-if", "2"][..], &[], &["--detach"], &["--canary", "10", "--yes-if", "0", "--json"]] {
        let ended = home.run(&[&words[..], more].concat()).await;
        assert_eq!((ended.code, places(&server)), (Some(1), vec![(0, 10)]), "{more:?}: {ended:?}");
        let says = "somebody sealed the job when 10 of the file's 200 items had arrived, so the rest cannot be sent";
        assert!(ended.stderr.contains(says), "{more:?}: {ended:?}");
    }
    let continued = home.run(&["submit", &file, "--continue", ID, "--url", &server.url]).await;
    assert_eq!(continued.code, Some(1), "{continued:?}");
}

#[tokio::test]
async fn a_dry_run_checks_everything_and_makes_nothing() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let file = home.file("rows.ndjson", rows(400));
    server.can("/v1/jobs?validateOnly=true", &[], r#"{"chunks":200,"estimate":{"usd":"9.000412","seconds":9.4}}"#);
    let words = ["submit", &file, "--processor", "p", "--tolerate", "3%", "--canary", "10", "--dry-run", "--url", &server.url];
    let ended = home.run(&words).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let says = "400 items, 8292 bytes, in 4 parts and 200 chunks of at most 2 items\nabout $0.000207 on AWS, and 0.4 s of work";
    assert!(ended.stdout.starts_with(says), "{ended:?}");
    let json = home.run(&[&words[..], &["--json"]].concat()).await;
    let plan: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((plan["parts"].as_u64(), plan["estimate"]["usd"].as_str()), (Some(4), Some("0.000207")), "{plan}");
    let calls = server.log();
    assert!(calls.iter().all(|call| call == "GET /v1/processors" || call == "POST /v1/jobs?validateOnly=true"), "{calls:?}");
    server.world.lock().unwrap().keys.insert("taken".to_owned(), "{}".into());
    for (key, code) in [("free", 0), ("taken", 1)] {
        let ended = home.run(&[&words[..], &["--idempotency-key", key]].concat()).await;
        assert_eq!((ended.code, ended.stderr.contains("are valid")), (Some(code), code == 0), "{key}: {ended:?}");
    }
    let bad = home.file("bad.ndjson", "1\n{\n");
    assert_eq!(home.run(&["submit", &bad, "--processor", "p", "--dry-run", "--url", &server.url]).await.code, Some(1));
}

/// Bug found: the cost was the server's, for items of 200 bytes each, beside the bytes that were counted in the file.
#[tokio::test]
async fn a_dry_run_costs_what_headway_estimate_says() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    server.can("/v1/jobs?validateOnly=true", &[], r#"{"chunks":1,"estimate":{"usd":"9.000001","seconds":9.001}}"#);
    for processor in ["p", "json-schema"] {
        for bytes in [2, 5_000] {
            let file = home.file("rows.ndjson", format!("\"{}\"\n", "x".repeat(bytes)).repeat(400));
            let of = async |words: &[&str]| -> serde_json::Value {
                let words = [words, &["--processor", processor, "--chunk-size", "2", "--json", "--url", &server.url]].concat();
                serde_json::from_str(&home.run(&words).await.stdout).unwrap()
            };
            let (estimate, plan) = (of(&["estimate", &file]).await, of(&["submit", &file, "--dry-run"]).await);
            assert!(plan["estimate"]["usd"] == estimate["usd"] && plan["bytes"] == estimate["bytes"], "{plan} {estimate}");
        }
    }
}

/// What makes every row fail is an error of the dry run, and what may be a typing error a warning, each with its column.
#[tokio::test]
async fn a_dry_run_compares_the_columns_with_the_schema() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    server.can("/v1/jobs?validateOnly=true", &[], r#"{"chunks":1,"estimate":{"usd":"0.000001","seconds":0.001}}"#);
    let schema = r#"{"schema": {"required": ["sku", "price"], "properties": {"sku": {}, "price": {}, "name": {}}}}"#;
    let schema = home.file("schema.json", schema);
    for (header, code, says) in [
        ("sku,price,name", 0, "the file and the options are valid; no job was created"),
        ("sku,price,nmae", 0, "rows.csv: column 3, \"nmae\", is not in the schema, so it is not checked: rename it if \"name\" is meant"),
        (
            "sku,prize,name",
            1,
            "rows.csv: the schema requires \"price\", and the file has no such column, so every row fails: column 2, \"prize\", is similar",
        ),
    ] {
        let file = home.file("rows.csv", format!("{header}\n1,2,3\n"));
        let words = ["submit", &file, "--processor", "json-schema", "--params", &schema, "--url", &server.url];
        let ended = home.run(&[&words[..], &["--dry-run"]].concat()).await;
        assert!(ended.code == Some(code) && ended.stderr.contains(says), "{header}: {ended:?}");
        assert_eq!(ended.stderr.contains("no failure is tolerated: the first item that fails ends the job"), code == 0, "{ended:?}");
        assert_eq!(ended.stdout.starts_with("1 item, 34 bytes, in 1 part and 1 chunk of at most "), code == 0, "{ended:?}");
        let json = home.run(&[&words[..], &["--dry-run", "--json"]].concat()).await;
        assert_eq!(json.stdout.contains(r#""warnings":["rows.csv: column 3"#), header.contains("nmae"), "{json:?}");
    }
}

/// A number's keyword checks no text. Whoever gives it without a type hears so before a row is sent, and also when rows are
/// sent. The params are read once, so they may come from a pipe.
#[tokio::test]
async fn what_the_schema_does_not_check_in_text_is_said() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    server.world.lock().unwrap().json_schema = Some(serde_json::json!({"properties": {"text": {}}}));
    server.can("/v1/jobs?validateOnly=true", &[], r#"{"chunks":1,"estimate":{"usd":"0.000001","seconds":0.001}}"#);
    let file = home.file("rows.csv", "age\n4\n");
    let pipe = home.path().join("params.pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (schema, options, warns) in [
        (r#"{"schema": {"properties": {"age": {"minimum": 18}}}}"#, &["--dry-run"][..], true),
        (r#"{"schema": {"properties": {"age": {"minimum": 18}}}}"#, &[], true),
        (r#"{"schema": {"properties": {"age": {"minimum": 18}}}, "text": false}"#, &["--dry-run"], false),
        (r#"{"schema": {"properties": {"age": {"type": "integer", "minimum": 18}}}}"#, &["--dry-run"], false),
    ] {
        let (to, schema) = (pipe.clone(), schema.to_owned());
        std::thread::spawn(move || std::fs::write(to, schema));
        let words = ["submit", &file, "--processor", "json-schema", "--params", "params.pipe", "--url", &server.url];
        let ended = home.run(&[&words[..], options].concat()).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let said = ended.stderr.contains("params.pipe: /schema/properties/age has `minimum`, but it has no `type`");
        assert_eq!(said, warns, "{ended:?}");
    }
}

/// Bug found: a dry run said that all is valid, and every row failed, by keywords that the look at the columns does not know.
#[tokio::test]
async fn a_dry_run_says_if_none_of_the_first_items_fits() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    server.world.lock().unwrap().json_schema = Some(serde_json::json!({"properties": {"text": {}}}));
    server.can("/v1/jobs?validateOnly=true", &[], r#"{"chunks":1,"estimate":{"usd":"0.000001","seconds":0.001}}"#);
    let (many, one) = ("a,b\n".to_owned() + &"x,2\n".repeat(30), "a,b\nx,2\n".to_owned());
    for (schema, rows, says) in [
        (
            r#"{"properties": {"a": {"not": {"type": "string"}}}}"#,
            &many,
            "rows.csv: none of the first 20 items fits the schema. The one on line 2: /a: fits what is not allowed",
        ),
        (r#"{"dependentRequired": {"a": ["zz"]}}"#, &one, "rows.csv: the first item does not fit the schema. The one on line 2: "),
        (r#"{"properties": {"b": {"type": "integer"}}}"#, &many, ""),
        (r#"{"properties": {"a": {"const": "2"}}}"#, &(many.clone() + "2,2\n"), "rows.csv: none of the first 20"),
        (r#"{"properties": {"a": {"const": "2"}}}"#, &("a,b\n2,2\n".to_owned() + &many["a,b\n".len()..]), ""),
        (r#"{"properties": {"a": {"const": "2"}}}"#, &"a,b\n".to_owned(), ""),
    ] {
        let (file, params) = (home.file("rows.csv", rows), home.file("p.json", format!("{{\"schema\": {schema}}}")));
        let words = ["submit", &file, "--processor", "json-schema", "--params", &params, "--dry-run", "--url", &server.url];
        let ended = home.run(&words).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.stderr.contains(says), "{schema}: {ended:?}");
        assert_eq!(ended.stderr.contains(" the schema. The one on line "), !says.is_empty(), "{schema}: {ended:?}");
    }
}
