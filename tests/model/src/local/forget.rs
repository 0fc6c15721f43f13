//! What a process does not look at any more: two that differ in nothing else are one, or there would be a hundred times
//! the states. Each case names the production code that makes it so.

use headway_core::job::JobWrite;

use super::{Heard, Node, digest};
use crate::ask::{Answer, Ask, Fate, Key};
use crate::life::{Act, Life};
use crate::message::Carried;

impl Node {
    /// The digest of what it goes on from, where that is less than all it has heard.
    pub(super) fn digest_of_use(&self) -> Option<u64> {
        let Heard { part, outcome, extras, slow, .. } = &self.heard;
        match (&self.life, self.asks()?) {
            // `look_upward(app, part)`, after which the message is done; in `Worker::run` it is patient.
            (Life::Work { message, dead_letter, .. }, Ask::Rows(keys)) if self.looks_upward(keys) => {
                let patient = self.heard.worked && !dead_letter && message.chunk().is_some();
                (!slow).then(|| digest(&("upward", message, patient, self.heard.parked, part)))
            }
            // `Worker::revive` once the part is in the round: each of its steps looks at what is there then. Which items it sends follows
            // from its delivery, and from whether it has stamped the part.
            (Life::Work { message: Carried::Revive { .. }, .. }, Ask::Outcomes { from, .. }) => {
                let Heard { last_job, stamped, .. } = &self.heard;
                Some(digest(&("again", &self.life, last_job, stamped, from)))
            }
            (Life::Work { message: Carried::Revive { .. }, .. }, Ask::Rows(keys)) if self.heard.read_again => {
                Some(digest(&("parked", self.message(), keys)))
            }
            // `Worker::run` with the first result: it will be settled, so the part as it was is of no use but for its round.
            (Life::Work { message: Carried::Chunk(chunk), .. }, _) => {
                let Some(Answer::Fate(fate)) = &self.answer else { return None };
                let first = self.heard.fates == 1 && !slow && *fate != Fate::FailsForNow;
                let register = part.as_ref().map(|part| part.registers[usize::from(chunk.chunk)]);
                first.then(|| digest(&("working", &self.life, self.heard.round_begun, self.heard.parked, register, outcome, extras, fate)))
            }
            // `sweep::look_at` once it has looked upward from the parts: it goes on from what it read first.
            (Life::Sweep { .. }, Ask::Send(messages)) if !messages.iter().any(Carried::tells) => {
                Some(digest(&("reviving", &self.life, &self.heard.job, messages)))
            }
            (Life::Sweep { .. }, Ask::UpdateJob(JobWrite::Reconcile { round, expires_at, read, late_results_at, owes })) => {
                Some(digest(&("reconciling", &self.life, round, expires_at, read.to_json(), late_results_at, owes)))
            }
            // All that is left of an act is what it sends.
            (Life::Call(act), Ask::Send(messages)) if act.reads_the_round_only() => Some(digest(&("sending", act, messages))),
            _ => None,
        }
    }

    /// Whether it will never again speak of a nonce but its own message's.
    pub(crate) fn forgets_nonces(&self) -> bool {
        match (self.message(), self.asks()) {
            // `Worker::keep` forgets under the nonce that it kept under; nothing else looks back.
            (Some(Carried::Chunk(_)), Some(Ask::Rows(keys))) => {
                keys[..] == [Key::Job] && !self.reads_whether_it_stands(keys) && !self.heard.slow
            }
            (Some(Carried::Revive { .. }), Some(Ask::Rows(_))) => true,
            _ => false,
        }
    }

    /// The answer without the parts that the use-case does not use. If no endpoint is told of ends, that is more: if a job is read
    /// only to find out whether it is live, nothing else of it is kept. Reads for looking upward are kept complete.
    pub(super) fn of_use(&self, answer: Answer, tells: bool) -> Answer {
        match (&self.life, self.asks(), answer) {
            // A revival reads its part again.
            (Life::Work { message: Carried::Revive { .. }, .. }, Some(Ask::Rows(keys)), Answer::Rows(Some(job), _)) if keys.len() == 2 => {
                Answer::Rows(Some(job.whether_it_stands()), Vec::new())
            }
            // `Worker::read` and `Worker::begin`, for `Worker::chunk`; `Leases::read` before and after parking; in `Worker::revive`.
            (Life::Work { .. }, Some(Ask::Rows(keys)), Answer::Rows(Some(job), parts)) if self.reads_whether_it_stands(keys) => {
                Answer::Rows(Some(job.whether_it_stands()), parts)
            }
            (Life::Work { .. }, Some(Ask::UpdateJob(JobWrite::Begin)), Answer::Job(Some((found, job)))) => {
                Answer::Job(Some((found, job.whether_it_stands())))
            }
            // `retry::retry` looks whether the round has ended, and sends to parts if another call has begun the next one already. Its counts
            // are not in the model.
            (Life::Call(Act::Retry(_)), Some(Ask::Rows(_)), Answer::Rows(job, _)) if !tells => {
                Answer::Rows(job.map(|job| job.without_times()), Vec::new())
            }
            // What the api reads before it writes: only the round matters.
            (Life::Call(act), Some(Ask::Rows(_)), Answer::Rows(Some(job), _)) if act.reads_the_round_only() && !tells => {
                Answer::Rows(Some(job.whether_it_stands()), Vec::new())
            }
            (_, _, answer) => answer,
        }
    }

    /// A worker of items or of a revival reads the job to look upward.
    fn looks_upward(&self, keys: &[Key]) -> bool {
        keys[..] == [Key::Job] && !matches!(self.message(), Some(Carried::Tell { .. })) && !self.reads_whether_it_stands(keys)
    }

    fn reads_whether_it_stands(&self, keys: &[Key]) -> bool {
        let Life::Work { message, .. } = &self.life else { return false };
        match (message, self.asked_before()) {
            (Carried::Chunk(_), Some(Ask::Park(_))) => true,
            (Carried::Chunk(_), _) => keys.len() == 2,
            (Carried::Tell { .. }, _) => false,
            // The last thing a revival does is to look upward from the part it has read for that.
            (Carried::Revive { .. }, before) => {
                !(self.heard.parts_read > 1 && matches!(before, Some(Ask::Rows(keys)) if matches!(keys[..], [Key::Part(_)])))
            }
        }
    }
}
