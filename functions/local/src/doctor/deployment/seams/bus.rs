//! The bus on which events of jobs are put.

use serde_json::{Value, json};

use super::arn::Arn;
use super::looked::Looked;
use crate::doctor::Check;
use crate::doctor::deployment::unseen::unknown;

const NAME: &str = "event bus";

/// Checks that it exists, and asks for the worker's permission to put events on it.
pub(super) async fn look(looked: &mut Looked<'_>, bus: &str) {
    let own = Arn::parse(&looked.worker.role).map(|role| role.account);
    let check = match Arn::parse(bus) {
        Some(arn) if arn.region != looked.deployment.region() => elsewhere(bus, arn.region),
        // A bus of another account cannot be read from here; its own policy says who may put events on it.
        Some(arn) if Some(arn.account) != own => {
            looked.needs.add(bus, &["events:PutEvents"]);
            Check::good(NAME, format!("{bus} is in another account, and was not looked at"))
        }
        _ => described(looked, bus).await,
    };
    looked.checks.push(check);
}

/// The worker puts events in its own region; only a rule of a bus takes them to another.
fn elsewhere(bus: &str, region: &str) -> Check {
    let fix =
        format!("give a bus of this region (EVENT_BUS) and deploy again. A rule on it can send the events on to {region}: docs/events.md");
    Check::bad(NAME, format!("{bus} is in another region: the worker puts events in its own"), fix)
}

async fn described(looked: &mut Looked<'_>, bus: &str) -> Check {
    match looked.deployment.json::<Value>("events", "AWSEvents.DescribeEventBus", &json!({"Name": bus})).await {
        Ok(described) => {
            if let Some(arn) = described["Arn"].as_str() {
                looked.needs.add(arn, &["events:PutEvents"]);
            }
            Check::good(NAME, format!("{bus} exists"))
        }
        Err(error) if error.is_missing() => Check::bad(
            NAME,
            format!("there is no event bus {bus} in this account and region"),
            format!("aws events create-event-bus --name {bus}, or give one that exists (EVENT_BUS) and deploy again: docs/events.md"),
        ),
        Err(error) => unknown(NAME, "events:DescribeEventBus", &error),
    }
}
