//! Finds jobs with the indexes. A position is a place in the index's order, so it stays valid when its row is gone. The
//! shards of the sweep's index are merged by time, and each is read from the same place on.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use futures::future::try_join_all;

use super::item::{Item, Reader, RowFault, text};
use super::job_row::{index_time, job_of_index_sort, owner_partition, shard_partition};
use super::schema::{INDEX_OWNER, INDEX_SWEEP, OWNER_SORT, SWEEP_SHARDS, SWEEP_SORT};
use super::table::{Query, Table};
use headway_core::error::JobError;
use headway_core::ids::UserId;
use headway_core::ledger::{Candidates, FoundJobs};

/// Places in an index, in order, and whether there may be more after the last.
#[derive(Debug, PartialEq)]
struct Places {
    sorts: Vec<String>,
    more: bool,
}

impl Table {
    /// See `Ledger::jobs_of`.
    pub(super) async fn jobs_of(&self, user_id: &UserId, after: Option<&str>, limit: usize) -> Result<FoundJobs, JobError> {
        let mut values = HashMap::from([(":owner".to_owned(), text(owner_partition(user_id)))]);
        values.extend(after.map(|place| (":after".to_owned(), text(place))));
        let condition = match after {
            None => "#ownerPartition = :owner",
            Some(_) => "#ownerPartition = :owner AND #ownerSort < :after",
        };
        let query =
            Query { index: Some(INDEX_OWNER), condition, values, newest_first: true, limit: Some(clamped(limit)), ..Query::default() };
        let places = self.places(query, OWNER_SORT).await?;
        found(places.sorts, places.more)
    }

    /// See `Ledger::candidates`.
    pub(super) async fn candidates(
        &self,
        kind: Candidates,
        before: DateTime<Utc>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<FoundJobs, JobError> {
        let live = kind == Candidates::Watched;
        // `place!` is the smallest key above `place`. No key equals a bare time. So both bounds exclude.
        let (from, to) = (after.map_or_else(String::new, |place| format!("{place}!")), index_time(before));
        if from > to {
            return Ok(FoundJobs::default());
        }
        let shard = |shard| self.shard(shard_partition(shard, live), &from, &to, limit);
        let shards = try_join_all((0..SWEEP_SHARDS).map(shard)).await?;
        let places = merged(shards, limit.max(1));
        found(places.sorts, places.more)
    }

    async fn shard(&self, partition: String, from: &str, to: &str, limit: usize) -> Result<Places, JobError> {
        // DynamoDB does not allow an empty text here. A space sorts before every place.
        let from = if from.is_empty() { " " } else { from };
        let value = |name: &str, value: &str| (name.to_owned(), AttributeValue::S(value.to_owned()));
        let values = HashMap::from([value(":shard", &partition), value(":from", from), value(":to", to)]);
        let condition = "#sweepPartition = :shard AND #sweepSort BETWEEN :from AND :to";
        let query = Query { index: Some(INDEX_SWEEP), condition, values, limit: Some(clamped(limit)), ..Query::default() };
        self.places(query, SWEEP_SORT).await
    }

    async fn places(&self, query: Query, sort: &'static str) -> Result<Places, JobError> {
        let page = self.query(query).await?;
        let place = |item: &Item| Reader(item).text(sort).map(str::to_owned);
        let sorts: Result<_, RowFault> = page.items.iter().map(place).collect();
        Ok(Places { sorts: sorts.map_err(|e| JobError::corrupt("an index row", e))?, more: page.more })
    }
}

/// The first places of all shards. After the last place of a shard that has more, it is not certain which place comes
/// next, so the rest is left to another page.
fn merged(shards: Vec<Places>, limit: usize) -> Places {
    let sure_to = shards.iter().filter(|shard| shard.more).filter_map(|shard| shard.sorts.last().cloned()).min();
    let mut sorts: Vec<String> = shards.into_iter().flat_map(|shard| shard.sorts).collect();
    sorts.sort_unstable();
    let all = sorts.len();
    sorts.retain(|place| sure_to.as_ref().is_none_or(|last| place <= last));
    sorts.truncate(limit);
    Places { more: sure_to.is_some() || sorts.len() < all, sorts }
}

fn found(sorts: Vec<String>, more: bool) -> Result<FoundJobs, JobError> {
    let next = sorts.last().filter(|_| more).cloned();
    let id = |place: &String| job_of_index_sort(place).ok_or_else(|| JobError::corrupt("an index row", format!("{place} names no job")));
    Ok(FoundJobs { ids: sorts.iter().map(id).collect::<Result<_, _>>()?, next })
}

/// The table requires a limit of at least 1.
fn clamped(limit: usize) -> i32 {
    i32::try_from(limit).unwrap_or(i32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(sorts: &[&str], more: bool) -> Places {
        Places { sorts: sorts.iter().map(|sort| (*sort).to_owned()).collect(), more }
    }

    #[test]
    fn a_shard_with_more_places_limits_the_others() {
        let shards = || vec![places(&["a", "d"], true), places(&["b", "c", "e", "f"], false), places(&[], false)];
        assert_eq!(merged(shards(), 9), places(&["a", "b", "c", "d"], true), "what comes after d may be the first shard's");
        assert_eq!(merged(shards(), 2), places(&["a", "b"], true));
        assert_eq!(merged(vec![places(&["b"], false), places(&["a"], false)], 2), places(&["a", "b"], false));
    }
}
