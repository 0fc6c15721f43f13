//! A file that is refused leaves no job behind, and the error says where it is wrong and what to do. A file that is
//! read arrives unchanged.

use std::io::Write as _;

use serde_json::json;

use crate::fake_server::{FakeServer, Fault, ID, TOKEN, busy, problem};
use crate::{Ended, Home};

async fn submit(home: &Home, server: &FakeServer, words: &[&str]) -> Ended {
    home.run(&[&["submit"], words, &["--processor", "p", "--url", &server.url]].concat()).await
}

async fn submit_stdin(home: &Home, server: &FakeServer, words: &[&str], stdin: &'static [u8]) -> Ended {
    let mut command = home.command(&[&["submit", "-", "--processor", "p", "--url", &server.url], words].concat());
    command.env("HEADWAY_TOKEN", TOKEN);
    home.run_command(command, stdin).await
}

#[tokio::test]
async fn a_refused_file_leaves_no_job_behind() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    for (name, data, words, says) in [
        ("a.csv", &b"a,b\n1,2\n3,\"open\n"[..], &[][..], "line 3, column 3: the quote that is opened here is never closed"),
        ("a.csv", b"a;b\n1;2\n", &[], "--delimiter ';'"),
        ("a.csv", b"", &[], "the file is empty"),
        ("a.csv", b"PK\x03\x04\x14\0\x06\0 xl/workbook.xml", &[], "a spreadsheet"),
        ("a.csv", b"n\nZ\xfcrich\n", &[], "--encoding windows-1252"),
        ("a.json", b"[1,2", &[], "cut off"),
        ("a.json", b"", &[], "the file is empty"),
        ("a.ndjson", b"[1,2]", &[], "--format json"),
        ("a.ndjson", b"1\n{\"a\":1,\"a\":2}\n", &[], "line 2, column "),
        // Ids: missing, of the wrong type, empty, too long, doubled; across parts, too.
        ("a.csv", b"a,b\n1,2\n", &["--id-field", "id"], "line 2, column 1: the item has no \"id\" that is a string or an integer"),
        ("a.csv", b"a,b\n1,2\n", &["--id-field", "A"], "its members are a, b"),
        ("a.csv", b"a,b\n1,2\n,x\n", &["--id-field", "a"], "line 3, column 1: the item's \"a\" is empty"),
        (
            "a.csv",
            b"a,b\n1,2\n\n3,4\n1,5\n",
            &["--id-field", "a"],
            "line 5, column 1: the item's \"a\" is \"1\", the same as that of the item at line 2",
        ),
        (
            "a.ndjson",
            b"{\"a\":1}\n{\"a\":1.5}\n",
            &["--id-field", "a"],
            "line 2, column 1: the item's \"a\" is 1.5, but an id is a string or an integer",
        ),
        ("a.ndjson", b"{\"z\":1,\"a\":2}\n", &["--id-field", "q"], "its members are z, a"),
        ("a.ndjson", b"{\"a\":1}\n7\n", &["--id-field", "a"], "it is not an object"),
        ("a.ndjson", b"{\"a\":1}\n{\"a\":\"1\"}\n", &["--id-field", "a"], "line 2, column 1: the item's \"a\" is \"1\", the same as that"),
        ("a.json", b"[{\"a\":\"x\"},\n{\"a\":null}]", &["--id-field", "a"], "line 2, column 1: the item's \"a\" is null"),
    ] {
        let file = home.file(name, data);
        let ended = submit(&home, &server, &[&[file.as_str()], words].concat()).await;
        assert!(ended.code == Some(1) && ended.stderr.contains(says), "{says}: {ended:?}");
        assert!(ended.stderr.contains(&format!("{name}: ")), "the file is named: {}", ended.stderr);
        assert!(!ended.stderr.contains("--continue"), "nothing to continue: {}", ended.stderr);
        let format = name.split_once('.').unwrap().1;
        let piped = submit_stdin(&home, &server, &[&["--format", format], words].concat(), data).await;
        assert!(piped.code == Some(1) && piped.stderr.contains(says), "{says}: {piped:?}");
        assert_eq!(server.count("POST"), 0, "{says}");
    }
    let long = home.file("long.ndjson", format!("{{\"a\":\"{}\"}}\n", "é".repeat(129)));
    assert!(submit(&home, &server, &[&long, "--id-field", "a"]).await.stderr.contains("longer than 128 characters"));
    let problem = submit(&home, &server, &[&long, "--id-field", "b", "--json"]).await.problem();
    assert_eq!(problem["instance"], "long.ndjson", "{problem}");
    let far = home.file("far.csv", (0..900).chain([17]).fold("a\n".to_owned(), |text, n| format!("{text}{n}\n")));
    let ended = submit(&home, &server, &[&far, "--id-field", "a"]).await;
    assert!(ended.stderr.contains("line 902, column 1: the item's \"a\" is \"17\", the same as that of the item at line 19"), "{ended:?}");
    assert_eq!(server.count("POST"), 0);
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_named() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    std::fs::create_dir(home.path().join("folder.csv")).unwrap();
    for (name, says) in [("none.csv", "none.csv cannot be opened"), ("folder.csv", "is a directory")] {
        let ended = submit(&home, &server, &[name]).await;
        assert!(ended.code == Some(1) && ended.stderr.contains(says), "{ended:?}");
    }
    for words in [
        &["-"][..],
        &["rows.txt"],
        &["rows.tsv"],
        &["a.json", "--delimiter", ";"],
        &["a.csv", "--delimiter", ";;"],
        &["a.csv", "--encoding", "klingon"],
    ] {
        assert_eq!(submit(&home, &server, words).await.code, Some(2), "{words:?}");
    }
    assert_eq!(server.count("POST"), 0);
}

