//! Lists are read page by page and printed as one.

use std::io::Read;

use crate::Home;
use crate::fake_server::{FakeServer, Fault, ID, TOKEN, problem};

fn job(id: u32) -> String {
    format!(
        r#"{{"id":"{id}","status":"Completed","progressPercentage":100.0,"totalItems":1,"processedItems":1,"failedItems":0,
        "pendingItems":0,"errorMessage":null,"processor":"p","round":1,"sealed":true,"paused":false,"createdAt":"t",
        "completedAt":"t","itemsPerSecond":null,"exact":1.10}}"#
    )
    .replace('\n', "")
}

#[tokio::test]
async fn jobs_are_joined_up_to_the_limit() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    server.can("/v1/jobs?pageSize=3&status=Completed", &[], &format!(r#"{{"jobs":[{}],"nextPageToken":"a+b"}}"#, job(1)));
    server.can("/v1/jobs?pageSize=2&status=Completed&pageToken=a%2Bb", &[], r#"{"jobs":[],"nextPageToken":"c"}"#);
    let last = format!(r#"{{"jobs":[{},{}],"nextPageToken":"d"}}"#, job(2), job(3));
    server.can("/v1/jobs?pageSize=2&status=Completed&pageToken=c", &[], &last);
    let list = ["list", "--limit", "3", "--status", "completed", "--url", &server.url];
    let ended = home.run(&[&list[..], &["--json"]].concat()).await;
    assert_eq!(ended.stdout, format!("{{\"jobs\":[{},{},{}],\"nextPageToken\":\"d\"}}\n", job(1), job(2), job(3)), "as they came");
    let table = home.run(&list).await;
    assert_eq!(table.stdout.lines().count(), 4, "{table:?}");
    assert!(table.stderr.contains("there are more"));
}

/// Bug found: an operator who looked for failed jobs was told that there are none.
#[tokio::test]
async fn the_live_jobs_of_all_owners_have_not_failed() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    for status in ["completed", "failed", "cancelled"] {
        let refused = home.run(&["list", "--owner", "*", "--status", status, "--url", &server.url]).await;
        assert!(refused.code == Some(2) && refused.stderr.contains("lists the jobs that have not ended"), "{refused:?}");
    }
}

/// Bug found: a job could be named, and nobody saw the name.
#[tokio::test]
async fn a_title_is_shown_wherever_a_job_is() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let titled = job(1).replace("\"processor\"", r#""title":"Airports\n\u001b[2J\"Nov\"","processor""#);
    server.can("/v1/jobs?pageSize=20", &[], &format!(r#"{{"jobs":[{titled},{}],"nextPageToken":null}}"#, job(2)));
    server.can(&format!("/v1/jobs/{ID}"), &[], &titled.replace(r#""id":"1""#, &format!(r#""id":"{ID}""#)));
    let table = home.run(&["list", "--url", &server.url]).await;
    let lines: Vec<&str> = table.stdout.lines().collect();
    assert!(lines[0].ends_with("  title") && lines[1].ends_with("  Airports\\n\\u001b[2J\"Nov\""), "{table:?}");
    assert!(lines.len() == 3 && lines[2].ends_with("  t"), "{table:?}");
    let status = home.run(&["status", ID, "--url", &server.url]).await;
    assert!(status.stdout.contains("\ntitle      Airports\\n\\u001b[2J\"Nov\"\nstatus "), "{status:?}");
}

/// The server tells operators what a job has cost, and nobody else.
#[tokio::test]
async fn a_cost_is_shown_if_the_server_tells_it() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let own = job(1).replace(r#""id":"1""#, &format!(r#""id":"{ID}""#));
    let told = |cost: &str| own.replace("\"processor\"", &format!(r#""cost":{cost},"processor""#));
    for (cost, line) in [(r#"{"usd":"0.000412","estimated":true}"#, Some("\ncost       about $0.000412\n")), ("null", None)] {
        server.can(&format!("/v1/jobs/{ID}"), &[], &told(cost));
        let status = home.run(&["status", ID, "--url", &server.url]).await;
        assert_eq!(status.stdout.contains(line.unwrap_or("cost")), line.is_some(), "{status:?}");
    }
}

#[tokio::test]
async fn csv_and_ndjson_pages_are_joined_as_the_server_sends_them() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    for list in ["failures", "results"] {
        let path = format!("/v1/jobs/{ID}/{list}");
        let link = "<?format=csv&pageSize=1000&pageToken=x%2By>; rel=\"next\"";
        server.can(&format!("{path}?format=csv&pageSize=1000"), &[("link", link)], "index,id\n0,a\n");
        server.can(&format!("{path}?format=csv&pageSize=1000&pageToken=x%2By"), &[], "1,\"b\r\n\"\n");
        let ended = home.run(&[list, ID, "--format", "csv", "--url", &server.url]).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "index,id\n0,a\n1,\"b\r\n\"\n"), "{ended:?}");
        server.can(&format!("{path}?format=ndjson&pageSize=1000"), &[], "{\"index\":0}\n");
        let ended = home.run(&[list, ID, "--json", "--url", &server.url]).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "{\"index\":0}\n"), "{ended:?}");
        assert_eq!(home.run(&[list, ID, "--json", "--format", "csv", "--url", &server.url]).await.code, Some(2));
    }
}

#[tokio::test]
async fn failures_are_a_table_for_people() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let failure = |index: u32, id: &str, message: &str| {
        format!(r#"{{"index":{index},"id":{id},"kind":"Permanent","code":"/year type","message":{message},"attempts":1,"item":{{}}}}"#)
    };
    let path = format!("/v1/jobs/{ID}/failures?pageSize=1000");
    server.can(&path, &[], r#"{"failures":[],"nextPageToken":"a"}"#);
    let rows = [failure(17, "\"N1\"", "\"/year: not an integer\""), failure(1700, "null", r#""a\u001b[31mb\nc""#)].join(",");
    server.can(&format!("{path}&pageToken=a"), &[], &format!(r#"{{"failures":[{rows}],"nextPageToken":null}}"#));
    let ended = home.run(&["failures", ID, "--url", &server.url]).await;
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "index  id  code        tries  message",
            "   17  N1  /year type      1  /year: not an integer",
            " 1700      /year type      1  a\\u001b[31mb\\nc"
        ]
    );
}

/// Bug found: with a full disk for temporary files nothing was said but that there was no space.
#[tokio::test]
async fn what_cannot_be_kept_names_the_place() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let mut command = home.command(&["failures", ID, "--columns", "items", "--url", &server.url]);
    command.env("HEADWAY_TOKEN", TOKEN).env("TMPDIR", "/no/such/place");
    let ended = home.run_command(command, "").await;
    assert!(ended.code == Some(1) && ended.stderr.contains("cannot be kept in /no/such/place"), "{ended:?}");
    assert!(ended.stderr.contains("set TMPDIR to a directory with room"), "{ended:?}");
}

/// Bug found: nobody saw how many items one call of a processor gets.
#[tokio::test]
async fn processors_are_listed_with_their_batches() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let table = home.run(&["processors", "--url", &server.url]).await;
    let rows: Vec<Vec<&str>> = table.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        rows,
        [vec!["name", "chunk", "batch", "attempts", "timeout", "description"], vec!["p", "2", "25", "5", "30", "s", "d"]],
        "{table:?}"
    );
    let json = home.run(&["processors", "--url", &server.url, "--json"]).await;
    let body: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(body["processors"][0]["batch"], 25, "{json:?}");
}

#[tokio::test]
async fn results_of_a_running_job_end_at_the_first_unsettled_chunk() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    (server.world.lock().unwrap()).exists = true;
    let path = format!("/v1/jobs/{ID}/results?format=ndjson&pageSize=1000");
    let link = [("link", "<?format=ndjson&pageSize=1000&pageToken=t>; rel=\"next\"")];
    server.can(&path, &link, "{\"index\":0}\n");
    server.can(&format!("{path}&pageToken=t"), &link, "");
    let ended = home.run(&["results", ID, "--url", &server.url]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "{\"index\":0}\n"), "{ended:?}");
    assert!(ended.stderr.contains("--follow"), "{}", ended.stderr);
}

/// Bug found: `--follow` ended with the job, before the items that were running then were counted, and their outputs were missing.
#[tokio::test]
async fn outputs_are_followed_until_the_numbers_are_final() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    {
        let mut world = server.world.lock().unwrap();
        (world.exists, world.sealed, world.ends_as, world.settling_looks) = (true, true, Some("Failed"), 2);
    }
    let path = format!("/v1/jobs/{ID}/results?format=ndjson&pageSize=1000");
    let next = || vec![("link", "<?format=ndjson&pageSize=1000&pageToken=t>; rel=\"next\"".to_owned())];
    server.can(&path, &[("link", &next()[0].1)], "{\"index\":0}\n");
    let nothing_yet = || Fault::Answer(200, next(), String::new());
    let rest = Fault::Answer(200, vec![("headway-more", "false".to_owned())], "{\"index\":1}\n".to_owned());
    server.fault(&format!("GET {path}&pageToken=t"), [nothing_yet(), nothing_yet(), rest]);
    let ended = home.run(&["results", ID, "--follow", "--url", &server.url]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "{\"index\":0}\n{\"index\":1}\n"), "{ended:?}");
}

