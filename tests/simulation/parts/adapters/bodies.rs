//! AWS's messages on the wire: its services' refusals, and requests and answers changed as by a fault.

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};
use tokio::time::Duration;

use super::TABLE;
use super::fault::Fault;

/// What a request asks for.
#[derive(Clone)]
pub(super) struct Asked {
    /// The operation, such as `PutItem`.
    pub(super) operation: String,
    /// True for SQS, false for DynamoDB.
    of_queue: bool,
    /// True if an index is read.
    pub(super) of_index: bool,
    /// The delay of each message that it sends.
    pub(super) delays: Vec<Duration>,
}

impl Asked {
    pub(super) fn of(request: &HttpRequest) -> Self {
        let target = request.headers().get("x-amz-target").unwrap();
        let (service, operation) = target.split_once('.').unwrap();
        let body = body_of(request);
        let entries = body["Entries"].as_array().into_iter().flatten();
        Self {
            operation: operation.to_owned(),
            of_queue: service == "AmazonSQS",
            of_index: body["IndexName"].is_string(),
            delays: entries.map(|entry| Duration::from_secs(entry["DelaySeconds"].as_u64().unwrap_or_default())).collect(),
        }
    }

    /// True if it may change something.
    pub(super) fn writes(&self) -> bool {
        !matches!(self.operation.as_str(), "GetItem" | "BatchGetItem" | "Query")
    }
}

/// The answer that is sent although nothing was done.
pub(super) fn refusal(asked: &Asked, fault: Fault) -> HttpResponse {
    match fault {
        Fault::Unavailable => unavailable(),
        Fault::Throttled => error(asked, 400, if asked.of_queue { "RequestThrottled" } else { "ProvisionedThroughputExceededException" }),
        Fault::ThrottledAsAccount => error(asked, 400, "ThrottlingException"),
        Fault::TransactionConflict => cancelled(asked, "TransactionConflict"),
        Fault::TransactionThrottled => cancelled(asked, "ThrottlingError"),
        Fault::TransactionInProgress => error(asked, 400, "TransactionInProgressException"),
        Fault::ItemInTransaction => error(asked, 400, "TransactionConflictException"),
        _ => server_error(asked),
    }
}

/// An error of the service itself.
pub(super) fn server_error(asked: &Asked) -> HttpResponse {
    error(asked, 500, if asked.of_queue { "InternalError" } else { "InternalServerError" })
}

/// An error of a load balancer or gateway in front of the service, which has another format.
fn unavailable() -> HttpResponse {
    let page = "<html><body><b>Http/1.1 Service Unavailable</b></body></html>";
    let mut response = HttpResponse::new(503.try_into().unwrap(), SdkBody::from(page));
    response.headers_mut().insert("content-type", "text/html");
    response
}

/// A transaction of two puts of which the second could not be done just now.
fn cancelled(asked: &Asked, reason: &str) -> HttpResponse {
    let reasons = json!([{"Code": "None"}, {"Code": reason, "Message": "for now"}]);
    error_with(asked, 400, "TransactionCanceledException", json!({"CancellationReasons": reasons}))
}

/// An answer whose connection broke in the middle.
pub(super) fn cut_off(answer: HttpResponse) -> HttpResponse {
    let bytes = answer.body().bytes().unwrap_or_default();
    let half = bytes[..bytes.len() / 2].to_vec();
    let mut cut = HttpResponse::new(answer.status(), SdkBody::from(half));
    cut.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    cut
}

/// What a service leaves undone of a batch.
pub(super) struct Left {
    /// The member of the answer that lists it.
    member: &'static str,
    value: Value,
}

impl Left {
    pub(super) fn told(self, answer: HttpResponse) -> HttpResponse {
        let mut body: Value = serde_json::from_slice(answer.body().bytes().unwrap()).unwrap();
        // An error stays unchanged.
        if answer.status().is_success() {
            body[self.member] = self.value;
        }
        response(answer.status().as_u16(), &body)
    }

