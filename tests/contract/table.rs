//! Checks with the table itself what the expressions rely on and DynamoDB's documentation does not say.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use headway_aws::dynamodb::schema;
use uuid::Uuid;

use crate::subject::{TABLE, embedded_parts, endpoint_client};

#[tokio::test]
async fn expressions_mean_what_the_protocol_assumes_on_the_embedded_table() {
    let client = embedded_parts().dynamodb();
    schema::create_table(&client, TABLE).await.unwrap();
    ask(&client, TABLE).await;
}

#[tokio::test]
async fn expressions_mean_what_the_protocol_assumes_at_the_endpoint() {
    if let Some(client) = endpoint_client().await {
        schema::create_table(&client, "headway-contract").await.unwrap();
        ask(&client, "headway-contract").await;
    }
}

#[tokio::test]
async fn creating_the_table_again_changes_nothing() {
    let client = embedded_parts().dynamodb();
    for _ in 0..2 {
        schema::create_table(&client, TABLE).await.unwrap();
    }
    let ttl = client.describe_time_to_live().table_name(TABLE).send().await.unwrap();
    let ttl = ttl.time_to_live_description.unwrap();
    assert_eq!((ttl.attribute_name(), ttl.time_to_live_status().unwrap().as_str()), (Some(schema::TTL_ATTRIBUTE), "ENABLED"));
}

async fn ask(client: &Client, table: &str) {
    let n = |digits: &str| AttributeValue::N(digits.to_owned());
    let map = |entries: &[(&str, &str)]| AttributeValue::M(entries.iter().map(|(k, v)| ((*k).to_owned(), n(v))).collect());
    let key = HashMap::from([("pk", Uuid::new_v4().to_string()), ("sk", "JOB".to_owned())]);
    let key: HashMap<String, AttributeValue> = key.into_iter().map(|(k, v)| (k.to_owned(), AttributeValue::S(v))).collect();
    let mut row = key.clone();
    row.insert("x".to_owned(), map(&[("7", "20000123"), ("8", "5")]));
    row.insert("p".to_owned(), n("0"));
    row.insert("dp".to_owned(), AttributeValue::Ns(vec!["3".to_owned(), "12".to_owned()]));
    client.put_item().table_name(table).set_item(Some(row)).send().await.unwrap();
    let questions = [
        // `size` of a missing attribute equals nothing, and is no error.
        ("size(#missing) = p", None, false),
        ("size(#missing) = :a", Some(n("0")), false),
        ("size(dp) = :a", Some(n("2")), true),
        // A missing set contains nothing; an existing set is compared by number.
        ("NOT contains(#missing, :a)", Some(n("3")), true),
        ("contains(dp, :a)", Some(n("3")), true),
        ("contains(dp, :a)", Some(n("1")), false),
        // A map equals a map with the same members in any order; a missing map equals none.
        ("x = :a", Some(map(&[("8", "5"), ("7", "20000123")])), true),
        ("x = :a", Some(map(&[("8", "5")])), false),
        ("x = :a", Some(map(&[("8", "5"), ("7", "20000124")])), false),
        ("#missing = :a", Some(map(&[])), false),
        // A map's members are compared as numbers; a missing member is neither smaller nor larger.
        ("x.#seven BETWEEN :a AND :b", Some(n("1000000")), true),
        ("x.#eight BETWEEN :a AND :b", Some(n("1000000")), false),
        ("x.#seven < :a", Some(n("100000000")), true),
        ("x.#missing < :a", Some(n("100000000")), false),
        ("x.#missing BETWEEN :a AND :b", Some(n("0")), false),
        ("attribute_not_exists(x.#missing) OR x.#missing < :a", Some(n("1")), true),
    ];
    for (condition, value, holds) in questions {
        let answer = holds_for(client, table, &key, condition, value.clone()).await;
        assert_eq!(answer, holds, "{condition} with {value:?}");
    }
}

async fn holds_for(
    client: &Client,
    table: &str,
    key: &HashMap<String, AttributeValue>,
    condition: &str,
    value: Option<AttributeValue>,
) -> bool {
    let mut request = client.update_item().table_name(table).set_key(Some(key.clone())).condition_expression(condition);
    request = request.update_expression("SET asked = :asked").expression_attribute_values(":asked", AttributeValue::Bool(true));
    for (name, attribute) in [("#missing", "nothing"), ("#seven", "7"), ("#eight", "8")] {
        if condition.contains(name) {
            request = request.expression_attribute_names(name, attribute);
        }
    }
    if let Some(value) = value {
        request = request.expression_attribute_values(":a", value);
    }
    if condition.contains(":b") {
        request = request.expression_attribute_values(":b", AttributeValue::N("99999999".to_owned()));
    }
    match request.send().await {
        Ok(_) => true,
        Err(error) => {
            let error = error.into_service_error();
            assert!(error.is_conditional_check_failed_exception(), "{condition}: {error:?}");
            false
        }
    }
}