#[tokio::test]
async fn options_say_how_a_file_is_read() {
    for (data, words) in [
        (&b"n;t\n1;Z\xfcrich\n"[..], &["--delimiter", ";", "--encoding", "latin1"][..]),
        (b"n\tt\n1\tZ\xc3\xbcrich\n", &["--delimiter", "tab"]),
        (b"\xff\xfen\0,\0t\0\n\0\x31\0,\0Z\0\xfc\0r\0i\0c\0h\0", &[]),
    ] {
        let (home, server) = (Home::new(), FakeServer::start().await);
        let file = home.file("a.csv", data);
        let ended = submit(&home, &server, &[&[file.as_str()], words].concat()).await;
        assert_eq!((ended.code, server.items()), (Some(0), vec![r#"{"n":"1","t":"Zürich"}"#.to_owned()]), "{ended:?}");
    }
}

#[tokio::test]
async fn rows_that_are_empty_are_skipped_and_counted() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let file = home.file("a.csv", "a,b\n1,2\n,\n\n3,4\n");
    let ended = submit(&home, &server, &[&file]).await;
    assert!(ended.code == Some(0) && ended.stderr.contains("2 rows are empty in every column and were skipped"), "{ended:?}");
    assert_eq!(server.items().len(), 2);
}

#[tokio::test]
async fn a_pipe_with_a_name_is_read_once_and_sent() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let pipe = home.path().join("rows.csv");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let writing = tokio::task::spawn_blocking(move || {
        std::fs::OpenOptions::new().write(true).open(pipe).unwrap().write_all(b"a\n1\n2\n3\n").unwrap();
    });
    let ended = submit(&home, &server, &["rows.csv"]).await;
    writing.await.unwrap();
    assert_eq!((ended.code, server.items().len()), (Some(0), 3), "{ended:?}");
}

#[tokio::test]
async fn stdin_that_does_not_fit_the_disk_leaves_no_job_behind() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let submit = format!("exec {} submit - --format ndjson --processor p --url {}", env!("CARGO_BIN_EXE_headway"), server.url);
    let rows: &'static str = "{\"some\":\"row\"}\n".repeat(100_000).leak();
    for (before, says) in
        [("trap '' XFSZ; ulimit -f 8;", "set TMPDIR to a directory with room"), ("TMPDIR=/nowhere/at/all", "/nowhere/at/all")]
    {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &format!("{before} {submit}")]).env_clear().env("HEADWAY_TOKEN", TOKEN).env("HOME", home.path());
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let ended = home.run_command(command, rows).await;
        assert!(ended.code == Some(1) && ended.stderr.contains(says), "{before}: {ended:?}");
        assert_eq!(server.count("POST"), 0);
    }
}