/// Bug found: a sign-in page was printed as outputs or failures, took the place of an empty list, or counted as a deletion.
#[tokio::test]
async fn what_is_no_answer_of_a_headway_server_is_no_list_and_no_deletion() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    server.world.lock().unwrap().exists = true;
    let page = || Fault::Answer(200, vec![("content-type", "text/html".to_owned())], "<html>sign in</html>".to_owned());
    let (nothing, object) = (|| Fault::Answer(200, Vec::new(), String::new()), || Fault::Answer(200, Vec::new(), "{}".to_owned()));
    for words in [
        &["results", ID][..],
        &["results", ID, "--format", "csv"],
        &["results", ID, "--follow"],
        &["results", ID, "--columns", "outputs"],
        &["failures", ID],
        &["failures", ID, "--format", "ndjson"],
        &["failures", ID, "--columns", "items"],
        &["list"],
        &["parts", ID],
        &["delete", ID],
    ] {
        let (method, path) = match words[0] {
            "list" => ("GET", "/v1/jobs".to_owned()),
            "delete" => ("DELETE", format!("/v1/jobs/{ID}")),
            list => ("GET", format!("/v1/jobs/{ID}/{list}")),
        };
        for fault in [page(), nothing(), object()] {
            server.fault(&format!("{method} {path}"), [fault]);
            let ended = home.run(&[words, &["--url", &server.url]].concat()).await;
            assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{words:?}: {ended:?}");
        }
    }
    assert!(!server.world.lock().unwrap().deleted);
}

