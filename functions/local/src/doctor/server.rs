//! A server: it can be reached, has this version, agrees about the time, and accepts the caller's token.

use std::ops::RangeInclusive;

use chrono::{DateTime, TimeDelta, Utc};
use headway_schema::Sandbox;
use serde::Deserialize;

use super::Check;
use crate::client::{Answer, Client, ClientError, URL_DEFAULT};
use crate::context::Context;
use crate::credentials::TokenSource;
use crate::processor::ProcessorList;

/// Times in tokens are in whole seconds, so a small difference does not matter.
const SKEW_MAX: TimeDelta = TimeDelta::seconds(5);

#[derive(Deserialize)]
struct Health {
    version: String,
}

/// Checks the server that the options or the environment name; otherwise the one at `default`.
pub async fn look(context: &Context, default: Option<&str>) -> Vec<Check> {
    let address = context.address().or(default.map(str::to_owned)).unwrap_or_else(|| URL_DEFAULT.to_owned());
    let asked = Utc::now();
    let health = match Client::new(&address, TokenSource::None) {
        Ok(client) => client.call(&client.health()).await,
        Err(error) => Err(error),
    };
    let answer = match health {
        Ok(answer) => answer,
        Err(error) => return vec![unreached(&error, context.address().is_some() || default.is_some())],
    };
    let mut checks = vec![version(&address, &answer), clock("clock", &answer.headers, asked..=Utc::now())];
    checks.extend(token_and_processors(context, default).await);
    checks
}

fn unreached(error: &ClientError, named: bool) -> Check {
    let fix = match error {
        ClientError::Unreachable { .. } if named => "check the address, and that it can be reached from here",
        ClientError::Unreachable { .. } => "start it (headway serve), or give another address with --url or HEADWAY_URL",
        ClientError::Refused(_) => "see the server's log",
        _ => "give the address of a Headway server with --url or HEADWAY_URL",
    };
    Check::bad("server", headway_core::error_chain(error), fix)
}

fn version(address: &str, answer: &Answer) -> Check {
    match answer.json::<Health>() {
        Ok(health) => Check::good("server", format!("{address} answers, version {}", health.version)),
        Err(error) => Check::bad("server", format!("{address}: {error}"), "give the address of a Headway server with --url or HEADWAY_URL"),
    }
}

/// Compares the server's time, from the answer's header `Date`, with this machine's time before and after the call.
pub fn clock(name: &'static str, headers: &reqwest::header::HeaderMap, here: RangeInclusive<DateTime<Utc>>) -> Check {
    let date = headers.get(reqwest::header::DATE).and_then(|date| date.to_str().ok());
    let Some(theirs) = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()) else {
        return Check::good(name, "not checked: the answer has no Date");
    };
    let theirs = theirs.to_utc();
    // However long the answer took, it was written between those two times.
    let (ahead, behind) = (*here.start() - theirs, theirs - *here.end());
    let (off, side) = if ahead > behind { (ahead, "ahead of") } else { (behind, "behind") };
    if off <= SKEW_MAX {
        return Check::good(name, "agrees with the server's to within seconds");
    }
    let fix = "set this machine's clock, or let it be set (timedatectl set-ntp true): tokens and signatures depend on it";
    Check::bad(name, format!("{} s {side} the server's", off.num_seconds()), fix)
}

async fn token_and_processors(context: &Context, default: Option<&str>) -> Vec<Check> {
    let called = match context.client_at(default) {
        Ok(client) => client.call(&client.get(&["processors"])).await,
        Err(error) => Err(error),
    };
    match called {
        Ok(answer) => vec![Check::good("token", "is accepted"), processors(&answer).await],
        Err(error) => {
            let advice = error.advice();
            let fix = advice.first().cloned().unwrap_or_else(|| "correct what the message names".to_owned());
            vec![Check::bad("token", headway_core::error_chain(&error), fix)]
        }
    }
}

/// Whether jobs can be started with each processor: the api refuses params whose schema it cannot use.
async fn processors(answer: &Answer) -> Check {
    const NAME: &str = "processors";
    let list = match answer.json::<ProcessorList>() {
        Ok(ProcessorList { processors }) => processors,
        Err(error) => return Check::bad(NAME, format!("the list cannot be read: {error}"), "look again"),
    };
    let wrong = Sandbox::global().unusable(list.iter().map(|one| (one.name.as_str(), &one.params_schema))).await;
    if wrong.is_empty() {
        let names: Vec<_> = list.iter().map(|one| one.name.as_str()).collect();
        return Check::good(NAME, if names.is_empty() { "none is known yet".to_owned() } else { names.join(", ") });
    }
    Check::bad(NAME, wrong.join("; "), "correct it where the processor is described: Processors in template.yaml, or its worker's options")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_clock_is_reported_with_the_difference() {
        let mut headers = reqwest::header::HeaderMap::new();
        headers.insert("date", "Tue, 24 Nov 2026 08:00:00 GMT".parse().unwrap());
        let time = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let at = |text: &str| clock("clock", &headers, time(text)..=time(text));
        assert!(at("2026-11-24T08:00:04Z").ok && at("2026-11-24T07:59:57Z").ok);
        let slow = clock("clock", &headers, time("2026-11-24T07:59:58Z")..=time("2026-11-24T08:01:00Z"));
        assert!(slow.ok, "an answer that took a minute: {slow:?}");
        let (ahead, behind) = (at("2026-11-24T08:02:00Z"), at("2026-11-24T07:00:00Z"));
        assert_eq!((ahead.ok, ahead.detail.as_str()), (false, "120 s ahead of the server's"));
        assert_eq!((behind.ok, behind.detail.as_str()), (false, "3600 s behind the server's"));
        headers.remove("date");
        assert!(clock("clock", &headers, Utc::now()..=Utc::now()).detail.starts_with("not checked"));
    }
}
