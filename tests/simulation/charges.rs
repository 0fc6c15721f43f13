//! The attempts that items were charged in an invocation. A message with such an item that its worker sends or parks counts them.

use std::collections::BTreeMap;

use headway_core::chunk::{ChunkMessage, Message};
use headway_core::work::Delivery;
use headway_core::{Item, JobId, PartId};

/// What the calls of an invocation charged.
#[derive(Debug, Default)]
pub(crate) struct Charges {
    /// The texts of the messages of the invocation.
    bodies: Vec<String>,
    /// In which round each item was charged, and which attempt, the last time.
    charged: BTreeMap<(JobId, u64), (u32, u32)>,
}

impl Charges {
    /// Nothing so far, in an invocation with these messages.
    pub(crate) fn of(batch: &[Delivery]) -> Self {
        Self { bodies: batch.iter().map(|delivery| delivery.body.clone()).collect(), charged: BTreeMap::new() }
    }

    /// A call was answered so that this attempt of the item counts.
    pub(crate) fn charge(&mut self, item: &Item) {
        self.charged.insert((item.job_id, item.index), (item.round, item.attempt));
    }

    /// Which attempt of which item this message does not count, although it was charged. If the item came with several messages of the
    /// invocation, the message may be the rest of one that has not called it. So it may if a message of the invocation revives the part,
    /// which sends what others have parked.
    pub(crate) fn forgotten_by(&self, rest: &ChunkMessage) -> Option<String> {
        let (job, part) = (rest.id.job, (rest.id.job, rest.id.part));
        let charged = rest.items.iter().filter_map(|(index, _)| Some((*index, *self.charged.get(&(job, *index))?)));
        let mut less = charged.filter(|(_, charged)| (rest.round, rest.attempt) < *charged);
        let (index, (round, attempt)) = less.find(|(index, _)| self.may_come_of(part, *index) == 1)?;
        Some(format!("attempt {attempt} of item {index} of {job} was charged in round {round}, and is not counted by {rest:?}"))
    }

    /// The round of the job is over: in the next one nothing counts that was charged in it.
    pub(crate) fn forget(&mut self, job: JobId) {
        self.charged.retain(|(charged, _), _| *charged != job);
    }

    /// Of how many messages of the invocation a message with the item may be the rest.
    fn may_come_of(&self, part: PartId, item: u64) -> usize {
        let carries = |message: &Message| match message {
            Message::Chunk(chunk) => chunk.id.job == part.0 && chunk.items.iter().any(|(index, _)| *index == item),
            Message::Revive { .. } => message.part_id() == Some(part),
            Message::Tell { .. } => false,
        };
        self.bodies.iter().filter_map(|body| Message::from_wire(body).ok()).filter(carries).count()
    }
}

#[cfg(test)]
mod tests {
    use headway_core::ChunkId;
    use headway_core::UserId;
    use serde_json::value::RawValue;

    use super::*;

    const JOB: JobId = JobId(uuid::Uuid::nil());

    fn rest(round: u32, attempt: u32, items: &[u64]) -> ChunkMessage {
        ChunkMessage {
            id: ChunkId { job: JOB, part: 0, chunk: 0 },
            chunk_items: 4,
            first_index: 0,
            items: items.iter().map(|index| (*index, RawValue::from_string("1".to_owned()).unwrap())).collect(),
            round,
            attempt,
            hops: 0,
            returns: 0,
            waited: std::time::Duration::ZERO,
            not_before: None,
            nonce: uuid::Uuid::nil(),
            careful: false,
            call_items_max: None,
        }
    }

    fn charges(messages: impl IntoIterator<Item = Message>) -> Charges {
        let delivery = |message: Message| Delivery {
            message_id: String::new(),
            body: message.into_wire().unwrap(),
            receive_count: 1,
            dead_letter: false,
        };
        let mut charges = Charges::of(&messages.into_iter().map(delivery).collect::<Vec<_>>());
        charges.charge(&Item { job_id: JOB, user_id: UserId::new("u").unwrap(), index: 2, attempt: 3, round: 2, ..Item::example(&1) });
        charges
    }

    fn revival(part: u32) -> Message {
        Message::Revive { job: JOB, part, round: 2 }
    }

    /// Would find a rule that excuses too much, or something that is allowed.
    #[test]
    fn a_charge_is_missed_unless_the_message_may_be_the_rest_of_another() {
        let alone = charges([Message::Chunk(rest(1, 1, &[1, 2])), Message::Chunk(rest(2, 2, &[3])), revival(1)]);
        for (round, attempt, items, is_forgotten) in [
            (2, 2, &[2][..], true),
            (2, 0, &[1, 2], true),
            (1, 3, &[2], true),
            (2, 3, &[2], false),
            (2, 4, &[2], false),
            (3, 0, &[2], false),
            (2, 2, &[1, 3], false),
        ] {
            let rest = rest(round, attempt, items);
            assert_eq!(alone.forgotten_by(&rest).is_some(), is_forgotten, "{rest:?}");
        }
        let carries = || Message::Chunk(rest(2, 2, &[1, 2]));
        for other in [carries(), revival(0)] {
            assert_eq!(charges([carries(), other]).forgotten_by(&rest(2, 2, &[2])), None, "it may be of the other message");
        }
        let mut ended = charges([carries()]);
        ended.forget(JOB);
        assert_eq!(ended.forgotten_by(&rest(2, 2, &[2])), None, "the round is over");
    }
}
