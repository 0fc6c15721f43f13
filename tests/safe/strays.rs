//! Foreign messages, and messages of a later version: they are kept and reported, never processed, and do not delay
//! others.

use serde_json::{Value, json};

use crate::house::House;

async fn strays(house: &House) -> Vec<String> {
    let scanned = house.embedded.dynamodb().scan().table_name("headway").send().await.unwrap();
    let rows = scanned.items.unwrap_or_default().into_iter();
    let strays = rows.filter(|row| row["pk"].as_s().unwrap().starts_with("STRAY#"));
    strays.map(|row| row["d"].as_s().unwrap().split_once("\n\n").unwrap().1.to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn foreign_messages_are_kept() {
    let house = House::new().await;
    let id = house.start("ann", json!({"items": [1, 2, 3]})).await.id();
    let received = house.embedded.sqs().receive_message().queue_url(&house.embedded.queue().url).send().await.unwrap();
    let ours = received.messages.unwrap()[0].body.clone().unwrap();
    let other = |member: &str, value: Value| {
        let mut message: Value = serde_json::from_str(&ours).unwrap();
        message[member] = value;
        message.to_string()
    };
    let bodies = [
        String::new(),
        "x".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        r#"{"Records":[{"eventSource":"aws:s3"}]}"#.to_owned(),
        other("v", json!(2)),
        other("v", json!("1")),
        other("kind", json!("explode")),
        other("job", json!("x")),
        other("items", json!("rm -rf")),
        other("n", json!(-1)),
        other("chunk", Value::Null),
        ours[..ours.len() - 1].to_owned(),
        "[".repeat(100_000),
    ];
    let names: Vec<String> = (0..bodies.len()).map(|i| format!("m{i:02}")).collect();
    let batch: Vec<(&str, &str)> = names.iter().zip(&bodies).map(|(name, body)| (name.as_str(), body.as_str())).collect();
    let with_ours: Vec<(&str, &str)> = batch.iter().copied().chain([("ours", ours.as_str())]).collect();
    assert_eq!(house.deliver(&house.embedded.queue().arn.clone(), &with_ours).await, names, "left for a newer worker, ours is done");
    assert_eq!(strays(&house).await, Vec::<String>::new());
    assert_eq!(house.deliver(&house.embedded.dead_letters().arn.clone(), &batch).await, Vec::<String>::new());
    let (mut kept, mut expected) = (strays(&house).await, bodies.to_vec());
    kept.sort();
    expected.sort();
    assert_eq!(kept, expected, "every one, to the byte");
    let job = house.get("ann", &format!("/v1/jobs/{id}")).await.json();
    assert!(job["processedItems"].as_u64().unwrap() >= 1 && job["failedItems"] == 0, "{job}");
}
