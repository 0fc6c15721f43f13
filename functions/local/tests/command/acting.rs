//! The commands that change a job make one call each, which can be repeated.

use crate::Home;
use crate::fake_server::{FakeServer, Fault, ID};

#[tokio::test]
async fn each_verb_is_one_call_and_prints_the_job() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    (server.world.lock().unwrap()).exists = true;
    for verb in ["pause", "resume", "cancel"] {
        server.fault("POST", [Fault::Lost]);
        let ended = home.run(&[verb, ID, "--json", "--url", &server.url]).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&ended.stdout).unwrap()["id"], ID);
        assert_eq!(server.count(&format!("POST /v1/jobs/{ID}/{verb}")), 2, "after a lost answer the call is repeated");
    }
}

#[tokio::test]
async fn a_retry_names_the_round_it_leaves() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    (server.world.lock().unwrap()).exists = true;
    server.fault("POST", [Fault::Lost]);
    assert_eq!(home.run(&["retry", ID, "--url", &server.url]).await.code, Some(0));
    let world = server.world.lock().unwrap();
    let bodies: Vec<_> = world.asked.iter().filter(|asked| asked.method == "POST").map(|asked| asked.body.clone()).collect();
    assert_eq!(bodies, [r#"{"round":1}"#, r#"{"round":1}"#], "so that a repeated call starts one round");
}

/// Bug found: of a job that ran, it said that no item had failed.
#[tokio::test]
async fn nothing_is_corrected_before_the_end() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    {
        let mut world = server.world.lock().unwrap();
        (world.exists, world.ends_as) = (true, None);
    }
    let file = home.file("bad.ndjson", "{\"index\": 0, \"item\": 1}\n");
    let ended = home.run(&["retry", ID, "--with", &file, "--url", &server.url]).await;
    assert!(
        ended.code == Some(1) && ended.stderr.contains("has not ended") && ended.stderr.contains("wait for its end: headway --url"),
        "{ended:?}"
    );
    assert_eq!((server.count("PATCH"), server.count("POST")), (0, 0));
}

/// Bug found: a file that was refused in the middle left new values behind without a word, and the line was that of the call.
#[tokio::test]
async fn a_correction_that_is_refused_in_the_middle_is_explained() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    (server.world.lock().unwrap().exists, server.world.lock().unwrap().sealed) = (true, true);
    let failures = (0..2_500)
        .map(|index| format!("{{\"index\":{index},\"id\":null,\"message\":\"no\",\"corrected\":false,\"item\":{{\"a\":\"x\"}}}}\n"));
    let page = format!("/v1/jobs/{ID}/failures?format=ndjson&pageSize=1000");
    server.can(&page, &[("content-type", "application/x-ndjson")], &failures.collect::<String>());
    let rows = (0..2_500).map(|index| format!("{index},y{index}\n")).collect::<String>();
    let file = home.file("bad.csv", format!("_index,a\n{rows}"));
    let refusal = r#"{"type":"urn:headway:problem:invalid","title":"The job is not valid","status":422,"detail":"1 problem","errors":[{"pointer":"/30","detail":"line 31: too large"}]}"#;
    let taken = Fault::Answer(200, vec![("content-type", "application/json".to_owned())], "{\"corrected\":2000}".to_owned());
    let refused = Fault::Answer(422, vec![("content-type", "application/problem+json".to_owned())], refusal.to_owned());
    server.fault("PATCH", [taken, refused]);
    let ended = home.run(&["retry", ID, "--with", &file, "--url", &server.url]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for says in ["line 2032 of the file: too large", "2000 of its 2500 new values had been accepted before", "--replace"] {
        assert!(ended.stderr.contains(says), "{says}: {}", ended.stderr);
    }
    assert_eq!(server.count("POST"), 0, "nothing is retried");
}

/// Bug found: something on the way answered in place of the server, and the items ran again with their old values, without a word.
#[tokio::test]
async fn nothing_is_retried_before_the_server_says_that_it_has_the_new_values() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    (server.world.lock().unwrap().exists, server.world.lock().unwrap().sealed) = (true, true);
    let failure = "{\"index\":0,\"id\":null,\"message\":\"no\",\"corrected\":false,\"item\":{\"a\":\"x\"}}\n";
    server.can(&format!("/v1/jobs/{ID}/failures?format=ndjson&pageSize=1000"), &[("content-type", "application/x-ndjson")], failure);
    let file = home.file("bad.csv", "_index,a\n0,y\n");
    for answer in ["<html>sign in</html>", "", "{}", "{\"corrected\":0}", "{\"corrected\":2}"] {
        server.fault("PATCH", [Fault::Answer(200, vec![], answer.to_owned())]);
        let ended = home.run(&["retry", ID, "--with", &file, "--url", &server.url]).await;
        assert_eq!((ended.code, server.count("POST")), (Some(1), 0), "{answer}: {ended:?}");
    }
}

#[tokio::test]
async fn deleting_succeeds_when_the_job_is_gone() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    (server.world.lock().unwrap()).exists = true;
    server.fault("DELETE", [Fault::Lost]);
    let ended = home.run(&["delete", ID, "--json", "--url", &server.url]).await;
    assert_eq!((ended.code, ended.stdout.trim()), (Some(0), &*format!(r#"{{"deleted":true,"id":"{ID}"}}"#)), "{ended:?}");
    assert_eq!(home.run(&["delete", ID, "--url", &server.url]).await.code, Some(1), "a job that never existed cannot be deleted");
}

#[tokio::test]
async fn an_estimate_needs_no_server() {
    let home = Home::new();
    let file = home.file("a.json", r#"[{"iata":"ZRH"}]"#);
    let ended = home.run(&["estimate", &file, "--processor", "p", "--json", "--url", "http://127.0.0.1:1"]).await;
    let body: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(
        (body["items"].as_u64(), body["bytes"].as_u64(), body["chunks"].as_u64(), body["parts"].as_u64()),
        (Some(1), Some(14), Some(1), Some(1))
    );
    assert!(body["usd"].as_str().unwrap().parse::<f64>().unwrap() > 0.0);
}

/// Bug found: a job's cost was the same whatever its outputs weigh.
#[tokio::test]
async fn an_estimate_follows_the_bytes_of_items_and_outputs() {
    let home = Home::new();
    let small = home.file("small.json", "[1,2]");
    let large = home.file("large.json", format!("[{0},{0}]", format!("\"{}\"", "x".repeat(200_000))));
    let mut usd = Vec::new();
    for (file, more) in [(&small, &[][..]), (&large, &[]), (&large, &["--output-bytes", "20000"]), (&large, &["--output-bytes", "262144"])]
    {
        let ended = home.run(&[&["estimate", file, "--processor", "p", "--json"], more].concat()).await;
        let body: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
        usd.push(body["usd"].as_str().unwrap().parse::<f64>().unwrap());
    }
    assert!(usd.is_sorted_by(|less, more| less < more), "{usd:?}");
    // Two outputs of 256 units each.
    assert!((usd[3] - usd[1]) > 512.0 * 0.625e-6, "{usd:?}");
    let too_large = home.run(&["estimate", &large, "--processor", "p", "--output-bytes", "262145"]).await;
    assert_eq!(too_large.code, Some(2), "no output is kept that is larger: {too_large:?}");
}

#[tokio::test]
async fn completions_name_every_command() {
    let home = Home::new();
    let ended = home.run(&["completions", "bash"]).await;
    assert!(ended.code == Some(0) && ["submit", "watch", "failures"].iter().all(|verb| ended.stdout.contains(verb)));
}
