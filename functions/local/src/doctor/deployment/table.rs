//! The table: it exists, has both indexes, and deletes expired rows.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{IndexStatus, KeySchemaElement, KeyType, TableDescription, TableStatus, TimeToLiveStatus};
use headway_aws::dynamodb::schema::{INDEX_OWNER, INDEX_SWEEP, PARTITION_KEY, SORT_KEY, TTL_ATTRIBUTE};

use super::unseen::not_looked_at;
use crate::doctor::Check;

const TABLE: &str = "table";
const INDEXES: &str = "indexes";
const TTL: &str = "ttl";

pub(super) async fn look(client: &Client, table: &str) -> Vec<Check> {
    let missing = format!("there is no table {table} in this account and region");
    let missing = (missing.as_str(), "give the stack's output TableName as HEADWAY_TABLE, and its region as AWS_REGION");
    let mut checks = match client.describe_table().table_name(table).send().await {
        Ok(answer) => answer.table().map_or_else(Vec::new, |described| vec![active(described, table), indexes(described)]),
        Err(error) => vec![not_looked_at(TABLE, "dynamodb:DescribeTable", &error, missing)],
    };
    match client.describe_time_to_live().table_name(table).send().await {
        Ok(answer) => {
            let ttl = answer.time_to_live_description();
            let status = ttl.and_then(|ttl| ttl.time_to_live_status());
            checks.push(expiry(status, ttl.and_then(|ttl| ttl.attribute_name())));
        }
        Err(error) => checks.push(not_looked_at(TTL, "dynamodb:DescribeTimeToLive", &error, missing)),
    }
    checks
}

fn active(described: &TableDescription, table: &str) -> Check {
    let keys = keys(described.key_schema());
    if keys != (Some(PARTITION_KEY), Some(SORT_KEY)) {
        return Check::bad(
            TABLE,
            format!("{table} does not have the keys of a Headway table"),
            "give the stack's output TableName as HEADWAY_TABLE",
        );
    }
    let status = described.table_status().map_or("unknown", TableStatus::as_str);
    Check::of(
        TABLE,
        status == TableStatus::Active.as_str(),
        format!("{table} is {status}"),
        "wait until it is ACTIVE, or restore it from a backup",
    )
}

fn indexes(described: &TableDescription) -> Check {
    let index = |name: &str| described.global_secondary_indexes().iter().find(|index| index.index_name() == Some(name));
    let faults: Vec<String> = [INDEX_OWNER, INDEX_SWEEP]
        .into_iter()
        .filter_map(|name| match index(name).map(|index| index.index_status()) {
            Some(None | Some(IndexStatus::Active)) => None,
            Some(Some(status)) => Some(format!("{name} is {}", status.as_str())),
            None => Some(format!("{name} is missing")),
        })
        .collect();
    let detail = if faults.is_empty() { format!("{INDEX_OWNER} and {INDEX_SWEEP} are ACTIVE") } else { faults.join(", ") };
    Check::of(
        INDEXES,
        faults.is_empty(),
        detail,
        "deploy template.yaml again; an index that is being created becomes ACTIVE after some minutes",
    )
}

fn expiry(status: Option<&TimeToLiveStatus>, attribute: Option<&str>) -> Check {
    let on = matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) && attribute == Some(TTL_ATTRIBUTE);
    let detail = if on { format!("expired rows are deleted, by {TTL_ATTRIBUTE}") } else { "expired rows are not deleted".to_owned() };
    let fix = "deploy template.yaml again, or: aws dynamodb update-time-to-live --time-to-live-specification \
               Enabled=true,AttributeName=ttl --table-name TABLE";
    Check::of(TTL, on, detail, fix)
}

fn keys(schema: &[KeySchemaElement]) -> (Option<&str>, Option<&str>) {
    let key = |kind| schema.iter().find(|element| *element.key_type() == kind).map(|element| element.attribute_name());
    (key(KeyType::Hash), key(KeyType::Range))
}
