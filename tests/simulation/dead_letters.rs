//! Which messages became dead letters by faults alone. Headway promises that an item which no worker reaches is given up only after its
//! message came back from the dead letters twenty times. A history may have so many faults.

use std::cell::RefCell;
use std::collections::BTreeMap;

use headway_core::JobId;
use headway_core::chunk::Message;
use headway_core::work::Delivery;

/// A dead letter is sent again so often. Only then are its items failed.
const SENT_AGAIN_MAX: u32 = 20;

/// A message, and how often it had been received.
pub(crate) type Received = (String, u32);

/// What became of messages that no worker finished.
#[derive(Debug, Default)]
pub(crate) struct DeadLetters(RefCell<State>);

#[derive(Debug, Default)]
struct State {
    /// The messages that were received before they were dead letters, and never finished.
    lost: BTreeMap<String, Lost>,
    /// The dead letters with each item.
    dead: BTreeMap<(JobId, u64), Vec<Dead>>,
}

#[derive(Debug, Default)]
struct Lost {
    /// How often a fault ended the worker's work on it.
    by_chance: u32,
    /// How often it had been received the last time.
    received: u32,
}

#[derive(Debug)]
struct Dead {
    message_id: String,
    round: u32,
    /// How often its items had come back from the dead letters.
    hops: u32,
}

impl DeadLetters {
    /// A worker receives these. Returns those that are no dead letters yet.
    pub(crate) fn receives(&self, batch: &[Delivery]) -> Vec<Received> {
        batch.iter().filter(|delivery| delivery.dead_letter).for_each(|delivery| self.note_dead(delivery));
        let alive = batch.iter().filter(|delivery| !delivery.dead_letter);
        alive.map(|delivery| (delivery.message_id.clone(), delivery.receive_count)).collect()
    }

    fn note_dead(&self, delivery: &Delivery) {
        let Ok(Message::Chunk(chunk)) = Message::from_wire(&delivery.body) else { return };
        let State { dead, .. } = &mut *self.0.borrow_mut();
        for (item, _) in &chunk.items {
            let message_id = delivery.message_id.clone();
            dead.entry((chunk.id.job, *item)).or_default().push(Dead { message_id, round: chunk.round, hops: chunk.hops });
        }
    }

    /// A worker does not go on with these, and they were not finished.
    pub(crate) fn are_lost(&self, messages: impl IntoIterator<Item = Received>, by_chance: bool) {
        let State { lost, .. } = &mut *self.0.borrow_mut();
        for (message_id, received) in messages {
            let lost = lost.entry(message_id).or_default();
            lost.by_chance += u32::from(by_chance);
            lost.received = received.max(lost.received);
        }
    }

    /// A worker has finished this message.
    pub(crate) fn is_finished(&self, message_id: &str) {
        self.0.borrow_mut().lost.remove(message_id);
    }

    /// True if the item may be given up although nothing is to be said against it: from this round on it came back from the dead letters
    /// as often as it may, and before each time, and after the last, every receive of a message with it was ended by a fault.
    pub(crate) fn excuse(&self, job: JobId, item: u64, since: u32) -> bool {
        let State { lost, dead } = &*self.0.borrow();
        let by_chance = |dead: &&Dead| lost.get(&dead.message_id).is_some_and(|lost| lost.by_chance >= lost.received);
        let all = || dead.get(&(job, item)).into_iter().flatten().filter(|dead| dead.round >= since).filter(by_chance);
        (0..=SENT_AGAIN_MAX).all(|hops| all().any(|dead| dead.hops == hops))
    }
}

#[cfg(test)]
mod tests {
    use headway_core::ChunkId;
    use headway_core::chunk::ChunkMessage;
    use serde_json::value::RawValue;

    use super::*;

    const RECEIVES: u32 = 3;

    fn dead_letter(job: JobId, hops: u32) -> Delivery {
        let message = ChunkMessage {
            id: ChunkId { job, part: 0, chunk: 0 },
            chunk_items: 2,
            first_index: 0,
            items: vec![(1, RawValue::from_string("1".to_owned()).unwrap())],
            round: 1,
            attempt: 0,
            hops,
            returns: hops,
            waited: std::time::Duration::ZERO,
            not_before: None,
            nonce: uuid::Uuid::nil(),
            careful: hops > 0,
            call_items_max: None,
        };
        let body = Message::Chunk(message).into_wire().unwrap();
        Delivery { message_id: hops.to_string(), body, receive_count: 1, dead_letter: true }
    }

    /// Whether an item is excused whose messages each came to this end in all their receives.
    fn is_excused(since: u32, end: impl Fn(&DeadLetters, u32, Received)) -> bool {
        let (letters, job) = (DeadLetters::default(), JobId(uuid::Uuid::nil()));
        for hops in 0..=SENT_AGAIN_MAX {
            (1..=RECEIVES).for_each(|received| end(&letters, hops, (hops.to_string(), received)));
            letters.receives(&[dead_letter(job, hops)]);
        }
        assert!(!letters.excuse(job, 0, since), "an item that is in no message");
        letters.excuse(job, 1, since)
    }

    /// Would find a buried neighbour that is excused although it was buried too early, or for what other items did.
    #[test]
    fn an_item_is_excused_only_if_a_fault_ended_every_receive_of_every_message() {
        assert!(is_excused(1, |letters, _, message| letters.are_lost([message], true)));
        assert!(!is_excused(2, |letters, _, message| letters.are_lost([message], true)), "in an earlier round");
        for hops in [0, 7, SENT_AGAIN_MAX] {
            for received in 1..=RECEIVES {
                let at = |number: u32, message: &Received| number == hops && message.1 == received;
                let killed = |letters: &DeadLetters, number, message: Received| letters.are_lost([message.clone()], !at(number, &message));
                assert!(!is_excused(1, killed), "an item killed the worker at {received} of {hops}");
                let finished = |letters: &DeadLetters, number, message: Received| match at(number, &message) {
                    true => letters.is_finished(&message.0),
                    false => letters.are_lost([message], true),
                };
                assert!(!is_excused(1, finished), "a worker finished it at {received} of {hops}");
            }
            let early = |letters: &DeadLetters, number, message: Received| {
                if number != hops {
                    letters.are_lost([message], true);
                }
            };
            assert!(!is_excused(1, early), "nobody received {hops}");
        }
    }
}