/// Bug found: of a file that was emptied meanwhile a row was said to lack cells.
#[tokio::test]
async fn a_file_that_changes_while_it_is_sent_is_noticed() {
    let rows = (0..3_000).fold("n,m\n".to_owned(), |text, n| format!("{text}{n},x\n"));
    for edited in [&rows.replace("\n2999,x\n", "\n3999,x\n"), &rows[..rows.len() - 3], ""] {
        let (home, server) = (Home::new(), FakeServer::start().await);
        let file = home.file("rows.csv", &rows);
        // 160 items a part: nineteen parts, of which six at most are read while the first are not taken.
        server.fault("PUT", (0..1_000).map(|_| busy(503)));
        let mut command = home.command(&["submit", &file, "--processor", "p", "--json", "--url", &server.url]);
        let child = command.env("HEADWAY_TOKEN", TOKEN).spawn().unwrap();
        server.asked_at_least(4).await;
        home.file("rows.csv", edited);
        server.world.lock().unwrap().faults.clear();
        let ended = Ended::of(tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap());
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let problem = ended.problem();
        assert!(problem["detail"].as_str().unwrap().contains("rows.csv was changed while it was being sent"), "{problem}");
        assert!(!problem["advice"].to_string().contains("--continue"), "{problem}");
        assert!(!server.world.lock().unwrap().sealed && !server.items().iter().any(|item| item.contains("3999")));
    }
}

#[tokio::test]
async fn a_job_is_deleted_if_its_first_items_are_refused() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let file = home.file("a.ndjson", "1\n2\n");
    server.fault("PUT", [problem(422, "invalid", "no item is good enough")]);
    let ended = submit(&home, &server, &[&file]).await;
    assert!(ended.code == Some(1) && ended.stderr.contains("no item is good enough"), "{ended:?}");
    assert!(!ended.stderr.contains("--continue") && !ended.stderr.contains("still exists"), "{}", ended.stderr);
    assert!(server.world.lock().unwrap().deleted, "cancelled, and deleted");
    assert!(ended.stderr.contains("is deleted: none of its items had arrived"), "its id is on stdout: {}", ended.stderr);
    server.world.lock().unwrap().deleted = false;
    server.fault("PUT", [problem(413, "too-large", "too large")]);
    let ended = submit(&home, &server, &[&file, "--json"]).await;
    assert!(ended.problem()["state"].as_str().unwrap().contains("is deleted"), "{ended:?}");
    // Bug found: a job that was cancelled already was to be cancelled.
    server.world.lock().unwrap().deleted = false;
    server.fault("PUT", [problem(413, "too-large", "too large")]);
    server.fault("DELETE", [problem(403, "scope", "not yours to delete")]);
    let ended = submit(&home, &server, &[&file]).await;
    assert!(ended.stderr.contains("is cancelled, and could not be deleted") && !ended.stderr.contains("cancel:"), "{}", ended.stderr);
    assert!(ended.stderr.contains(&format!("delete {ID}")), "{}", ended.stderr);
}

#[tokio::test]
async fn the_item_that_ended_a_job_is_named_by_its_line() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let file = home.file("a.csv", "n\n1\n\n\"2\nx\"\nbad\n");
    server.world.lock().unwrap().ends_as = Some("Failed");
    let ended = submit(&home, &server, &[&file]).await;
    assert_eq!(ended.code, Some(5));
    assert!(ended.stderr.contains("item 1: bad") && ended.stderr.contains("that item is on line 4 of a.csv"), "{}", ended.stderr);
}

