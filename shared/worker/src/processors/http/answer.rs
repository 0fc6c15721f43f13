//! Interprets an endpoint's answer for the item: an output, or why there is none.

use std::time::Duration;

use chrono::{DateTime, Utc};
use headway_core::limits::OUTPUT_BYTES_MAX;
use headway_core::{ItemError, Output};
use headway_outbound::body::{self, Body};
use headway_outbound::{Endpoint, NoAnswer, retry_after};
use reqwest::{Response, StatusCode};

use super::excerpt;
use super::http_status::StatusMeaning;
use super::redirect;
use crate::processors::document::answer;
use crate::processors::one_line::one_line;
use crate::processors::output;

/// How many bytes of a successful answer are read, as many as of a batch's: more than an output may have, whose shortest form
/// counts. An answer without an output is read too, to check that it is complete.
const READ_BYTES_MAX: usize = answer::BYTES_MAX;
const _: () = assert!(6 * OUTPUT_BYTES_MAX < READ_BYTES_MAX, "an output fits in with an escape of six bytes for each of its bytes");
/// The longest wait for an endpoint that may still be processing the item, unless it asks for a longer one itself.
const IN_PROGRESS_WAIT_MAX: Duration = Duration::from_secs(60);
/// The shortest.
const IN_PROGRESS_WAIT_MIN: Duration = Duration::from_secs(1);

/// One attempt: a request that was sent, and what is needed to read its answer.
pub(super) struct Attempt<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) signature: &'a str,
    pub(super) number: u32,
    pub(super) now: DateTime<Utc>,
}

/// Reads the answer to one attempt.
pub(super) async fn read(attempt: &Attempt<'_>, mut response: Response) -> Result<Output, ItemError> {
    let status = response.status();
    let wait = retry_after(response.headers(), attempt.now);
    let meaning = StatusMeaning::of(status.as_u16(), wait.is_some());
    if meaning == StatusMeaning::Done {
        return done(attempt, &mut response).await.map_err(|reason| unanswered(attempt.endpoint, &reason));
    }
    Err(refusal(attempt, meaning, wait, &mut response).await)
}

/// The error for an answer that is not a success.
pub(super) async fn refusal(attempt: &Attempt<'_>, meaning: StatusMeaning, wait: Option<Duration>, response: &mut Response) -> ItemError {
    let code = format!("http {}", response.status().as_u16());
    let message = message(attempt, response).await;
    match meaning {
        StatusMeaning::InProgress => {
            let retry_after = Some(wait.unwrap_or_default().max(in_progress_wait(attempt.endpoint, attempt.number)));
            ItemError::Retryable { code, message, retry_after }
        }
        StatusMeaning::Throttled => ItemError::throttled(code, message, wait),
        StatusMeaning::ForNow => ItemError::Retryable { code, message, retry_after: wait },
        StatusMeaning::ForGood | StatusMeaning::Done => ItemError::Permanent { code, message },
    }
}

/// The error for a call without a complete answer.
pub(super) fn unanswered(endpoint: &Endpoint, reason: &NoAnswer) -> ItemError {
    let code = reason.code();
    let message = format!("endpoint {}: {reason}", endpoint.name());
    match reason {
        NoAnswer::Address => ItemError::permanent(code, message),
        // The endpoint is probably still processing the item, and a new request at once would only meet that.
        NoAnswer::TimedOut => {
            let retry_after = Some(in_progress_wait(endpoint, 2));
            let message = format!("endpoint {}: no complete answer within {} s", endpoint.name(), endpoint.timeout().as_secs());
            ItemError::Retryable { code: code.to_owned(), message, retry_after }
        }
        NoAnswer::Unreachable(_) => ItemError::unreachable(message),
        _ => ItemError::retryable(code, message),
    }
}

/// As long as a call may take, for each attempt before this one: an endpoint that took longer than a call may need as
/// long again.
fn in_progress_wait(endpoint: &Endpoint, attempt: u32) -> Duration {
    endpoint.timeout().saturating_mul(attempt.saturating_sub(1)).clamp(IN_PROGRESS_WAIT_MIN, IN_PROGRESS_WAIT_MAX)
}

/// The item is done whatever the answer contains, once the answer is complete or larger than what is kept.
async fn done(attempt: &Attempt<'_>, response: &mut Response) -> Result<Output, NoAnswer> {
    let headers = response.headers().clone();
    // A partial answer is not an output, and nobody asked for one. A 205 has no content, whatever follows its head.
    let has_none = matches!(response.status(), StatusCode::PARTIAL_CONTENT | StatusCode::RESET_CONTENT);
    let body = body::read(response, READ_BYTES_MAX).await?;
    if !output::is_json(&headers) || has_none {
        return Ok(Output::None);
    }
    let body = match body {
        Body::Whole(body) if body.is_empty() => return Ok(Output::None),
        Body::Whole(body) if output::is_plain(&headers) => body,
        Body::Whole(_) | Body::Longer => return Ok(Output::Omitted),
    };
    let output = output::of_json(&body);
    if matches!(&output, Output::Json(json) if attempt.endpoint.is_repeated_in(json.get().as_bytes(), attempt.signature)) {
        tracing::warn!(endpoint = attempt.endpoint.name(), "an output is not kept: it repeats a secret or a header of the endpoint");
        return Ok(Output::Omitted);
    }
    Ok(output)
}

async fn message(attempt: &Attempt<'_>, response: &mut Response) -> String {
    let status = response.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut message = format!("endpoint {} answered {} {reason}", attempt.endpoint.name(), status.as_u16()).trim_end().to_owned();
    message.push_str(&redirect::note(attempt.endpoint, attempt.signature, response));
    let headers = response.headers().clone();
    let Ok(Body::Whole(body)) = body::read(response, excerpt::BYTES_MAX).await else { return message };
    match excerpt::message(&headers, &body) {
        None => message,
        // The whole text is checked before it is cut.
        Some(text) if attempt.endpoint.is_repeated_in(text.as_bytes(), attempt.signature) => {
            format!("{message} (its text is not shown: it repeats a secret or a header of the endpoint)")
        }
        Some(text) => format!("{message}: {}", one_line(&text)),
    }
}
