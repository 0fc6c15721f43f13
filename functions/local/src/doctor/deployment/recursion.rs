//! Checks that Lambda lets the worker send messages to the queue that calls it. Unless this is allowed, Lambda treats
//! it as a loop and drops a message after about 16 rounds.

use serde::Deserialize;

use super::unseen::unknown;
use crate::doctor::Check;
use crate::doctor::signed::{Signed, SignedError};

const NAME: &str = "recursive loops";
/// The version of this part of Lambda's API, used in its paths.
const API: &str = "2024-08-31";
const ALLOWED: &str = "Allow";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RecursionConfig {
    recursive_loop: String,
}

/// Checks it for the worker in this region.
pub(super) async fn look(lambda: &Signed, region: &str, function: &str) -> Check {
    let body = match lambda.get(&[API, "functions", function, "recursion-config"], &[]).await {
        Ok((_, body)) => body,
        Err(SignedError::Refused { .. }) if !detects_loops(region) => {
            return Check::good(NAME, format!("Lambda has no loop detection in {region} that could end one"));
        }
        Err(error) => return unknown(NAME, "lambda:GetFunctionRecursionConfig", &error),
    };
    match serde_json::from_slice::<RecursionConfig>(&body) {
        Ok(RecursionConfig { recursive_loop }) if recursive_loop == ALLOWED => {
            Check::good(NAME, "Lambda lets the worker send the rest of a chunk to its own queue")
        }
        Ok(RecursionConfig { recursive_loop }) => Check::bad(
            NAME,
            format!("the setting is {recursive_loop}: Lambda drops a chunk that was sent again about 16 times, and its job never ends"),
            format!(
                "deploy template.yaml again, or: aws lambda put-function-recursion-config --recursive-loop {ALLOWED} --function-name {function}"
            ),
        ),
        Err(error) => Check::bad(NAME, format!("not checked: {error}"), "run the check again"),
    }
}

/// True if AWS documents loop detection, and the call for its setting, in this region: in all commercial regions but two. Source: AWS
/// Lambda Developer Guide, "Use Lambda recursive loop detection to prevent infinite loops", Supported Regions.
fn detects_loops(region: &str) -> bool {
    let is_commercial = !region.starts_with("cn-") && !region.starts_with("us-gov-");
    is_commercial && !["mx-central-1", "ap-southeast-6"].contains(&region)
}
