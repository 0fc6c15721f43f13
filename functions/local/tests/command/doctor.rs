//! `doctor` finds what is wrong, says what to do, and changes nothing: on this machine, and on a deployment with a fake
//! AWS.

mod fake_aws;
mod given;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use headway_local::doctor::deployment::Deployment;
use headway_local::doctor::signed::Signed;
use serde_json::{Value, json};

use crate::fake_server::{FakeServer, problem};
use crate::{Ended, Home};
use fake_aws::FakeAws;

/// The names of the checks that found something. Also checks the form of the whole output.
fn failing(ended: &Ended) -> Vec<String> {
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let mut failing = Vec::new();
    for check in report["checks"].as_array().unwrap() {
        let members: Vec<_> = check.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["detail", "fix", "name", "ok"], "{check}");
        assert_eq!(check["ok"] == true, check["fix"].is_null(), "each fault comes with what to do: {check}");
        if check["ok"] == false {
            failing.push(check["name"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(report["ok"], failing.is_empty());
    assert_eq!(ended.code, Some(i32::from(!failing.is_empty())), "{}", ended.stdout);
    assert_eq!((ended.stdout.lines().count(), ended.stderr.as_str()), (1, ""));
    failing
}

async fn run(home: &Home, words: &[&str], variables: &[(&str, &str)]) -> Ended {
    let mut command = home.command(&[&["doctor", "--json"], words].concat());
    command.envs(variables.iter().copied());
    home.run_command(command, "").await
}

async fn server() -> FakeServer {
    let server = FakeServer::start().await;
    server.open("/healthz", r#"{"status":"ok","version":"1.0.0"}"#);
    server
}

const TOKEN: (&str, &str) = ("HEADWAY_TOKEN", crate::fake_server::TOKEN);

#[tokio::test]
async fn a_machine_is_checked_and_not_changed() {
    let home = Home::new();
    assert_eq!(failing(&run(&home, &[], &[]).await), ["server"], "nothing else is wrong with a fresh machine");
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "nothing was created");

    let state = home.path().join(".local/state/headway");
    std::fs::create_dir_all(&state).unwrap();
    std::fs::write(state.join("data"), "a file").unwrap();
    std::fs::write(state.join("dev.key"), "no key").unwrap();
    std::fs::set_permissions(state.join("dev.key"), Permissions::from_mode(0o644)).unwrap();
    assert_eq!(failing(&run(&home, &[], &[]).await), ["data directory", "development key", "server"]);
    let people = home.run_command(home.command(&["doctor"]), "").await;
    assert_eq!(people.code, Some(1));
    assert!(people.stdout.contains("✓ configuration") && people.stdout.contains("→ run chmod 600 "), "{}", people.stdout);
}

#[tokio::test]
async fn a_server_is_reached_and_accepts_the_token() {
    let (home, server) = (Home::new(), server().await);
    let url = server.url.clone();
    assert_eq!(failing(&run(&home, &["--url", &url], &[TOKEN]).await), [""; 0]);
    assert_eq!(failing(&run(&home, &["--url", &url], &[]).await), ["token"], "without a token");
    assert_eq!(failing(&run(&home, &["--url", "http://127.0.0.1:1"], &[TOKEN]).await), ["server"]);
    assert_eq!(failing(&run(&home, &["--url", "nonsense"], &[TOKEN]).await), ["server"]);
    server.fault("GET /v1/processors", [problem(403, "scope", "jobs:read is missing")]);
    assert_eq!(failing(&run(&home, &["--url", &url], &[TOKEN]).await), ["token"]);
    server.world.lock().unwrap().json_schema = Some(serde_json::json!({"requried": ["a"]}));
    let no_job = run(&home, &["--url", &url], &[TOKEN]).await;
    assert_eq!(failing(&no_job), ["processors"], "the api would refuse every job of it");
    assert!(no_job.stdout.contains("json-schema cannot be used: /requried"), "{}", no_job.stdout);
    server.world.lock().unwrap().json_schema = None;
    server.open("/healthz", "<html>");
    assert_eq!(failing(&run(&home, &["--url", &url], &[TOKEN]).await), ["server"], "something else answers there");
    server.open_at("/healthz", &[("date", "Tue, 24 Nov 2020 08:00:00 GMT")], r#"{"status":"ok","version":"1.0.0"}"#);
    assert_eq!(failing(&run(&home, &["--url", &url], &[TOKEN]).await), ["clock"]);
}

#[tokio::test]
async fn invalid_variables_are_named() {
    let (home, server) = (Home::new(), server().await);
    for (name, value, word) in [
        ("HEADWAY_TABEL", "jobs", "HEADWAY_TABEL"),
        ("HEADWAY_AUTH", "none", "HEADWAY_AUTH"),
        ("HEADWAY_AUTH", "jwks", "HEADWAY_JWKS"),
        ("HEADWAY_SCOPES", "yes", "HEADWAY_SCOPES"),
        ("HEADWAY_ORIGINS", "app.example", "HEADWAY_ORIGINS"),
        ("HEADWAY_RETENTION_DAYS", "900", "HEADWAY_RETENTION_DAYS"),
        ("HEADWAY_PROCESSORS", "{}", "HEADWAY_PROCESSORS"),
        ("HEADWAY_PROCESSORS", r#"[{"name":"mine","paramsSchema":{"requried":["a"]}}]"#, "processor mine cannot be used: /requried"),
        ("HEADWAY_HTTP_ENDPOINTS", "[]", "HEADWAY_HTTP_ENDPOINTS"),
        ("HEADWAY_QUOTAS", "many", "HEADWAY_QUOTAS"),
        ("HEADWAY_STORE", "floppy", "HEADWAY_STORE"),
        ("HEADWAY_LOG", "a=b=c", "HEADWAY_LOG"),
    ] {
        let ended = run(&home, &["--url", &server.url], &[TOKEN, (name, value)]).await;
        assert_eq!(failing(&ended), ["configuration"], "{name}={value}");
        assert!(ended.stdout.contains(word), "{name}={value}: {}", ended.stdout);
    }
    let good = [TOKEN, ("HEADWAY_AUTH", "gateway"), ("HEADWAY_RETENTION_DAYS", "7"), ("HEADWAY_LOG", "warn,headway=debug")];
    assert_eq!(failing(&run(&home, &["--url", &server.url], &good).await), [""; 0]);
}

/// What `doctor` accepts as correct is what Headway itself creates where there is no template.
#[tokio::test]
async fn the_embedded_table_and_queues_pass_all_checks() {
    let hosted = headway_embedded::Hosted::open(None).await.unwrap();
    let (queue, dead_letters) = (hosted.embedded.queue().clone(), hosted.embedded.dead_letters().clone());
    let aws = FakeAws::start().await;
    let variables = json!({"HEADWAY_TABLE": "headway", "HEADWAY_QUEUE_URL": queue.url, "HEADWAY_DEAD_LETTER_QUEUE_ARN": dead_letters.arn});
    aws.change("GET configuration", |worker| worker["Environment"]["Variables"] = variables);
    let deployment = Deployment {
        dynamodb: hosted.embedded.dynamodb(),
        sqs: hosted.embedded.sqs(),
        lambda: Signed::new(&aws.config(), "lambda").unwrap(),
        config: aws.config(),
        table: "headway".to_owned(),
        queue_url: queue.url,
    };
    let checks = deployment.look().await;
    let bad: Vec<_> = checks.iter().filter(|check| !check.ok).collect();
    assert!(bad.is_empty(), "{bad:?}");
    assert_eq!(checks.len(), 13, "{checks:?}");
}

/// Checks the deployment of this fake AWS.
async fn deployed(aws: &FakeAws, words: &[&str]) -> Ended {
    deployed_in(aws, "us-east-1", words).await
}

async fn deployed_in(aws: &FakeAws, region: &str, words: &[&str]) -> Ended {
    let home = Home::new();
    let mut command: Command = home.command(&[&["doctor", "--json"], words].concat());
    command.envs(aws.variables()).env("AWS_REGION", region);
    if words.is_empty() {
        command.env("HEADWAY_TABLE", fake_aws::TABLE).env("HEADWAY_QUEUE_URL", aws.queue_url());
    }
    home.run_command(command, "").await
}

#[tokio::test]
async fn a_correct_deployment_passes_all_checks() {
    let aws = FakeAws::start().await;
    assert_eq!(failing(&deployed(&aws, &[]).await), [""; 0]);
    let asked = aws.asked();
    let reads = ["Describe", "Get", "GET ", "Simulate"];
    assert!(asked.iter().all(|call| reads.iter().any(|read| call.starts_with(read))), "it only reads: {asked:?}");
}

#[tokio::test]
async fn faults_of_a_deployment_are_found() {
    type Break = fn(&mut Value);
    let cases: [(&str, &str, Break, &[&str]); 18] = [
        ("the table is being made", "DescribeTable", |a| a["Table"]["TableStatus"] = json!("CREATING"), &["table"]),
        ("a table of somebody else's", "DescribeTable", |a| a["Table"]["KeySchema"] = json!([]), &["table"]),
        ("an index is gone", "DescribeTable", |a| drop(a["Table"]["GlobalSecondaryIndexes"].as_array_mut().unwrap().pop()), &["indexes"]),
        (
            "an index is being made",
            "DescribeTable",
            |a| a["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"] = json!("CREATING"),
            &["indexes"],
        ),
        ("rows do not expire", "DescribeTimeToLive", |a| a["TimeToLiveDescription"]["TimeToLiveStatus"] = json!("DISABLED"), &["ttl"]),
        ("rows expire by another attribute", "DescribeTimeToLive", |a| a["TimeToLiveDescription"]["AttributeName"] = json!("at"), &["ttl"]),
        (
            "messages are hidden too short",
            "GetQueueAttributes queue",
            |a| a["Attributes"]["VisibilityTimeout"] = json!("359"),
            &["visibility timeout"],
        ),
        (
            "dead letters are hidden too short",
            "GetQueueAttributes dead",
            |a| a["Attributes"]["VisibilityTimeout"] = json!("60"),
            &["visibility timeout"],
        ),
        (
            "dead letters go first",
            "GetQueueAttributes dead",
            |a| a["Attributes"]["MessageRetentionPeriod"] = json!("604799"),
            &["dead-letter queue"],
        ),
        ("too few tries", "GetQueueAttributes queue", |a| a["Attributes"]["RedrivePolicy"] = json!(fake_aws::redrive(4)), &["redrive"]),
        ("the worker runs for longer", "GET configuration", |a| a["Timeout"] = json!(300), &["visibility timeout"]),
        ("the worker has another table", "GET configuration", |a| a["Environment"]["Variables"]["HEADWAY_TABLE"] = json!("x"), &["worker"]),
        ("the worker cannot start", "GET configuration", |a| a["State"] = json!("Failed"), &["worker"]),
        (
            "no tries are counted",
            "GetQueueAttributes queue",
            |a| drop(a["Attributes"].as_object_mut().unwrap().remove("RedrivePolicy")),
            &["redrive", "worker"],
        ),
        ("Lambda ends what it takes for a loop", "GET recursion", |a| a["RecursiveLoop"] = json!("Terminate"), &["recursive loops"]),
        ("the settings of another service", "GET recursion", |a| *a = json!({}), &["recursive loops"]),
        (
            "a new account's concurrency",
            "GET account",
            |a| a["AccountLimit"]["UnreservedConcurrentExecutions"] = json!(10),
            &["concurrency"],
        ),
        (
            "as many workers as there are places",
            "GET mappings queue",
            |a| drop(a["EventSourceMappings"][0]["ScalingConfig"].take()),
            &["concurrency"],
        ),
    ];
    for (case, call, broken, expected) in cases {
        let aws = FakeAws::start().await;
        aws.change(call, broken);
        assert_eq!(failing(&deployed(&aws, &[]).await), expected, "{case}");
    }
}

/// Where Lambda has no loop detection there is no call for its setting either.
#[tokio::test]
async fn no_loop_detection_is_no_fault() {
    for (region, expected) in [
        ("us-gov-west-1", &[][..]),
        ("cn-north-1", &[]),
        ("mx-central-1", &[]),
        ("ap-southeast-6", &[]),
        ("us-east-1", &["recursive loops"]),
    ] {
        let aws = FakeAws::start().await;
        aws.refuse("GET recursion", 403, "AccessDeniedException");
        let ended = deployed_in(&aws, region, &[]).await;
        assert_eq!(failing(&ended), expected, "{region}");
        assert_eq!(ended.stdout.contains(&format!("no loop detection in {region}")), expected.is_empty(), "{region}: {}", ended.stdout);
    }
    let aws = FakeAws::start().await;
    aws.change("GET recursion", |answer| answer["RecursiveLoop"] = json!("Terminate"));
    assert_eq!(failing(&deployed_in(&aws, "mx-central-1", &[]).await), ["recursive loops"], "it has it by now");
}

#[tokio::test]
async fn messages_that_no_function_receives_are_found() {
    type Break = fn(&mut Value);
    let cases: [(&str, Break); 4] = [
        ("there is no mapping", |a| a["EventSourceMappings"] = json!([])),
        ("it is off", |a| a["EventSourceMappings"][0]["State"] = json!("Disabled")),
        ("one failure brings all back", |a| a["EventSourceMappings"][0]["FunctionResponseTypes"] = json!([])),
        ("another function takes them", |a| a["EventSourceMappings"][0]["FunctionArn"] = json!("arn:aws:lambda:us-east-1:1:function:x")),
    ];
    for (case, broken) in cases {
        let aws = FakeAws::start().await;
        aws.change("GET mappings dead", broken);
        // The mappings name the worker, whose timeout is needed for the visibility timeout.
        assert_eq!(failing(&deployed(&aws, &[]).await), ["visibility timeout", "event sources"], "{case}");
    }
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    for (call, action, expected) in [
        ("DescribeTable", "dynamodb:DescribeTable", &["table"][..]),
        ("DescribeTimeToLive", "dynamodb:DescribeTimeToLive", &["ttl"]),
        ("GetQueueAttributes queue", "sqs:GetQueueAttributes", &["queue"]),
        ("GetQueueUrl", "sqs:GetQueueUrl", &["dead-letter queue"]),
        ("GET mappings queue", "lambda:ListEventSourceMappings", &["visibility timeout", "event sources"]),
        ("GET configuration", "lambda:GetFunctionConfiguration", &["visibility timeout", "worker"]),
        ("GET recursion", "lambda:GetFunctionRecursionConfig", &["recursive loops"]),
        ("GET account", "lambda:GetAccountSettings", &["concurrency"]),
    ] {
        let aws = FakeAws::start().await;
        aws.refuse(call, 400 + 3 * u16::from(call.starts_with("GET ")), "AccessDeniedException");
        let ended = deployed(&aws, &[]).await;
        assert_eq!(failing(&ended), expected, "{call}");
        assert!(ended.stdout.contains(&format!("these credentials may not call {action}")), "{call}: {}", ended.stdout);
        assert!(ended.stdout.contains(&format!("allow {action}")), "{call}: {}", ended.stdout);
    }
}

#[tokio::test]
async fn a_stack_is_found_by_its_name_and_its_api_is_checked_too() {
    let (aws, api) = (FakeAws::start().await, server().await);
    aws.stack("jobs", &api.url);
    let unheard = deployed(&aws, &["--stack", "jobs"]).await;
    assert_eq!(failing(&unheard), ["token"], "the API is reached, and wants a token");
    assert_eq!(failing(&deployed(&aws, &["--stack", "jobs", "--token-file", "/dev/null"]).await), ["token"]);
    let missing = deployed(&aws, &["--stack", "nope"]).await;
    assert_eq!(failing(&missing), ["deployment"]);
    assert!(missing.stdout.contains("there is no stack"), "{}", missing.stdout);
}

#[tokio::test]
async fn without_region_or_credentials_it_says_so_and_calls_nothing() {
    let aws = FakeAws::start().await;
    for missing in ["AWS_REGION", "AWS_SECRET_ACCESS_KEY"] {
        let home = Home::new();
        let mut command = home.command(&["doctor", "--json", "--stack", "jobs"]);
        command.envs(aws.variables()).env_remove(missing);
        assert_eq!(failing(&home.run_command(command, "").await), ["AWS"], "without {missing}");
    }
    assert!(aws.asked().is_empty());
    assert_eq!(failing(&run(&Home::new(), &[], &[("HEADWAY_TABLE", "t"), ("AWS_REGION", "us-east-1")]).await), ["AWS"]);
}