#[tokio::test]
async fn csv_values_are_marked_as_text_for_a_processor_that_reads_text() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let csv = home.file("a.csv", "n\n1\n");
    let json = home.file("a.json", "[1]");
    let params = home.file("params.json", r#"{"schema": {"type": "object"}}"#);
    let body = async |file: &str, schema: serde_json::Value| {
        server.world.lock().unwrap().json_schema = Some(schema);
        let ended = home.run(&["submit", file, "--processor", "json-schema", "--params", &params, "--url", &server.url]).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        server.world.lock().unwrap().parts.clear();
        server.world.lock().unwrap().sealed = false;
        server.start_body()["params"].clone()
    };
    let reads_text = json!({"properties": {"schema": {}, "text": {"type": "boolean"}}});
    assert_eq!(body(&csv, reads_text.clone()).await, json!({"schema": {"type": "object"}, "text": true}));
    assert_eq!(body(&json, reads_text).await, json!({"schema": {"type": "object"}}));
    assert_eq!(body(&csv, json!({"properties": {"schema": {}}})).await, json!({"schema": {"type": "object"}}));
}

#[tokio::test]
async fn an_idempotency_key_is_bound_to_the_file_and_every_option() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let (file, same, other) =
        (home.file("a.csv", "n\n1\n2\n"), home.file("b.ndjson", "{\"n\":\"1\"}\n{\"n\":\"2\"}"), home.file("c.csv", "n\n1\n3\n"));
    let keyed = async |words: &[&str]| submit(&home, &server, &[words, &["--idempotency-key", "k"]].concat()).await;
    assert_eq!(keyed(&[&file]).await.code, Some(0));
    let puts = server.count("PUT");
    for words in [&[file.as_str()][..], &[&same]] {
        let again = keyed(words).await;
        assert_eq!((again.code, again.stdout.trim()), (Some(0), ID), "the same items: {again:?}");
        assert!(again.stderr.contains("this job was started before") && !again.stderr.contains("no failure"), "{}", again.stderr);
    }
    assert_eq!(server.count("PUT"), puts, "nothing is sent twice");
    for words in [
        &[other.as_str()][..],
        &[&file, "--tolerate", "1"],
        &[&file, "--chunk-size", "1"],
        &[&file, "--id-field", "n"],
        &[&file, "--metadata", "a=b"],
    ] {
        let refused = keyed(words).await;
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{words:?}: {refused:?}");
        assert!(
            refused.stderr.contains("the idempotency key belongs to another job (its file or options differ): use a new key"),
            "{}",
            refused.stderr
        );
    }
    assert_eq!(server.items(), [r#"{"n":"1"}"#, r#"{"n":"2"}"#]);
    assert_eq!(keyed(&[&file, "--metadata", "itemsSha256=x"]).await.code, Some(2));
    assert_eq!(submit(&home, &server, &[&file, "--metadata", "itemsSha256=x"]).await.code, Some(2), "a job would not be continued");
    let twice = keyed(&[&file, "--metadata", "a=b", "--metadata", "a=c"]).await;
    assert!(twice.code == Some(2) && twice.stderr.contains("--metadata a is given twice"), "{twice:?}");
}

#[tokio::test]
async fn continuing_with_an_edited_file_names_what_differs() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let rows = |replaced: &str| {
        (0..400).fold("n\n".to_owned(), |text, n| format!("{text}{}\n", if n == 170 { replaced.to_owned() } else { n.to_string() }))
    };
    let file = home.file("rows.csv", rows("170"));
    server.fault(&format!("PUT /v1/jobs/{ID}/parts/2"), [problem(403, "scope", "not now")]);
    assert_eq!(submit(&home, &server, &[&file]).await.code, Some(4));
    home.file("rows.csv", rows("171"));
    let ended = home.run(&["submit", &file, "--continue", ID, "--url", &server.url]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("rows.csv: the row on line 172 (item 170) differs from what was sent to this job"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("continue:"), "the same would come of it: {}", ended.stderr);

    // Another cut does not hide which row is another, nor where the file ends.
    let short = |replaced: &str| rows(replaced).lines().take(101).fold(String::new(), |text, line| format!("{text}{line}\n"));
    home.file("rows.csv", short("170").replace("\n50\n", "\n51\n"));
    let cut = home.run(&["submit", &file, "--continue", ID, "--url", &server.url]).await;
    assert!(cut.code == Some(1) && cut.stderr.contains("the row on line 52 (item 50) differs from what was sent"), "{cut:?}");
    home.file("rows.csv", short("170"));
    let cut = home.run(&["submit", &file, "--continue", ID, "--url", &server.url]).await;
    assert!(cut.code == Some(1) && cut.stderr.contains("items 0 to 159, but the file ends after 100 items"), "{cut:?}");
    home.file("rows.csv", rows("171"));

    std::fs::remove_dir_all(home.path().join(".local")).unwrap();
    let elsewhere = home.run(&["submit", &file, "--continue", ID, "--url", &server.url]).await;
    assert!(
        elsewhere.stderr.contains("rows.csv: a row from line 162 to line 321 (items 160 to 319) differs from what was sent"),
        "{elsewhere:?}"
    );
    assert!(!server.world.lock().unwrap().sealed);

    home.file("rows.csv", rows("170"));
    assert_eq!(home.run(&["submit", &file, "--continue", ID, "--url", &server.url]).await.code, Some(0));
    assert_eq!(server.items().len(), 400);
    home.file("rows.csv", rows("171"));
    let sealed = home.run(&["submit", &file, "--continue", ID, "--url", &server.url]).await;
    assert!(sealed.code == Some(1) && sealed.stderr.contains("the row on line 172 (item 170)"), "a sealed job's rows, too: {sealed:?}");
    assert!(!sealed.stderr.contains("cancel:"), "it has ended: {}", sealed.stderr);
}

/// Bug found: rows that had been added or taken away since were sent, or not sent, without a word.
#[tokio::test]
async fn continuing_needs_a_file_of_as_many_items_as_at_first() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let rows = |count: usize| (0..count).fold("n\n".to_owned(), |text, n| format!("{text}{n}\n"));
    let file = home.file("rows.csv", rows(300));
    server.fault(&format!("PUT /v1/jobs/{ID}/parts/1"), [problem(403, "scope", "not now")]);
    assert_eq!(submit(&home, &server, &[&file]).await.code, Some(4));
    let there = server.items().len();
    for count in [301, 299] {
        home.file("rows.csv", rows(count));
        let refused = home.run(&["submit", &file, "--continue", ID, "--url", &server.url]).await;
        let says = format!("rows.csv: the job was started with a file of 300 items, and this one has {count}: give the same file");
        assert!(refused.code == Some(1) && refused.stderr.contains(&says), "{refused:?}");
    }
    assert_eq!((server.items().len(), server.world.lock().unwrap().sealed), (there, false), "nothing else is sent");
    home.file("rows.csv", rows(300));
    assert_eq!(home.run(&["submit", &file, "--continue", ID, "--url", &server.url]).await.code, Some(0));
    assert_eq!(server.items().len(), 300);
}

