//! Which groups are served next, in each mode.
//!
//! By turns, groups that have used little time lately come before the others. Otherwise a small job would wait for a whole round
//! of all the owners who have slow items.

use std::{collections::BTreeMap, time::Duration};

use rusqlite::params;

use super::{
    attributes::QueueId,
    consumer_time::WINDOW_MS,
    fairness::Fairness,
    noisy::{self, Candidate, Load},
    receive_request::ReceiveRequest,
    store::QueueTransaction,
};

/// A group that has used less than this much time lately is served before others: as much as a time slice.
const LITTLE_MS: u64 = 10_000;
/// "Lately" for [`LITTLE_MS`].
const LATELY_MS: u64 = 60_000;
/// Every so many batches the group whose turn it is comes first whatever it has used, so that none waits for ever.
const TURN_COMES_EVERY: u64 = 4;
/// At most so many groups with messages are looked at for one that has used little time.
const LOOKED_AT_MAX: usize = 1_000;

/// A group that is served now.
pub(super) struct Serving {
    /// Its name.
    pub(super) group: String,
    /// How many of its messages may be received at most.
    pub(super) messages_max: usize,
}

/// The groups that are served next if this many messages are asked for. Empty if there is nothing to receive.
pub(super) fn next(work: &QueueTransaction<'_>, request: &ReceiveRequest, messages_max: usize) -> rusqlite::Result<Vec<Serving>> {
    match work.fairness {
        Fairness::Turns => by_turns(work, request, messages_max),
        Fairness::NoisyGroups => by_noise(work, request),
    }
}

/// The groups that are next, each with an equal share; or the one that is next. Among those that have used much time, and among
/// the others, it goes by turns.
fn by_turns(work: &QueueTransaction<'_>, request: &ReceiveRequest, messages_max: usize) -> rusqlite::Result<Vec<Serving>> {
    let groups_max = if request.of_one_group { 1 } else { messages_max };
    let goes_by_turn = work.consumer_time.batches().is_multiple_of(TURN_COMES_EVERY);
    let times = if goes_by_turn { BTreeMap::new() } else { work.consumer_time.by_group(request.queue, work.now_ms, LATELY_MS) };
    let mut statement = work.tx.prepare_cached("SELECT name FROM groups WHERE queue = ?1 ORDER BY turn LIMIT ?2")?;
    let looked_at_max = LOOKED_AT_MAX + request.groups_left_out.len();
    let mut names = statement.query_map(params![request.queue, looked_at_max], |row| row.get::<_, String>(0))?;
    let (mut groups, mut used_much) = (Vec::new(), Vec::new());
    while groups.len() < groups_max
        && let Some(name) = names.next().transpose()?
    {
        if request.groups_left_out.contains(&name) {
            continue;
        }
        let has_used_much = times.get(name.as_str()).is_some_and(|ms| *ms >= LITTLE_MS);
        if has_used_much { used_much.push(name) } else { groups.push(name) }
    }
    groups.extend(used_much);
    groups.truncate(groups_max);
    let share = messages_max.div_ceil(groups.len().max(1));
    Ok(groups.into_iter().map(|group| Serving { group, messages_max: share }).collect())
}

/// The one group whose message comes next. Only one message at a time, since each changes how many are in flight.
fn by_noise(work: &QueueTransaction<'_>, request: &ReceiveRequest) -> rusqlite::Result<Vec<Serving>> {
    let loads = loads(work, request.queue)?;
    let all = loads.values().fold(Load::default(), |all, group| Load {
        in_flight: all.in_flight + group.in_flight,
        consumer_ms: all.consumer_ms + group.consumer_ms,
    });
    let mut candidates = candidates(work, &loads, request.queue)?;
    candidates.retain(|candidate| !request.groups_left_out.contains(&candidate.group));
    let next = noisy::next(&candidates, all).map(|next| Serving { group: next.group.clone(), messages_max: 1 });
    Ok(next.into_iter().collect())
}

fn loads(work: &QueueTransaction<'_>, queue: QueueId) -> rusqlite::Result<BTreeMap<String, Load>> {
    let mut loads: BTreeMap<String, Load> = work
        .tx
        .prepare_cached(
            "SELECT sender_group, count(*) FROM messages
             WHERE queue = ?1 AND ready = 0 AND receives > 0 AND due_ms > ?2 GROUP BY sender_group",
        )?
        .query_map(params![queue, work.now_ms], |row| Ok((row.get(0)?, Load { in_flight: row.get(1)?, consumer_ms: 0 })))?
        .collect::<Result<_, _>>()?;
    for (group, consumer_ms) in work.consumer_time.by_group(queue, work.now_ms, WINDOW_MS) {
        loads.entry(group.to_owned()).or_default().consumer_ms = consumer_ms;
    }
    Ok(loads)
}

/// The groups with messages that may be received now. The newest waiting message counts as the last that was sent.
fn candidates(work: &QueueTransaction<'_>, loads: &BTreeMap<String, Load>, queue: QueueId) -> rusqlite::Result<Vec<Candidate>> {
    work.tx
        .prepare_cached(
            "SELECT name,
             (SELECT min(seq) FROM messages WHERE queue = ?1 AND sender_group = name AND ready = 1),
             (SELECT sent_ms FROM messages WHERE queue = ?1 AND sender_group = name AND ready = 1 ORDER BY seq DESC LIMIT 1)
             FROM groups WHERE queue = ?1",
        )?
        .query_map([queue], |row| {
            let (group, sent_ms): (String, u64) = (row.get(0)?, row.get(2)?);
            let load = loads.get(&group).copied().unwrap_or_default();
            let since_sent = Duration::from_millis(work.now_ms.saturating_sub(sent_ms));
            Ok(Candidate { oldest: row.get(1)?, group, since_sent, load })
        })?
        .collect()
}
