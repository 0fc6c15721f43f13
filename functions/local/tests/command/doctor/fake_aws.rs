//! A fake AWS for `doctor`: all services at one address, describing a correct deployment until a test changes something.

pub(crate) mod given;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_config::{Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

pub(crate) const TABLE: &str = "jobs-Table-1";
const TABLE_ARN: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/jobs-Table-1";
const ROLE: &str = "arn:aws:iam::123456789012:role/jobs-WorkerRole-1";
const QUEUE_ARN: &str = "arn:aws:sqs:us-east-1:123456789012:jobs-Queue-1";
const DEAD_ARN: &str = "arn:aws:sqs:us-east-1:123456789012:jobs-Dead-1";
const WORKER_ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:jobs-Worker-1";

#[derive(Default)]
struct World {
    /// Answers by call: status and body. A text is XML.
    answers: BTreeMap<String, (u16, Value)>,
    /// Stacks by name, and where their API is.
    stacks: BTreeMap<String, String>,
    asked: Vec<String>,
}

#[derive(Clone)]
pub(crate) struct FakeAws {
    url: String,
    world: Arc<Mutex<World>>,
}

/// A redrive policy with this number of receives.
pub(crate) fn redrive(receives: u32) -> String {
    json!({"deadLetterTargetArn": DEAD_ARN, "maxReceiveCount": receives}).to_string()
}

impl FakeAws {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let aws = Self { world: Arc::new(Mutex::new(World { answers: sound(&url), ..World::default() })), url };
        let app = Router::new().fallback(answer).with_state(aws.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        aws
    }

    pub(crate) fn queue_url(&self) -> String {
        format!("{}/123456789012/jobs-Queue-1", self.url)
    }