/// Bug found: later parts of an edited file were accepted while an earlier one was refused, so that neither file could be sent any more.
#[tokio::test]
async fn continuing_compares_all_that_was_sent_before_it_sends_more() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let rows = |replaced: &str| {
        (0..900).fold("n\n".to_owned(), |text, n| format!("{text}{}\n", if n == 7 { replaced.to_owned() } else { n.to_string() }))
    };
    let file = home.file("rows.csv", rows("7"));
    server.fault(&format!("PUT /v1/jobs/{ID}/parts/3"), [problem(403, "scope", "not now")]);
    assert_eq!(submit(&home, &server, &[&file]).await.code, Some(4));
    let there = server.world.lock().unwrap().parts.len();
    // Without the record of what was sent, only the server can tell.
    std::fs::remove_dir_all(home.path().join(".local")).unwrap();
    home.file("rows.csv", rows("x"));
    assert_eq!(home.run(&["submit", &file, "--continue", ID, "--url", &server.url]).await.code, Some(1));
    assert_eq!(server.world.lock().unwrap().parts.len(), there, "nothing else is sent");
    home.file("rows.csv", rows("7"));
    assert_eq!(home.run(&["submit", &file, "--continue", ID, "--url", &server.url]).await.code, Some(0));
    assert_eq!(server.items().len(), 900);
}

