//! Whether Lambda lets the worker send messages to the queue that calls it. It counts such rounds, and unless it is told that they
//! are meant, it drops the message after about 16 of them.

use serde::Deserialize;

use super::unseen::unknown;
use crate::doctor::Check;
use crate::doctor::signed::Signed;

const NAME: &str = "recursive loops";
/// The version of this part of Lambda's API, in its paths.
const API: &str = "2024-08-31";
const ALLOWED: &str = "Allow";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RecursionConfig {
    recursive_loop: String,
}

pub(super) async fn look(lambda: &Signed, function: &str) -> Check {
    let body = match lambda.get(&[API, "functions", function, "recursion-config"], &[]).await {
        Ok((_, body)) => body,
        Err(error) => return unknown(NAME, "lambda:GetFunctionRecursionConfig", &error),
    };
    match serde_json::from_slice::<RecursionConfig>(&body) {
        Ok(RecursionConfig { recursive_loop }) if recursive_loop == ALLOWED => {
            Check::good(NAME, "Lambda lets the worker send what is left of a chunk to its own queue")
        }
        Ok(RecursionConfig { recursive_loop }) => Check::bad(
            NAME,
            format!("Lambda is told {recursive_loop}: it drops a chunk that was sent again about 16 times, and its job never ends"),
            format!(
                "deploy template.yaml again, or: aws lambda put-function-recursion-config --recursive-loop {ALLOWED} --function-name {function}"
            ),
        ),
        Err(error) => Check::bad(NAME, format!("not looked at: {error}"), "look again"),
    }
}
