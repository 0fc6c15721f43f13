//! A token is sent only where it should go.

use crate::Home;
use crate::fake_server::{FakeServer, Fault, ID, TOKEN};

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (home, server, elsewhere) = (Home::new(), FakeServer::start().await, FakeServer::start().await);
    for status in [301, 302, 307, 308] {
        server.fault("GET", [Fault::Answer(status, vec![("location", format!("{}/v1/jobs", elsewhere.url))], String::new())]);
        let ended = home.run(&["list", "--url", &server.url]).await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains(&elsewhere.url), "it names where: {}", ended.stderr);
    }
    assert!(elsewhere.log().is_empty());
}

#[tokio::test]
async fn no_token_goes_over_http_to_another_host() {
    let home = Home::new();
    let ended = home.run(&["list", "--url", "http://jobs.example.com"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("use https") && !ended.stderr.contains(TOKEN));
}

#[tokio::test]
async fn calls_to_this_machine_use_no_proxy() {
    let (home, server, proxy) = (Home::new(), FakeServer::start().await, FakeServer::start().await);
    server.can("/v1/jobs?pageSize=20", &[], r#"{"jobs":[],"nextPageToken":null}"#);
    let mut command = home.command(&["list", "--url", &server.url]);
    command.env("HEADWAY_TOKEN", TOKEN).env("http_proxy", &proxy.url).env("HTTP_PROXY", &proxy.url).env("ALL_PROXY", &proxy.url);
    assert_eq!(home.run_command(command, "").await.code, Some(0));
    assert!(proxy.log().is_empty() && server.log().len() == 1);
}

#[tokio::test]
async fn a_token_command_is_run_again_only_after_a_401() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    server.world.lock().unwrap().exists = true;
    let run = async |command: &str| {
        let mut ran = home.command(&["status", ID, "--url", &server.url]);
        ran.env("HEADWAY_TOKEN_COMMAND", command);
        home.run_command(ran, "").await.code
    };
    let counted = |token: &str| format!("echo x >> runs; [ $(wc -l < runs) -gt 1 ] && echo {token} || echo stale");
    assert_eq!(run(&counted(TOKEN)).await, Some(0));
    assert_eq!(std::fs::read_to_string(home.path().join("runs")).unwrap().lines().count(), 2);
    assert_eq!(run("echo refused").await, Some(4));
    assert_eq!(server.count("GET"), 3, "the same token is not tried twice");
    assert_eq!(run("exit 7").await, Some(1));
}

#[tokio::test]
async fn a_development_token_is_used_without_any_setting() {
    let home = Home::new();
    let token = home.run(&["token", "--user", "u-17", "--scope", "jobs:read", "--ttl", "10m", "--json"]).await;
    let body: serde_json::Value = serde_json::from_str(&token.stdout).unwrap();
    assert_eq!(body["token"].as_str().unwrap().split('.').count(), 3);
    assert!(body["expiresAt"].as_str().unwrap().ends_with('Z'));
    let key = home.path().join(".local/state/headway/dev.key");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(key).unwrap().permissions()) & 0o777, 0o600);
}