#[tokio::test]
async fn a_job_with_a_key_is_continued_with_exactly_its_items() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let rows = |at: usize, replaced: &str| {
        (0..400).fold("n\n".to_owned(), |text, n| format!("{text}{}\n", if n == at { replaced.to_owned() } else { n.to_string() }))
    };
    let (file, again) = (home.file("rows.csv", rows(0, "0")), ["--continue", ID, "--url", &server.url]);
    server.fault(&format!("PUT /v1/jobs/{ID}/parts/2"), [problem(403, "scope", "not now")]);
    assert_eq!(submit(&home, &server, &[&file, "--idempotency-key", "k"]).await.code, Some(4));
    let puts = server.count("PUT");
    let continued = async |text: String| {
        home.file("rows.csv", text);
        home.run(&[&["submit", &file], &again[..]].concat()).await
    };
    // The row that differs is among those that have not been sent; a row too many; a row that was sent.
    for (text, says) in [
        (rows(390, "x"), "rows.csv: these are not the items that the job was started with, and its idempotency key stands for them. Give"),
        (rows(0, "0") + "400\n", "its idempotency key stands for them. Give"),
        (rows(7, "x"), "its idempotency key stands for them: the row on line 9 (item 7) differs from what was sent. Give"),
    ] {
        let refused = continued(text).await;
        assert!(refused.code == Some(1) && refused.stderr.contains(says), "{refused:?}");
    }
    assert_eq!((server.count("PUT"), server.world.lock().unwrap().sealed), (puts, false), "nothing is sent");
    assert_eq!(continued(rows(0, "0")).await.code, Some(0));
    assert_eq!(server.items().len(), 400);
}

/// Bug found: after such an answer nothing was said of the job, which the server had made.
#[tokio::test]
async fn after_an_answer_that_does_not_say_what_happened_the_job_may_exist() {
    for (fault, may_exist) in [
        (Fault::Answer(200, vec![], "<html>sign in</html>".to_owned()), true),
        (Fault::Answer(503, vec![("retry-after", "99999999999999999999".to_owned())], String::new()), true),
        (problem(422, "invalid", "no such processor"), false),
        (Fault::Answer(403, vec![], "<html>denied</html>".to_owned()), false),
    ] {
        let (home, server) = (Home::new(), FakeServer::start().await);
        let file = home.file("a.ndjson", "1\n");
        server.fault("POST", [fault]);
        let ended = submit(&home, &server, &[&file]).await;
        assert!(matches!(ended.code, Some(1 | 4)), "{ended:?}");
        assert_eq!(ended.stderr.contains("the job may exist, without items\n  list:"), may_exist, "{}", ended.stderr);
        assert!(!ended.stderr.contains("scope"), "a gateway knows no scopes: {}", ended.stderr);
    }
}

/// Bug found: a 404 of something on the way was taken for a job that is gone, and an open job was left without a word.
#[tokio::test]
async fn only_the_server_can_say_that_a_job_is_gone() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let file = home.file("a.ndjson", "1\n");
    server.fault("PUT", [Fault::Answer(404, vec![], "{\"message\":\"Not Found\"}".to_owned())]);
    let ended = submit(&home, &server, &[&file]).await;
    assert!(ended.code == Some(1) && ended.stderr.contains("still exists"), "{ended:?}");
}
