//! The table through `aws-sdk-dynamodb`: what production's adapter relies on beyond plain reads and writes.

use std::{collections::HashMap, path::Path};

use aws_sdk_dynamodb::{
    Client,
    error::ProvideErrorMetadata,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, ConditionCheck, Delete, Get, KeySchemaElement, KeyType, KeysAndAttributes, Put,
        PutRequest, ReturnValuesOnConditionCheckFailure as OnFailure, ScalarAttributeType, TimeToLiveSpecification, TransactGetItem,
        TransactWriteItem, WriteRequest,
    },
};
use headway_embedded::{Config, Embedded, OpenError};

/// Makes a table `t` with the key `pk`.
pub(crate) async fn create(client: &Client) {
    let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash);
    let definition = AttributeDefinition::builder().attribute_name("pk").attribute_type(ScalarAttributeType::S);
    client
        .create_table()
        .table_name("jobs")
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key.build().unwrap())
        .attribute_definitions(definition.build().unwrap())
        .send()
        .await
        .unwrap();
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn key(value: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("pk".to_owned(), text(value))])
}

/// Raises `n` of the item `pk` by one if it is still `seen`. Returns the current number, and whether this call raised
/// it.
pub(crate) async fn raise(client: &Client, pk: &str, seen: u64) -> (u64, bool) {
    let outcome = client
        .update_item()
        .table_name("jobs")
        .set_key(Some(key(pk)))
        .update_expression("SET n = :next")
        .condition_expression(if seen == 0 { "attribute_not_exists(n)" } else { "n = :seen" })
        .set_expression_attribute_values(
            (seen == 0)
                .then(|| HashMap::from([(":next".to_owned(), number(1))]))
                .or_else(|| Some(HashMap::from([(":next".to_owned(), number(seen + 1)), (":seen".to_owned(), number(seen))]))),
        )
        .return_values_on_condition_check_failure(OnFailure::AllOld)
        .send()
        .await;
    match outcome {
        Ok(_) => (seen + 1, true),
        Err(fault) => match fault.into_service_error() {
            aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException(failed) => {
                let item = failed.item().expect("ALL_OLD gives the item");
                (item["n"].as_n().unwrap().parse().unwrap(), false)
            }
            other => panic!("{other:?}"),
        },
    }
}