    /// The environment variables that lead the command here.
    pub(crate) fn variables(&self) -> [(&'static str, String); 5] {
        [
            ("AWS_ENDPOINT_URL", self.url.clone()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }

    /// The same for a client in this process.
    pub(crate) fn config(&self) -> SdkConfig {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        let config = SdkConfig::builder().region(Region::from_static("us-east-1")).endpoint_url(&self.url);
        config.credentials_provider(SharedCredentialsProvider::new(credentials)).build()
    }

    pub(crate) fn change(&self, call: &str, change: impl FnOnce(&mut Value)) {
        change(&mut self.world.lock().unwrap().answers.get_mut(call).unwrap().1);
    }

    pub(crate) fn refuse(&self, call: &str, status: u16, code: &str) {
        let refusal = json!({"__type": format!("com.amazon.coral.service#{code}"), "message": "no"});
        assert!(self.world.lock().unwrap().answers.insert(call.to_owned(), (status, refusal)).is_some(), "{call}");
    }

    pub(crate) fn stack(&self, name: &str, api_url: &str) {
        self.world.lock().unwrap().stacks.insert(name.to_owned(), api_url.to_owned());
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.world.lock().unwrap().asked.clone()
    }
}

fn sound(url: &str) -> BTreeMap<String, (u16, Value)> {
    let keys = |hash: &str, range: &str| json!([{"AttributeName": hash, "KeyType": "HASH"}, {"AttributeName": range, "KeyType": "RANGE"}]);
    let index = |name: &str, hash: &str, range: &str| json!({"IndexName": name, "IndexStatus": "ACTIVE", "KeySchema": keys(hash, range)});
    let types: Vec<_> =
        ["pk", "sk", "op", "os", "sp", "ss"].iter().map(|name| json!({"AttributeName": name, "AttributeType": "S"})).collect();
    let table = json!({"Table": {"TableName": TABLE, "TableArn": TABLE_ARN, "TableStatus": "ACTIVE", "KeySchema": keys("pk", "sk"),
        "AttributeDefinitions": types, "GlobalSecondaryIndexes": [index("owner", "op", "os"), index("sweep", "sp", "ss")]}});
    let queue = |arn: &str, days: u32, redrive: Option<String>| {
        let mut attributes = json!({"QueueArn": arn, "VisibilityTimeout": "360", "MessageRetentionPeriod": (days * 86_400).to_string(),
            "ApproximateNumberOfMessages": "7"});
        if let Some(redrive) = redrive {
            attributes["RedrivePolicy"] = json!(redrive);
        }
        json!({"Attributes": attributes})
    };
    let mapping = json!({"EventSourceMappings": [{"UUID": "u", "State": "Enabled", "FunctionArn": WORKER_ARN, "BatchSize": 10,
        "FunctionResponseTypes": ["ReportBatchItemFailures"], "ScalingConfig": {"MaximumConcurrency": 20}}]});
    let worker = json!({"FunctionName": "jobs-Worker-1", "Timeout": 60, "Role": ROLE, "State": "Active", "LastUpdateStatus": "Successful",
        "Environment": {"Variables": {"HEADWAY_TABLE": TABLE, "HEADWAY_DEAD_LETTER_QUEUE_ARN": DEAD_ARN,
            "HEADWAY_QUEUE_URL": format!("{url}/123456789012/jobs-Queue-1")}}});
    let answers = [
        ("DescribeTable", table),
        ("DescribeTimeToLive", json!({"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}})),
        ("GetQueueAttributes queue", queue(QUEUE_ARN, 7, Some(redrive(8)))),
        ("GetQueueAttributes dead", queue(DEAD_ARN, 14, None)),
        ("GetQueueUrl", json!({"QueueUrl": format!("{url}/123456789012/jobs-Dead-1")})),
        ("GET mappings queue", mapping.clone()),
        ("GET mappings dead", mapping),
        ("GET configuration", worker),
        ("GET recursion", json!({"RecursiveLoop": "Allow"})),
        ("GET account", json!({"AccountLimit": {"ConcurrentExecutions": 1_000, "UnreservedConcurrentExecutions": 900}})),
    ];
    answers.into_iter().chain(given::answers()).map(|(call, answer)| (call.to_owned(), (200, answer))).collect()
}

async fn answer(State(aws): State<FakeAws>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let signed = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    assert!(signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{uri} is not signed");
    let mut world = aws.world.lock().unwrap();
    let query = uri.query().unwrap_or_default();
    if query.contains("Action=DescribeStacks") {
        assert!(signed.contains("/us-east-1/cloudformation/aws4_request"), "{signed}");
        world.asked.push("DescribeStacks".to_owned());
        return world.describe_stacks(query, &aws.queue_url());
    }
    let call = name(&uri, &headers, &String::from_utf8_lossy(&body));
    world.asked.push(call.clone());
    let (status, answer) = world.answers.get(&call).cloned().unwrap_or((404, json!({"message": "nothing here"})));
    let (kind, body) = match answer {
        Value::String(xml) => ("text/xml", xml),
        json => ("application/json", json.to_string()),
    };
    (StatusCode::from_u16(status).unwrap(), [("content-type", kind)], body).into_response()
}

/// Which call it is.
fn name(uri: &Uri, headers: &HeaderMap, body: &str) -> String {
    let side = |text: &str| if text.to_lowercase().contains("dead") { "dead" } else { "queue" };
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).and_then(|target| target.split('.').nth(1));
    let action = uri.query().and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("Action=")));
    match (target.or(action), uri.path()) {
        (Some("GetQueueAttributes"), _) => format!("GetQueueAttributes {}", side(body)),
        (Some(operation), _) => operation.to_owned(),
        (None, "/2015-03-31/event-source-mappings") => format!("GET mappings {}", side(uri.query().unwrap_or_default())),
        (None, "/2015-03-31/functions/jobs-Worker-1/configuration") => "GET configuration".to_owned(),
        (None, "/2024-08-31/functions/jobs-Worker-1/recursion-config") => "GET recursion".to_owned(),
        (None, "/2016-08-19/account-settings") => "GET account".to_owned(),
        (None, other) => format!("GET {other}"),
    }
}

impl World {
    fn describe_stacks(&self, query: &str, queue_url: &str) -> Response {
        let named = query.split('&').find_map(|pair| pair.strip_prefix("StackName=")).unwrap();
        let Some(api_url) = self.stacks.get(named) else {
            let error = format!(
                "<ErrorResponse><Error><Code>ValidationError</Code><Message>Stack with id {named} does not exist</Message></Error></ErrorResponse>"
            );
            return (StatusCode::BAD_REQUEST, error).into_response();
        };
        let outputs = [("TableName", TABLE), ("QueueUrl", queue_url), ("ApiUrl", api_url)];
        let output = |(key, value)| format!("<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>");
        let outputs: String = outputs.map(output).concat();
        format!("<DescribeStacksResponse><DescribeStacksResult><Stacks><member><Outputs>{outputs}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>").into_response()
    }
}