    pub(super) fn told_of_nothing_done(self) -> HttpResponse {
        let mut body = json!({ self.member: self.value });
        if self.member == "Failed" {
            body["Successful"] = json!([]);
        }
        response(200, &body)
    }
}

/// The share of a batch that a service does, if any, and what it leaves undone: at least the last entry.
pub(super) fn share(asked: &Asked, mut request: HttpRequest, mut does: impl FnMut(usize) -> bool) -> (Option<HttpRequest>, Left) {
    let (list, member) = match asked.operation.as_str() {
        "SendMessageBatch" => ("/Entries".to_owned(), "Failed"),
        "BatchGetItem" => (format!("/RequestItems/{TABLE}/Keys"), "UnprocessedKeys"),
        _ => (format!("/RequestItems/{TABLE}"), "UnprocessedItems"),
    };
    let mut body = body_of(&request);
    let all = body.pointer(&list).unwrap().as_array().unwrap().clone();
    let last = all.len() - 1;
    let (done, rest): (Vec<_>, Vec<_>) = all.into_iter().enumerate().partition(|(place, _)| *place < last && does(*place));
    let [done, rest] = [done, rest].map(|list| list.into_iter().map(|(_, entry)| entry).collect::<Value>());
    let value = if member == "Failed" {
        let failed = |entry: &Value| json!({"Id": entry["Id"], "SenderFault": false, "Code": "InternalError", "Message": "busy"});
        rest.as_array().unwrap().iter().map(failed).collect()
    } else {
        *body.pointer_mut(&list).unwrap() = rest;
        body["RequestItems"].clone()
    };
    let nothing = done.as_array().unwrap().is_empty();
    *body.pointer_mut(&list).unwrap() = done;
    *request.body_mut() = SdkBody::from(body.to_string());
    ((!nothing).then_some(request), Left { member, value })
}

/// The same query, for a page with one item.
pub(super) fn asking_for_one(mut request: HttpRequest) -> HttpRequest {
    let mut body = body_of(&request);
    body["Limit"] = json!(1);
    *request.body_mut() = SdkBody::from(body.to_string());
    request
}

/// True if a query's answer says that there is more.
pub(super) fn has_more(answer: &HttpResponse) -> bool {
    answered(answer)["LastEvaluatedKey"].is_object()
}

/// The number of items in a query's answer.
pub(super) fn items(answer: &HttpResponse) -> usize {
    answered(answer)["Items"].as_array().map_or(0, Vec::len)
}

/// A query's answer without the item at this position.
pub(super) fn without(answer: &HttpResponse, place: usize) -> HttpResponse {
    let mut body = answered(answer);
    let items = body["Items"].as_array_mut().unwrap();
    items.remove(place);
    body["Count"] = json!(items.len());
    response(200, &body)
}

fn body_of(request: &HttpRequest) -> Value {
    serde_json::from_slice(request.body().bytes().unwrap()).unwrap()
}

fn answered(answer: &HttpResponse) -> Value {
    serde_json::from_slice(answer.body().bytes().unwrap()).unwrap()
}

fn error(asked: &Asked, status: u16, code: &str) -> HttpResponse {
    error_with(asked, status, code, json!({}))
}

fn error_with(asked: &Asked, status: u16, code: &str, mut body: Value) -> HttpResponse {
    let space = if asked.of_queue { "com.amazonaws.sqs" } else { "com.amazonaws.dynamodb.v20120810" };
    body["__type"] = format!("{space}#{code}").into();
    body["message"] = "on purpose".into();
    let mut response = response(status, &body);
    if asked.of_queue {
        let whose = if status == 500 { "Receiver" } else { "Sender" };
        response.headers_mut().insert("x-amzn-query-error", format!("{code};{whose}"));
    }
    response
}

fn response(status: u16, body: &Value) -> HttpResponse {
    let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body.to_string()));
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    response
}
