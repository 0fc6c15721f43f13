//! The calls to the table, each with its conditions, retries and errors.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, DeleteRequest, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure, WriteRequest,
};

use super::change::{Change, names_in};
use super::item::Item;
use super::key::Key;
use crate::calls::{ATTEMPTS_MAX, back_off, unavailable};
use headway_core::error::JobError;
use headway_core::ledger::Written;

/// Keys of `BatchGetItem`. Source: Amazon DynamoDB quotas.
pub(super) const GET_KEYS_MAX: usize = 100;
/// Keys of `BatchWriteItem`. Source: Amazon DynamoDB quotas.
const BATCH_WRITE_KEYS_MAX: usize = 25;

/// A request with the conditions of a change, and the names and values of all its expressions.
macro_rules! conditional {
    ($request:expr, $change:expr) => {
        $request
            .condition_expression($change.condition())
            .set_expression_attribute_names(Some($change.names()))
            .set_expression_attribute_values($change.values())
    };
}
pub(super) use conditional;

/// A table, and the client for it.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) client: Client,
    pub(super) name: String,
}

/// The result of a conditional put.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Put {
    /// The row was written.
    Done,
    /// The stored row, if any, did not meet the condition.
    Refused(Option<Item>),
}

/// A page of rows in one partition of the table or an index.
#[derive(Debug, Clone, Default)]
pub(super) struct Query {
    pub(super) index: Option<&'static str>,
    pub(super) condition: &'static str,
    pub(super) values: HashMap<String, AttributeValue>,
    pub(super) newest_first: bool,
    pub(super) limit: Option<i32>,
    pub(super) keys_only: bool,
}

/// The result of a query.
#[derive(Debug, Clone)]
pub(super) struct QueryPage {
    pub(super) items: Vec<Item>,
    /// True if there may be more.
    pub(super) more: bool,
}

impl Table {
    pub(super) async fn get(&self, key: Key) -> Result<Option<Item>, JobError> {
        let request = self.client.get_item().table_name(&self.name).set_key(Some(key.into_item())).consistent_read(true);
        let answer = request.send().await.map_err(|error| unavailable("the table: GetItem", error))?;
        Ok(answer.item)
    }

    /// The rows with at most 100 keys, no two the same, in any order.
    pub(super) async fn get_all(&self, keys: Vec<Key>) -> Result<Vec<Item>, JobError> {
        const WHAT: &str = "the table: BatchGetItem";
        let mut items = Vec::with_capacity(keys.len());
        let mut keys: Vec<Item> = keys.into_iter().map(Key::into_item).collect();
        for attempt in 1..=ATTEMPTS_MAX {
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
            let wanted = wanted.map_err(|error| JobError::unavailable(WHAT, error))?;
            let answer = self.client.batch_get_item().request_items(&self.name, wanted).send().await;
            let mut answer = answer.map_err(|error| unavailable(WHAT, error))?;
            items.extend(answer.responses.as_mut().and_then(|found| found.remove(&self.name)).unwrap_or_default());
            keys = answer.unprocessed_keys.and_then(|mut left| left.remove(&self.name)).map(|left| left.keys).unwrap_or_default();
            if keys.is_empty() {
                return Ok(items);
            }
            back_off(attempt).await;
        }
        Err(JobError::unavailable(WHAT, format!("{} keys are still unprocessed", keys.len())))
    }

    pub(super) async fn put(&self, item: Item) -> Result<(), JobError> {
        let request = self.client.put_item().table_name(&self.name).set_item(Some(item));
        request.send().await.map(|_| ()).map_err(|error| unavailable("the table: PutItem", error))
    }

    /// Writes a row if the stored row meets the conditions of `change`.
    pub(super) async fn put_if(&self, item: Item, change: &Change) -> Result<Put, JobError> {
        let request = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match conditional!(request, change).send().await {
            Ok(_) => Ok(Put::Done),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(refused)) => Ok(Put::Refused(refused.item.clone())),
                _ => Err(unavailable("the table: PutItem", error)),
            },
        }
    }

    /// Changes an existing row, if it meets the conditions.
    pub(super) async fn update(&self, key: Key, change: &Change) -> Result<Written<Item>, JobError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key.into_item()))
            .update_expression(change.update())
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match conditional!(request, change).send().await {
            Ok(answer) => Ok(answer.attributes.map_or(Written::Gone, Written::Applied)),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    Ok(refused.item.clone().map_or(Written::Gone, Written::Refused))
                }
                _ => Err(unavailable("the table: UpdateItem", error)),
            },
        }
    }

    /// Reads a page. The read is consistent, except from an index, where DynamoDB does not offer that.
    pub(super) async fn query(&self, query: Query) -> Result<QueryPage, JobError> {
        let projection = query.keys_only.then_some("#pk, #sk");
        let request = self
            .client
            .query()
            .table_name(&self.name)
            .set_index_name(query.index.map(str::to_owned))
            .consistent_read(query.index.is_none())
            .key_condition_expression(query.condition)
            .set_projection_expression(projection.map(str::to_owned))
            .set_expression_attribute_names(Some(names_in(&format!("{} {}", query.condition, projection.unwrap_or_default()))))
            .set_expression_attribute_values(Some(query.values))
            .scan_index_forward(!query.newest_first)
            .set_limit(query.limit);
        let answer = request.send().await.map_err(|error| unavailable("the table: Query", error))?;
        Ok(QueryPage { items: answer.items.unwrap_or_default(), more: answer.last_evaluated_key.is_some_and(|key| !key.is_empty()) })
    }

    pub(super) async fn delete(&self, key: Key) -> Result<(), JobError> {
        let request = self.client.delete_item().table_name(&self.name).set_key(Some(key.into_item()));
        request.send().await.map(|_| ()).map_err(|error| unavailable("the table: DeleteItem", error))
    }

    /// Deletes a row if it meets the conditions of `change`. Otherwise, or if there is none, nothing happens.
    pub(super) async fn delete_if(&self, key: Key, change: &Change) -> Result<(), JobError> {
        let request = self.client.delete_item().table_name(&self.name).set_key(Some(key.into_item()));
        match conditional!(request, change).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(()),
            Err(error) => Err(unavailable("the table: DeleteItem", error)),
        }
    }

    /// Deletes rows; `keys` are as a query returned them.
    pub(super) async fn delete_all(&self, keys: Vec<Item>) -> Result<(), JobError> {
        for batch in keys.chunks(BATCH_WRITE_KEYS_MAX) {
            self.delete_batch(batch).await?;
        }
        Ok(())
    }

    async fn delete_batch(&self, keys: &[Item]) -> Result<(), JobError> {
        const WHAT: &str = "the table: BatchWriteItem";
        let request = |key: &Item| DeleteRequest::builder().set_key(Some(key.clone())).build();
        let write = |delete| WriteRequest::builder().delete_request(delete).build();
        let requests: Result<Vec<_>, _> = keys.iter().map(|key| request(key).map(write)).collect();
        let mut requests = requests.map_err(|error| JobError::unavailable(WHAT, error))?;
        for attempt in 1..=ATTEMPTS_MAX {
            let answer = self.client.batch_write_item().request_items(&self.name, requests).send().await;
            let answer = answer.map_err(|error| unavailable(WHAT, error))?;
            requests = answer.unprocessed_items.and_then(|mut left| left.remove(&self.name)).unwrap_or_default();
            if requests.is_empty() {
                return Ok(());
            }
            back_off(attempt).await;
        }
        Err(JobError::unavailable(WHAT, format!("{} deletes are still unprocessed", requests.len())))
    }
}
