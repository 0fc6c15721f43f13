//! The table: it exists, has its keys and both indexes, and deletes expired rows. It may be one that existed before the stack.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    IndexStatus, KeySchemaElement, KeyType, ScalarAttributeType, TableDescription, TableStatus, TimeToLiveStatus,
};
use headway_aws::dynamodb::schema::{INDEX_OWNER, INDEX_OWNER_KEYS, INDEX_SWEEP, INDEX_SWEEP_KEYS, PARTITION_KEY, SORT_KEY, TTL_ATTRIBUTE};

use super::unseen::not_looked_at;
use crate::doctor::Check;

const TABLE: &str = "table";
const INDEXES: &str = "indexes";
const TTL: &str = "ttl";

/// What the other checks use of the table.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) arn: String,
    /// The KMS key that it is encrypted with, unless that is one of DynamoDB's own.
    pub(super) key: Option<String>,
}

/// The table, if it was found, and the checks.
pub(super) async fn look(client: &Client, table: &str) -> (Option<Described>, Vec<Check>) {
    let missing = format!("there is no table {table} in this account and region");
    let missing = (missing.as_str(), "give the stack's output TableName as HEADWAY_TABLE, and its region as AWS_REGION");
    let (mut described, mut checks) = (None, Vec::new());
    match client.describe_table().table_name(table).send().await {
        Ok(answer) => {
            let found = answer.table();
            checks.extend(found.into_iter().flat_map(|found| [active(found, table), indexes(found)]));
            described = found.map(Described::of);
        }
        Err(error) => checks.push(not_looked_at(TABLE, "dynamodb:DescribeTable", &error, missing)),
    }
    match client.describe_time_to_live().table_name(table).send().await {
        Ok(answer) => {
            let ttl = answer.time_to_live_description();
            let status = ttl.and_then(|ttl| ttl.time_to_live_status());
            checks.push(expiry(status, ttl.and_then(|ttl| ttl.attribute_name())));
        }
        Err(error) => checks.push(not_looked_at(TTL, "dynamodb:DescribeTimeToLive", &error, missing)),
    }
    (described, checks)
}

impl Described {
    fn of(table: &TableDescription) -> Self {
        let key = table.sse_description().and_then(|encryption| encryption.kms_master_key_arn());
        Self { arn: table.table_arn().unwrap_or_default().to_owned(), key: key.map(str::to_owned) }
    }
}

fn active(described: &TableDescription, table: &str) -> Check {
    if !has_keys(described, described.key_schema(), PARTITION_KEY, SORT_KEY) {
        return Check::bad(
            TABLE,
            format!("{table} does not have the keys of a Headway table: {PARTITION_KEY} and {SORT_KEY}, both text"),
            "use a table that a Headway stack has made (TABLE), or none for a new one; give its name as HEADWAY_TABLE",
        );
    }
    let status = described.table_status().map_or("unknown", TableStatus::as_str);
    let fix = match described.table_status() {
        Some(TableStatus::InaccessibleEncryptionCredentials) => {
            "let DynamoDB use the table's KMS key again (enable it, correct its policy); after seven days the table is archived"
        }
        _ => "wait until it is ACTIVE, or restore it from a backup",
    };
    Check::of(TABLE, status == TableStatus::Active.as_str(), format!("{table} is {status}"), fix)
}

fn indexes(described: &TableDescription) -> Check {
    let index = |name: &str| described.global_secondary_indexes().iter().find(|index| index.index_name() == Some(name));
    let faults: Vec<String> = [(INDEX_OWNER, INDEX_OWNER_KEYS), (INDEX_SWEEP, INDEX_SWEEP_KEYS)]
        .into_iter()
        .filter_map(|(name, (hash, range))| match index(name) {
            None => Some(format!("{name} is missing")),
            Some(index) if !has_keys(described, index.key_schema(), hash, range) => {
                Some(format!("{name} has other keys than {hash} and {range}, both text"))
            }
            Some(index) => match index.index_status() {
                None | Some(IndexStatus::Active) => None,
                Some(status) => Some(format!("{name} is {}", status.as_str())),
            },
        })
        .collect();
    let detail = if faults.is_empty() { format!("{INDEX_OWNER} and {INDEX_SWEEP} are ACTIVE") } else { faults.join(", ") };
    Check::of(
        INDEXES,
        faults.is_empty(),
        detail,
        "deploy template.yaml again; an index that is being created becomes ACTIVE after some minutes. To a table of your own add it with \
         aws dynamodb update-table --global-secondary-index-updates",
    )
}

fn expiry(status: Option<&TimeToLiveStatus>, attribute: Option<&str>) -> Check {
    let on = matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) && attribute == Some(TTL_ATTRIBUTE);
    let detail = if on { format!("expired rows are deleted, by {TTL_ATTRIBUTE}") } else { "expired rows are not deleted".to_owned() };
    let fix = "deploy template.yaml again, or: aws dynamodb update-time-to-live --time-to-live-specification \
               Enabled=true,AttributeName=ttl --table-name TABLE";
    Check::of(TTL, on, detail, fix)
}

/// True if these are the keys, and both are texts.
fn has_keys(table: &TableDescription, schema: &[KeySchemaElement], hash: &str, range: &str) -> bool {
    let key = |kind| schema.iter().find(|element| *element.key_type() == kind).map(|element| element.attribute_name());
    let types = table.attribute_definitions();
    let is_text = |name: &str| types.iter().any(|one| one.attribute_name() == name && *one.attribute_type() == ScalarAttributeType::S);
    (key(KeyType::Hash), key(KeyType::Range)) == (Some(hash), Some(range)) && is_text(hash) && is_text(range)
}
