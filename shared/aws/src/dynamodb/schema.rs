//! The table: names of keys, indexes and attributes, and how it is created. Names are short in the table, so that rows
//! stay within a write unit, and long in the code. Expressions use the long names, which are translated.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType, ScalarAttributeType,
    TableStatus, TimeToLiveSpecification, TimeToLiveStatus,
};

use crate::calls::unavailable;
use headway_core::error::JobError;

/// The partition key.
pub const PARTITION_KEY: &str = "pk";
/// The sort key.
pub const SORT_KEY: &str = "sk";
/// The index of an owner's jobs, newest first: keys `op` and `os`.
pub const INDEX_OWNER: &str = "owner";
/// The index that the sweep reads, live and ended jobs by time: keys `sp` and `ss`.
pub const INDEX_SWEEP: &str = "sweep";
/// Partition key and sort key of [`INDEX_OWNER`].
pub const INDEX_OWNER_KEYS: (&str, &str) = (OWNER_PARTITION, OWNER_SORT);
/// Partition key and sort key of [`INDEX_SWEEP`].
pub const INDEX_SWEEP_KEYS: (&str, &str) = (SWEEP_PARTITION, SWEEP_SORT);
/// When a row expires, in seconds since the epoch.
pub const TTL_ATTRIBUTE: &str = "ttl";

/// Shards of the sweep index, so that no single partition gets the writes of all jobs.
pub(super) const SWEEP_SHARDS: u8 = 4;

const ACTIVE_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Declares each attribute once: its constant has the short name, expressions use the long one.
macro_rules! attributes {
    ($($constant:ident: $whole:literal as $short:literal,)*) => {
        $(pub(super) const $constant: &str = $short;)*

        /// The short name of an attribute, given its long name in expressions.
        pub(super) fn short_name(whole: &str) -> Option<&'static str> {
            match whole {
                $($whole => Some($short),)*
                _ => None,
            }
        }

        #[cfg(test)]
        const SHORT_NAMES: &[&str] = &[$($short),*];
    };
}

attributes! {
    PK: "pk" as "pk",
    SK: "sk" as "sk",
    TTL: "ttl" as "ttl",
    OWNER_PARTITION: "ownerPartition" as "op",
    OWNER_SORT: "ownerSort" as "os",
    SWEEP_PARTITION: "sweepPartition" as "sp",
    SWEEP_SORT: "sweepSort" as "ss",

    STATUS: "status" as "st",
    TOTAL_ITEMS: "totalItems" as "ti",
    TOTAL_BYTES: "totalBytes" as "tb",
    TOTAL_CHUNKS: "totalChunks" as "tn",
    ERROR_MESSAGE: "errorMessage" as "em",
    CREATED_AT: "createdAt" as "ca",
    UPDATED_AT: "updatedAt" as "at",
    COMPLETED_AT: "completedAt" as "co",
    STARTED_AT: "startedAt" as "sa",
    EXPIRES_AT: "expiresAt" as "ea",
    CREATED_BY: "createdBy" as "cb",
    PROCESSOR: "processor" as "pr",
    PAUSED: "paused" as "pa",
    SEALED: "sealed" as "se",
    ABANDONED: "abandoned" as "ab",
    DELETING: "deleting" as "de",
    RECONCILED: "reconciled" as "rc",
    LATE_RESULTS_AT: "lateResultsAt" as "lr",
    PARTS: "parts" as "p",
    TOP_PART: "topPart" as "tp",
    PARTS_ROLLED_UP: "partsRolledUp" as "dp",
    PROCESSED_ROLLED_UP: "processedRolledUp" as "rp",
    FAILED_ROLLED_UP: "failedRolledUp" as "rf",
    TOLERATED_COUNT: "toleratedCount" as "tc",
    TOLERATED_PERCENTAGE: "toleratedPercentage" as "tq",
    TOLERATED_SAMPLE: "toleratedSample" as "tm",
    SPLIT_VERSION: "splitVersion" as "sv",
    SPLIT_ITEMS: "splitItems" as "si",
    EXPECTED_ITEMS: "expectedItems" as "ei",
    ID_FIELD: "idField" as "if",
    LABELS: "labels" as "lb",
    NOTICES: "notices" as "no",
    KEY_HASH: "keyHash" as "kh",
    RATE_SINCE: "rateSince" as "rs",
    RATE_BASE: "rateBase" as "rb",
    RETENTION: "retention" as "re",
    TOKEN_GENERATION: "tokenGeneration" as "tg",
    CORRECTED: "corrected" as "cr",
    ROUNDS: "rounds" as "rd",

    ROUND: "round" as "r",
    ITEMS: "items" as "i",
    FIRST_INDEX: "firstIndex" as "fi",
    FINGERPRINT: "fingerprint" as "fp",
    CHUNKS: "chunks" as "n",
    BYTES: "bytes" as "b",
    REGISTERS: "registers" as "x",
    SENT: "sent" as "s",
    WAITING_FOR: "waitingFor" as "w",
    STALL: "stall" as "sl",

    VERSION: "version" as "v",
    DATA: "data" as "d",
    EARLIER: "earlier" as "e",
    JOB: "job" as "j",
    ITEM: "item" as "im",
    WORKER: "worker" as "wk",
    DEADLINE: "deadline" as "dl",
    STRIKES: "strikes" as "sr",
    STRUCK: "struck" as "su",
}

