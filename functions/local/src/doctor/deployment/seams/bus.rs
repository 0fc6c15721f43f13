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
    // A bus of another account or region cannot be read from here; its own policy says who may put events on it.
    if Arn::parse(bus).is_some_and(|arn| arn.region != looked.deployment.region() || Some(arn.account) != own) {
        looked.needs.add(bus, &["events:PutEvents"]);
        return looked.checks.push(Check::good(NAME, format!("{bus} is in another account or region, and was not looked at")));
    }
    let answer = looked.deployment.json::<Value>("events", "AWSEvents.DescribeEventBus", &json!({"Name": bus})).await;
    let check = match answer {
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
    };
    looked.checks.push(check);
}