/// Bug found: the command gave the advice to read without a page token, which it had made itself.
#[tokio::test]
async fn a_job_that_is_retried_while_its_outputs_are_read_is_named_as_the_cause() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    for words in [
        &["results", ID][..],
        &["results", ID, "--follow"],
        &["results", ID, "--columns", "outputs"],
        &["failures", ID, "--format", "ndjson"],
        &["failures", ID, "--columns", "items"],
    ] {
        let path = format!("/v1/jobs/{ID}/{}?format=ndjson&pageSize=1000", words[0]);
        server.can(&path, &[("link", "<?format=ndjson&pageSize=1000&pageToken=t>; rel=\"next\"")], "{\"index\":0}\n");
        server.fault(&format!("GET {path}&pageToken=t"), [problem(400, "page-token", "read the list again")]);
        let ended = home.run(&[words, &["--url", &server.url]].concat()).await;
        assert!(ended.code == Some(1) && ended.stderr.contains("as it does when the job is retried: run the command again"), "{ended:?}");
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_error() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let path = format!("/v1/jobs/{ID}/results?format=ndjson&pageSize=1000");
    // More than fits into a pipe.
    server.can(&path, &[], &"{\"index\":0}\n".repeat(200_000));
    let mut child = home.command(&["results", ID, "--url", &server.url]).env("HEADWAY_TOKEN", TOKEN).spawn().unwrap();
    let status = tokio::task::spawn_blocking(move || {
        child.stdout.take().unwrap().read_exact(&mut [0; 12]).unwrap();
        child.wait_with_output().unwrap()
    });
    let output = status.await.unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Bug found: the numbers of another job were shown as those of the one that was asked for.
#[tokio::test]
async fn an_answer_about_another_job_is_refused() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    server.can(&format!("/v1/jobs/{ID}"), &[], &job(1));
    for verb in ["status", "watch"] {
        let ended = home.run(&[verb, ID, "--url", &server.url]).await;
        assert!(ended.code == Some(1) && ended.stderr.contains(&format!("the answer is about job 1, not {ID}")), "{ended:?}");
        assert!(ended.stdout.is_empty(), "{ended:?}");
    }
}

/// Bug found: a list whose next page was always the same was read for ever.
#[tokio::test]
async fn a_list_that_repeats_a_page_ends() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    for query in ["pageSize=100", "pageSize=100&pageToken=a", "pageSize=100&pageToken=b"] {
        let next = if query.ends_with('a') { "b" } else { "a" };
        server.can(&format!("/v1/jobs?{query}"), &[], &format!(r#"{{"jobs":[],"nextPageToken":"{next}"}}"#));
    }
    let ended = home.run(&["list", "--limit", "1000", "--url", &server.url]).await;
    assert!(ended.code == Some(1) && ended.stderr.contains("the list has no end (a page came again)"), "{ended:?}");
}
