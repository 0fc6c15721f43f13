//! Reads a function's answer for a batch exactly as the event source mapping does.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::queue::Handle;

/// The handles of the finished messages: all that the answer does not report as failed.
///
/// # Errors
///
/// Why the whole batch counts as failed: the answer is not a JSON object, or names a message that is not in the batch.
pub(super) fn done(answer: &Value, batch: &[(String, Handle)]) -> Result<Vec<Handle>, String> {
    let failed = failed_ids(answer)?;
    if let Some(unknown) = failed.iter().find(|id| !batch.iter().any(|(known, _)| known == *id)) {
        return Err(format!("it reported {unknown:?} as failed, which was not in the batch"));
    }
    Ok(batch.iter().filter(|(id, _)| !failed.contains(id.as_str())).map(|(_, handle)| *handle).collect())
}

fn failed_ids(answer: &Value) -> Result<BTreeSet<&str>, String> {
    let failures = match answer {
        Value::Null => return Ok(BTreeSet::new()),
        Value::Object(fields) => fields.get("batchItemFailures"),
        _ => return Err("its answer is not an object".to_owned()),
    };
    match failures {
        None | Some(Value::Null) => Ok(BTreeSet::new()),
        Some(Value::Array(failures)) => failures.iter().map(id_of).collect(),
        Some(_) => Err("batchItemFailures is not a list".to_owned()),
    }
}

fn id_of(failure: &Value) -> Result<&str, String> {
    failure
        .get("itemIdentifier")
        .and_then(Value::as_str)
        .filter(|id| !id.is_empty())
        .ok_or_else(|| "an entry of batchItemFailures has no itemIdentifier".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn batch() -> Vec<(String, Handle)> {
        ["a", "b"]
            .into_iter()
            .zip(1..)
            .map(|(id, seq)| {
                let handle = Handle { queue: 1, seq, receives: 1, message_id: [0; 16] };
                (id.to_owned(), handle)
            })
            .collect()
    }

    fn done_count(answer: Value) -> Option<usize> {
        done(&answer, &batch()).ok().map(|handles| handles.len())
    }

    #[test]
    fn reads_answers_as_the_event_source_mapping_does() {
        for all_done in [json!(null), json!({}), json!({"batchItemFailures": null}), json!({"batchItemFailures": []})] {
            assert_eq!(done_count(all_done.clone()), Some(2), "{all_done}");
        }
        let one_failed = json!({"batchItemFailures": [{"itemIdentifier": "a"}]});
        assert_eq!(done(&one_failed, &batch()).unwrap()[0].seq, 2);
        for all_failed in [
            json!("done"),
            json!({"batchItemFailures": "a"}),
            json!({"batchItemFailures": [{"itemIdentifier": null}]}),
            json!({"batchItemFailures": [{"itemIdentifier": ""}]}),
            json!({"batchItemFailures": [{"itemIdentifier": "c"}]}),
            json!({"batchItemFailures": [{"id": "a"}]}),
            json!({"batchItemFailures": ["a"]}),
        ] {
            assert_eq!(done_count(all_failed.clone()), None, "{all_failed}");
        }
    }
}
