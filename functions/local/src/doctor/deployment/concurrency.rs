//! Checks that the account allows enough concurrent functions for all workers, with some left for the API. A new
//! account may allow fewer than the template's default.

use serde::Deserialize;

use super::unseen::unknown;
use crate::doctor::Check;
use crate::doctor::signed::Signed;

const NAME: &str = "concurrency";
/// The version of this part of Lambda's API, used in its paths.
const API: &str = "2016-08-19";
/// What must be left for the API, the cleanup and the dead-letter queue while all workers run.
const LEFT_FOR_OTHERS: u64 = 8;
/// The smallest maximum that an event source mapping accepts. Source: AWS Lambda, `ScalingConfig`.
const WORKERS_MIN: u64 = 2;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AccountSettings {
    account_limit: AccountLimit,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AccountLimit {
    /// What is not reserved for a function.
    unreserved_concurrent_executions: u64,
}

/// Checks it, given how many workers may run at the same time.
pub(super) async fn look(lambda: &Signed, workers_max: Option<u64>) -> Check {
    let body = match lambda.get(&[API, "account-settings"], &[]).await {
        Ok((_, body)) => body,
        Err(error) => return unknown(NAME, "lambda:GetAccountSettings", &error),
    };
    match serde_json::from_slice::<AccountSettings>(&body) {
        Ok(settings) => judge(settings.account_limit.unreserved_concurrent_executions, workers_max),
        Err(error) => Check::bad(NAME, format!("not checked: {error}"), "run the check again"),
    }
}

fn judge(account: u64, workers_max: Option<u64>) -> Check {
    const MORE: &str = "ask AWS for more (Service Quotas, AWS Lambda, Concurrent executions)";
    let room = account.saturating_sub(LEFT_FOR_OTHERS);
    let lower = format!("deploy again with CONCURRENCY={room} or less (parameter MaximumConcurrency)");
    let fix = if room < WORKERS_MIN { MORE.to_owned() } else { format!("{lower}, or {MORE}") };
    let Some(workers_max) = workers_max else {
        let detail = format!(
            "the account allows {account} concurrent functions in this region, and workers may use all of them and leave none for the API"
        );
        return Check::bad(NAME, detail, fix);
    };
    let detail = format!(
        "the account allows {account} concurrent functions in this region, {workers_max} of which may be workers; those for dead letters come \
         on top"
    );
    Check::of(NAME, workers_max <= room, detail, fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bug found: in a new account the workers used all concurrency, and the API's callers got 503.
    #[test]
    fn workers_leave_room_for_the_api() {
        for (account, workers_max, ok, fix) in [
            (1_000, Some(20), true, ""),
            (28, Some(20), true, ""),
            (27, Some(20), false, "CONCURRENCY=19 or less"),
            (10, Some(20), false, "CONCURRENCY=2 or less"),
            (9, Some(2), false, "ask AWS for more"),
            (0, Some(2), false, "ask AWS for more"),
            (1_000, None, false, "CONCURRENCY=992 or less"),
        ] {
            let check = judge(account, workers_max);
            assert_eq!(check.ok, ok, "{account} {workers_max:?}");
            assert!(check.fix.unwrap_or_default().contains(fix), "{account} {workers_max:?}");
        }
    }
}
