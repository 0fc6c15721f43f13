//! Batch mode: several items in one request. `docs/processor-protocol.md` says what each answer means.

use headway_built_in::http;
use headway_core::{Clock, Item, ItemError, Output};
use headway_outbound::body::{self, Body};
use headway_outbound::{Endpoint, NoAnswer, Secrets, retry_after};
use reqwest::{Response, StatusCode};

use super::answer::{Attempt, refusal, unanswered};
use super::http_status::StatusMeaning;
use crate::processors::document::answer::{self, ExpectedAnswer, Outcomes};
use crate::processors::document::request;
use crate::processors::output;

/// What is shown instead of a text that repeats a secret.
const HIDDEN: &str = "(its text is not shown: it repeats a secret or a header of the endpoint)";

/// Sends a single item, in a document of its own.
pub(super) async fn single(endpoint: &Endpoint, clock: &dyn Clock, item: Item) -> Result<Output, ItemError> {
    let nothing = || Err(ItemError::no_result("no-result", "there was no result"));
    many(endpoint, clock, &[item]).await.pop().unwrap_or_else(nothing)
}

/// Sends the items in one document. There is an outcome for each, in their order.
pub(super) async fn many(endpoint: &Endpoint, clock: &dyn Clock, items: &[Item]) -> Outcomes {
    let (now, batch) = (clock.now(), format!("batch_{}", clock.fresh_id()));
    let of_all = |error: ItemError| items.iter().map(|_| Err(of_call(error.clone(), items.len()))).collect();
    let document = match request::write(&batch, http::NAME, items, endpoint.timeout()) {
        Ok(document) if document.len() <= request::BYTES_MAX => document,
        Ok(document) => return of_all(too_large(document.len())),
        Err(error) => return of_all(ItemError::permanent("request", format!("the request could not be written: {error}"))),
    };
    let signed = endpoint.post(&batch, now, document);
    let number = items.iter().map(|item| item.attempt).max().unwrap_or(1);
    let attempt = Attempt { endpoint, signature: &signed.signature, number, now };
    let mut response = match endpoint.send(signed.builder).await {
        Ok(response) => response,
        Err(reason) => return of_all(unanswered(endpoint, &reason)),
    };
    let wait = retry_after(response.headers(), now);
    match StatusMeaning::of(response.status().as_u16(), wait.is_some()) {
        StatusMeaning::Done => match done(&attempt, &batch, items, &mut response).await {
            Ok(outcomes) => outcomes,
            Err(reason) => of_all(unanswered(endpoint, &reason)),
        },
        meaning => of_all(refusal(&attempt, meaning, wait, &mut response).await),
    }
}

/// What an error of a whole call means for each of its items: if trying again may help, or one item may be to blame, the call
/// had no result for any of them.
fn of_call(error: ItemError, items: usize) -> ItemError {
    match error {
        ItemError::Retryable { code, message, retry_after } => ItemError::NoResult { code, message, retry_after },
        ItemError::Permanent { code, message }
            if items > 1 && matches!(code.as_str(), "http 400" | "http 413" | "http 422" | TOO_LARGE) =>
        {
            ItemError::NoResult { code, message, retry_after: None }
        }
        other => other,
    }
}

/// The code of a request that is not sent.
const TOO_LARGE: &str = "request-too-large";

fn too_large(bytes: usize) -> ItemError {
    ItemError::permanent(TOO_LARGE, format!("the request would have {bytes} bytes, more than {}", request::BYTES_MAX))
}

/// The outcomes in the body of a 2xx answer.
async fn done(attempt: &Attempt<'_>, batch: &str, items: &[Item], response: &mut Response) -> Result<Outcomes, NoAnswer> {
    let headers = response.headers().clone();
    let is_partial = response.status() == StatusCode::PARTIAL_CONTENT;
    let who = format!("endpoint {}", attempt.endpoint.name());
    let indexes: Vec<u64> = items.iter().map(|item| item.index).collect();
    let expected = ExpectedAnswer { batch, indexes: &indexes, who: &who };
    let invalid = |why: &str| expected.without("invalid-answer", why);
    let body = match body::read(response, answer::BYTES_MAX).await? {
        Body::Longer => return Ok(invalid(&format!("its answer has more than {} bytes", answer::BYTES_MAX))),
        Body::Whole(body) => body,
    };
    if is_partial || body.is_empty() || !output::is_json(&headers) {
        return Ok(invalid("its answer is not a JSON document with the results of a batch"));
    }
    if !output::is_plain(&headers) {
        return Ok(invalid("its answer is compressed"));
    }
    let secrets = attempt.endpoint.secrets(attempt.signature);
    let outcomes = expected.read(&body).into_iter();
    Ok(outcomes.map(|outcome| without_secrets(outcome, &secrets, attempt.endpoint.name())).collect())
}

/// The outcome, without what repeats a secret of the endpoint.
fn without_secrets(outcome: Result<Output, ItemError>, secrets: &Secrets<'_>, endpoint: &str) -> Result<Output, ItemError> {
    match outcome {
        Ok(Output::Json(json)) if secrets.are_in(json.get().as_bytes()) => {
            tracing::warn!(endpoint, "an output is not kept: it repeats a secret or a header of the endpoint");
            Ok(Output::Omitted)
        }
        Err(mut error) => {
            for text in texts(&mut error) {
                if secrets.are_in(text.as_bytes()) {
                    HIDDEN.clone_into(text);
                }
            }
            Err(error)
        }
        other => other,
    }
}

fn texts(error: &mut ItemError) -> [&mut String; 2] {
    match error {
        ItemError::Permanent { code, message }
        | ItemError::Unreachable { code, message }
        | ItemError::Throttled { code, message, .. }
        | ItemError::Retryable { code, message, .. }
        | ItemError::NoResult { code, message, .. } => [code, message],
    }
}