/// Creates the table with its indexes and TTL if it does not exist. Returns when it can be used.
///
/// # Errors
///
/// [`JobError::Unavailable`] if it cannot be created, or is not active within a minute.
pub async fn create_table(client: &Client, table: &str) -> Result<(), JobError> {
    if !is_active(client, table).await? {
        make(client, table).await?;
        let started = tokio::time::Instant::now();
        while !is_active(client, table).await? {
            if started.elapsed() > ACTIVE_WITHIN {
                return Err(JobError::unavailable("the table: CreateTable", "it is still not active"));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
    expire_rows(client, table).await
}

async fn is_active(client: &Client, table: &str) -> Result<bool, JobError> {
    match client.describe_table().table_name(table).send().await {
        Ok(answer) => Ok(answer.table().and_then(|table| table.table_status()) == Some(&TableStatus::Active)),
        Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => Ok(false),
        Err(error) => Err(unavailable("the table: DescribeTable", error)),
    }
}

async fn make(client: &Client, table: &str) -> Result<(), JobError> {
    let incomplete = |error: BuildError| JobError::unavailable("the table: CreateTable", error);
    let attributes = [PK, SK, OWNER_PARTITION, OWNER_SORT, SWEEP_PARTITION, SWEEP_SORT].map(attribute);
    let indexes = [(INDEX_OWNER, OWNER_PARTITION, OWNER_SORT), (INDEX_SWEEP, SWEEP_PARTITION, SWEEP_SORT)];
    let indexes = indexes.map(|(name, partition, sort)| index(name, partition, sort));
    let request = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(attributes.into_iter().collect::<Result<_, _>>().map_err(incomplete)?))
        .set_key_schema(Some(key_schema(PK, SK).map_err(incomplete)?))
        .set_global_secondary_indexes(Some(indexes.into_iter().collect::<Result<_, _>>().map_err(incomplete)?));
    match request.send().await {
        Ok(_) => Ok(()),
        Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_in_use_exception()) => Ok(()),
        Err(error) => Err(unavailable("the table: CreateTable", error)),
    }
}

async fn expire_rows(client: &Client, table: &str) -> Result<(), JobError> {
    let known = client.describe_time_to_live().table_name(table).send().await;
    let known = known.map_err(|error| unavailable("the table: DescribeTimeToLive", error))?;
    let status = known.time_to_live_description().and_then(|ttl| ttl.time_to_live_status());
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return Ok(());
    }
    let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name(TTL_ATTRIBUTE).build();
    let ttl = ttl.map_err(|error| JobError::unavailable("the table: UpdateTimeToLive", error))?;
    let answer = client.update_time_to_live().table_name(table).time_to_live_specification(ttl).send().await;
    answer.map(|_| ()).map_err(|error| unavailable("the table: UpdateTimeToLive", error))
}

fn attribute(name: &str) -> Result<AttributeDefinition, BuildError> {
    AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()
}

fn key_schema(partition: &str, sort: &str) -> Result<Vec<KeySchemaElement>, BuildError> {
    let element = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    Ok(vec![element(partition, KeyType::Hash)?, element(sort, KeyType::Range)?])
}

fn index(name: &str, partition: &str, sort: &str) -> Result<GlobalSecondaryIndex, BuildError> {
    GlobalSecondaryIndex::builder()
        .index_name(name)
        .set_key_schema(Some(key_schema(partition, sort)?))
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
        .build()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_attributes_share_a_name() {
        assert_eq!(SHORT_NAMES.iter().collect::<BTreeSet<_>>().len(), SHORT_NAMES.len());
        assert_eq!((PK, SK, TTL), (PARTITION_KEY, SORT_KEY, TTL_ATTRIBUTE));
    }
}