/// The number `n` of the item `pk`.
pub(crate) async fn count(client: &Client, pk: &str) -> u64 {
    let read = client.get_item().table_name("jobs").set_key(Some(key(pk))).consistent_read(true);
    let item = read.send().await.unwrap().item;
    item.map_or(0, |item| item["n"].as_n().unwrap().parse().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_failed_condition_gives_the_item_and_a_cancelled_transaction_its_reasons() {
    let client = Embedded::open(Config::memory()).unwrap().dynamodb();
    create(&client).await;
    assert_eq!(raise(&client, "a", 0).await, (1, true));
    assert_eq!(raise(&client, "a", 5).await, (1, false));
    let held = ConditionCheck::builder()
        .table_name("jobs")
        .set_key(Some(key("a")))
        .condition_expression("n = :two")
        .expression_attribute_values(":two", number(2))
        .return_values_on_condition_check_failure(OnFailure::AllOld);
    let put = Put::builder().table_name("jobs").set_item(Some(key("b")));
    let fault = client
        .transact_write_items()
        .transact_items(TransactWriteItem::builder().put(put.build().unwrap()).build())
        .transact_items(TransactWriteItem::builder().condition_check(held.build().unwrap()).build())
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(cancelled) = fault else {
        panic!("{fault:?}");
    };
    let reasons = cancelled.cancellation_reasons();
    assert_eq!(reasons[0].code(), Some("None"));
    assert_eq!(reasons[1].code(), Some("ConditionalCheckFailed"));
    assert_eq!(reasons[1].item().unwrap()["n"], number(1));
}

#[tokio::test(start_paused = true)]
async fn all_of_a_table_users_operations_are_there() {
    let client = Embedded::open(Config::memory()).unwrap().dynamodb();
    create(&client).await;
    let described = client.describe_table().table_name("jobs").send().await.unwrap();
    assert_eq!(described.table().unwrap().table_status().unwrap().as_str(), "ACTIVE");
    let lives = TimeToLiveSpecification::builder().enabled(true).attribute_name("ttl").build().unwrap();
    client.update_time_to_live().table_name("jobs").time_to_live_specification(lives).send().await.unwrap();
    let told = client.describe_time_to_live().table_name("jobs").send().await.unwrap();
    assert_eq!(told.time_to_live_description().unwrap().attribute_name(), Some("ttl"));
    let put = |pk: &str| WriteRequest::builder().put_request(PutRequest::builder().set_item(Some(key(pk))).build().unwrap()).build();
    client.batch_write_item().request_items("jobs", vec![put("a"), put("b")]).send().await.unwrap();
    client.put_item().table_name("jobs").set_item(Some(key("c"))).send().await.unwrap();
    let wanted = KeysAndAttributes::builder().keys(key("a")).keys(key("b")).consistent_read(true).build().unwrap();
    let got = client.batch_get_item().request_items("jobs", wanted).send().await.unwrap();
    assert_eq!(got.responses().unwrap()["jobs"].len(), 2);
    let get = TransactGetItem::builder().get(Get::builder().table_name("jobs").set_key(Some(key("c"))).build().unwrap());
    let got = client.transact_get_items().transact_items(get.build()).send().await.unwrap();
    assert!(got.responses()[0].item().is_some());
    let gone = Delete::builder().table_name("jobs").set_key(Some(key("c"))).build().unwrap();
    client.transact_write_items().transact_items(TransactWriteItem::builder().delete(gone).build()).send().await.unwrap();
    client.delete_item().table_name("jobs").set_key(Some(key("b"))).send().await.unwrap();
    let query = client.query().table_name("jobs").key_condition_expression("pk = :pk");
    assert_eq!(query.expression_attribute_values(":pk", text("a")).send().await.unwrap().count(), 1);
    assert_eq!(client.scan().table_name("jobs").send().await.unwrap().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_bad_request_is_refused_in_dynamodbs_words() {
    let client = Embedded::open(Config::memory()).unwrap().dynamodb();
    create(&client).await;
    let fault = client.update_item().table_name("jobs").send().await.unwrap_err();
    assert_eq!(fault.code(), Some("ValidationException"));
    assert!(!fault.message().unwrap().contains("VALIDATION"), "{:?}", fault.message());
    let missing = client.get_item().table_name("nowhere").set_key(Some(key("a"))).send().await.unwrap_err();
    assert!(missing.into_service_error().is_resource_not_found_exception());
    let other = client.list_backups().send().await.unwrap_err();
    assert!(other.message().unwrap().contains("does not offer ListBackups"));
}

#[tokio::test]
async fn expired_rows_are_swept() {
    let embedded = Embedded::open(Config::memory()).unwrap();
    let client = embedded.dynamodb();
    create(&client).await;
    let lives = TimeToLiveSpecification::builder().enabled(true).attribute_name("ttl").build().unwrap();
    client.update_time_to_live().table_name("jobs").time_to_live_specification(lives).send().await.unwrap();
    let mut item = key("old");
    item.insert("ttl".to_owned(), number(1_700_000_000));
    client.put_item().table_name("jobs").set_item(Some(item)).send().await.unwrap();
    assert_eq!(embedded.sweep_expired_rows().await.unwrap(), 1);
}

fn overwrite(file: &Path) {
    use std::os::unix::fs::FileExt;
    let bytes = std::fs::metadata(file).unwrap().len();
    let open = std::fs::OpenOptions::new().write(true).open(file).unwrap();
    for page in (1..bytes / 4096).map(|page| page * 4096) {
        open.write_all_at(&[0xA5; 512], page).unwrap();
    }
}

#[tokio::test]
async fn a_damaged_file_is_named_instead_of_read() {
    for name in ["table.db", "queue.db"] {
        let dir = tempfile::tempdir().unwrap();
        let embedded = Embedded::open(Config::at(dir.path())).unwrap();
        create(&embedded.dynamodb()).await;
        raise(&embedded.dynamodb(), "a", 0).await;
        drop(embedded);
        until_closed(dir.path()).await;
        overwrite(&dir.path().join(name));
        match Embedded::open(Config::at(dir.path())) {
            Err(OpenError::Damaged { file, .. }) => assert!(file.ends_with(name), "{file:?}"),
            other => panic!("{other:?}"),
        }
    }
}

/// Bug found: the data directory was taken for a new one, and its messages for those of jobs that were deleted.
#[tokio::test]
async fn a_missing_table_is_named() {
    let dir = tempfile::tempdir().unwrap();
    drop(Embedded::open(Config::at(dir.path())).unwrap());
    until_closed(dir.path()).await;
    let table = dir.path().join("table.db");
    std::fs::remove_file(&table).unwrap();
    let error = Embedded::open(Config::at(dir.path())).unwrap_err();
    assert!(error.to_string().contains("it is missing beside queue.db"), "{error}");
    assert!(!table.exists(), "nothing was changed");
}

/// SQLite removes its logs when the last connection closes. The stores' threads do that a moment after the drop.
pub(crate) async fn until_closed(dir: &Path) {
    while ["table.db-wal", "queue.db-wal"].iter().any(|log| dir.join(log).exists()) {
        tokio::task::yield_now().await;
    }
}
