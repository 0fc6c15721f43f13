//! One step: a call of a port, on the rows and the queue, by production's rules. Planted bugs break them here.

use headway_core::job::JobWrite;
use headway_core::ledger::Candidates;
use headway_core::part::{PartWrite, Register};

use crate::ask::{Answer, Ask, Found, Key};
use crate::bounds::Bounds;
use crate::extra::ExtraRow;
use crate::life::{Act, Life};
use crate::local::Node;
use crate::message::{Carried, Chunk, Nonce};
use crate::notices::all_told;
use crate::planted::Planted;
use crate::rows::{FixRow, JobRow, OutcomeRow, PartRow};
use crate::shape::{CHUNKS_MAX, NOW, hour, time};
use crate::world::{MINE, Names, Queued, Read, World};

/// A step of one process.
pub(crate) struct Step<'a> {
    pub(crate) bounds: &'a Bounds,
    /// The process that takes it.
    pub(crate) node: &'a Node,
    /// Its names for nonces.
    pub(crate) names: &'a mut Names,
}

impl Step<'_> {
    /// Does what is asked. If the queue does not accept all messages, only this many are sent.
    pub(crate) fn perform(&mut self, world: &mut World, ask: &Ask, accepted: Option<usize>) -> Answer {
        match ask {
            Ask::Rows(keys) => Read::together(keys.iter().map(|key| self.read(world, *key)).collect()),
            Ask::Create(row) => {
                let fresh = world.rows.job.is_none();
                let top = row.top.filter(|_| !self.is_planted(Planted::CreateReservesNothing));
                world.rows.job.get_or_insert_with(|| JobRow { top, ..row.clone() });
                Answer::Created(fresh)
            }
            Ask::UpdateJob(write) => self.update_job(world, write),
            Ask::PutPart(number, row) => {
                let known = world.rows.parts[usize::from(*number)].get_or_insert_with(|| row.clone());
                Answer::PartPut(Some(known.clone()).filter(|known| known != row))
            }
            Ask::UpdatePart(number, write) => self.update_part(world, *number, write),
            Ask::Outcome(part, chunk) => Answer::Outcome(self.outcome(world, usize::from(*part), usize::from(*chunk))),
            Ask::Outcomes { part, from } => {
                let of = |chunk: u8| Some((chunk, world.rows.outcomes[usize::from(*part)][usize::from(chunk)].clone()?));
                Answer::Outcomes((*from..CHUNKS_MAX as u8).filter_map(of).collect())
            }
            Ask::PutOutcome(part, chunk, row) => self.put_outcome(world, usize::from(*part), usize::from(*chunk), row),
            Ask::Park(chunk) => self.park(world, chunk),
            Ask::Parked(part) => {
                let kept: Vec<Chunk> = world.rows.parked.iter().filter(|kept| kept.part == *part).cloned().collect();
                if self.is_planted(Planted::UnparkBeforeSend) {
                    world.rows.parked.retain(|kept| kept.part != *part);
                }
                Answer::Parked(kept.iter().map(|kept| kept.named(self.name_of(kept.nonce))).collect())
            }
            Ask::Unpark { part, chunk, nonce } => {
                let nonce = self.number(world, *nonce);
                let anywhere = self.is_planted(Planted::OneParkKey);
                world.rows.parked.retain(|kept| (kept.part, kept.chunk) != (*part, *chunk) || (kept.nonce != nonce && !anywhere));
                Answer::Done
            }
            Ask::Candidates(kind, before) => {
                let listed = |job: &JobRow| {
                    let mut real = job.real(&self.bounds.shape);
                    if self.is_planted(Planted::LostNoticesAreNotMissed) {
                        real.labels.callback = None;
                    }
                    let watched = real.is_watched();
                    watched == (*kind == Candidates::Watched) && time(job.place) < *before
                };
                Answer::Candidate(world.rows.job.as_ref().is_some_and(listed))
            }
            Ask::DeletePart(number) => {
                let part = usize::from(*number);
                world.rows.parts[part] = None;
                world.rows.outcomes[part] = Default::default();
                world.rows.fixes[part] = Default::default();
                world.rows.parked.retain(|kept| kept.part != *number);
                world.rows.extras.retain(|row| row.part != *number);
                Answer::Done
            }
            Ask::DeleteJob => {
                world.rows.job = None;
                Answer::Done
            }
            Ask::Send(messages) => {
                for message in messages.iter().take(accepted.unwrap_or(messages.len())) {
                    let nonce = message.chunk().map_or(MINE, |chunk| self.number(world, chunk.nonce));
                    world.queue.push(Queued { carried: message.named(nonce), again: false });
                }
                Answer::Done
            }
            Ask::Fixes { part, from } => {
                let of = |chunk: u8| Some((chunk, world.rows.fixes[usize::from(*part)][usize::from(chunk)].clone()?));
                let unread = self.is_planted(Planted::CorrectionsAreNotRead) && matches!(self.node.life, Life::Work { .. });
                let read = (*from..CHUNKS_MAX as u8).filter_map(of).filter(|_| !unread);
                Answer::Fixes(read.collect())
            }
            Ask::PutFixes(part, chunk, row) => self.put_fixes(world, usize::from(*part), usize::from(*chunk), row),
            Ask::Tell { round, status } => {
                if !world.told.contains(&(*round, *status)) {
                    world.told.push((*round, *status));
                    world.told.sort_by_key(|(round, _)| *round);
                }
                Answer::Done
            }
            Ask::PutExtra(row) => {
                let is_lost = self.is_planted(Planted::AnExtraRowIsLost) && !world.rows.extras.is_empty();
                if !is_lost && !world.rows.extras.contains(row) {
                    world.rows.extras.push(row.clone());
                    world.rows.extras.sort();
                }
                Answer::Done
            }
            Ask::Extra(part, chunk, name) => {
                let named = |row: &&ExtraRow| (row.part, row.chunk, row.name) == (*part, *chunk, *name);
                Answer::Extra(world.rows.extras.iter().find(named).cloned())
            }
            Ask::DeleteExtra(part, chunk, name) => {
                world.rows.extras.retain(|row| (row.part, row.chunk, row.name) != (*part, *chunk, *name));
                Answer::Done
            }
            Ask::Item { .. } | Ask::Items(_) => unreachable!("how items come out is an action of its own"),
        }
    }

    /// One row in its current state.
    pub(crate) fn read(&self, world: &World, key: Key) -> Read {
        match key {
            Key::Job => {
                let mut job = world.rows.job.clone();
                let parked = matches!(self.node.asked_before(), Some(Ask::Park(_)));
                if let Some(job) = job.as_mut().filter(|_| parked && self.is_planted(Planted::ParkWithoutLooking)) {
                    job.paused = true;
                }
                if let Some(job) = job.as_mut().filter(|_| self.is_planted(Planted::MetEndsAreNotAnnounced) && self.node.meets_its_job()) {
                    job.notices = all_told(job, &self.bounds.shape);
                }
                Read::Job(job)
            }
            Key::Part(number) => {
                let row = world.rows.parts.get(usize::from(number)).cloned().flatten();
                let settled = |row: &PartRow| match &self.node.life {
                    Life::Work { message: Carried::Chunk(chunk), .. } => row.register(chunk.chunk.into()).is_some_and(|r| r.is_full()),
                    _ => false,
                };
                Read::Part(number, row.filter(|row| !(self.is_planted(Planted::NoLookWhenSettled) && settled(row))))
            }
        }
    }

    fn is_planted(&self, bug: Planted) -> bool {
        self.bounds.planted == Some(bug)
    }

    /// The world's number for a nonce that the process names.
    fn number(&mut self, world: &World, name: Nonce) -> Nonce {
        if let Some((_, number)) = self.names.iter().find(|(known, _)| *known == name) {
            return *number;
        }
        assert!(name.is_drawn(), "a process speaks of a nonce that it cannot know: {name:?}");
        let mine = self.names.iter().fold(0, |used, (_, number)| used | number.bit());
        let number = world.fresh_nonce(mine);
        self.names.push((name, number));
        number
    }

    /// The process's name for a nonce that it finds.
    fn name_of(&mut self, number: Nonce) -> Nonce {
        if let Some((name, _)) = self.names.iter().find(|(_, known)| *known == number) {
            return *name;
        }
        let found = self.names.iter().filter(|(name, _)| !name.is_drawn()).map(|(name, _)| name.0).max().unwrap_or(0);
        let name = Nonce(found + 1);
        self.names.push((name, number));
        name
    }

    fn update_job(&self, world: &mut World, write: &JobWrite) -> Answer {
        let Some(row) = &world.rows.job else { return Answer::Job(None) };
        let mut job = row.real(&self.bounds.shape);
        let write = &self.with_planted(write, job.round);
        let overlooked = match write {
            JobWrite::Seal { .. } if self.is_planted(Planted::SealWithoutTop) => !job.sealed && !job.abandoned,
            JobWrite::Seal { parts, .. } if self.is_planted(Planted::SealAbandoned) => !job.sealed && job.top_part == parts.checked_sub(1),
            JobWrite::Abandon { .. } if self.is_planted(Planted::AbandonTouched) => job.is_live() && !job.sealed,
            JobWrite::Delete { .. } if self.is_planted(Planted::DeleteOfAnyRound) => true,
            JobWrite::Note { .. } if self.is_planted(Planted::NoteOverOthers) => true,
            JobWrite::Correct { .. } if self.is_planted(Planted::CorrectAfterTheRetry) => true,
            _ => false,
        };
        let ends = matches!(write, JobWrite::End { .. }) && self.is_planted(Planted::NeverEnds);
        if ends || !(write.admitted(&job) || overlooked) {
            return Answer::Job(Some((Found::Refused, row.clone())));
        }
        let (now, kept, notices) = (time(NOW), job.rolled_up.clone(), job.notices.clone());
        write.apply(&mut job, now);
        if matches!(write, JobWrite::Retry { .. }) && self.is_planted(Planted::RetryKeepsRollUps) {
            job.rolled_up = kept;
        }
        if matches!(write, JobWrite::Retry { .. }) && self.is_planted(Planted::RetryForgetsNotices) {
            job.notices = notices;
        }
        let row = JobRow::of(&job, write.place(now).map_or(row.place, hour));
        world.rows.job = Some(row.clone());
        if let (JobWrite::Correct { .. }, Life::Call(Act::Correct(index))) = (write, &self.node.life) {
            world.counted |= 1 << index;
        }
        Answer::Job(Some((Found::Applied, row)))
    }

    /// The write, for whatever round the job is in if that is the planted bug.
    fn with_planted(&self, write: &JobWrite, job_round: u32) -> JobWrite {
        let mut write = write.clone();
        match (&mut write, self.bounds.planted) {
            (JobWrite::RollUp { round, .. }, Some(Planted::RollUpOfAnyRound))
            | (JobWrite::Fail { round, .. }, Some(Planted::FailOfAnyRound)) => *round = job_round,
            _ => {}
        }
        write
    }

    fn update_part(&self, world: &mut World, number: u8, write: &PartWrite) -> Answer {
        let now = time(NOW);
        let place = &mut world.rows.parts[usize::from(number)];
        if place.is_none() && self.is_planted(Planted::UpdateCreates) {
            *place = Some(PartRow { round: 1, sent: false, registers: [0; CHUNKS_MAX], updated: NOW });
        }
        let Some(row) = place else { return Answer::Part(None) };
        let mut part = row.real(&self.bounds.shape, number.into());
        let shown = |chunk: &u16| part.registers.get(chunk).copied();
        let (write, overlooked) = match write {
            PartWrite::Clean { chunk, items } if self.is_planted(Planted::BareAdd) => match shown(chunk) {
                Some(Register::Clean { items: before }) => (PartWrite::Clean { chunk: *chunk, items: before + items }, true),
                _ => (write.clone(), false),
            },
            PartWrite::Clean { chunk, .. } if self.is_planted(Planted::CleanOverOutcome) => {
                (write.clone(), !shown(chunk).is_some_and(|register| register.is_full()))
            }
            PartWrite::Stamp { .. } => (write.clone(), self.is_planted(Planted::StampBlindly)),
            PartWrite::Shadow { chunk, register, waiting_for } if self.is_planted(Planted::HalvesAreAdded) => {
                let register = added(shown(chunk), *register);
                (PartWrite::Shadow { chunk: *chunk, register, waiting_for: waiting_for.clone() }, false)
            }
            _ => (write.clone(), false),
        };
        let not_shown = matches!(write, PartWrite::Shadow { .. })
            && self.is_planted(Planted::ShowOnlyChanges)
            && self.node.is_worker()
            && matches!(self.node.asked_before(), Some(Ask::Outcome(..)));
        if not_shown || !(write.admitted(&part) || overlooked) {
            return Answer::Part(Some((Found::Refused, row.clone())));
        }
        write.apply(&mut part, now);
        *row = PartRow::of(&part);
        Answer::Part(Some((Found::Applied, row.clone())))
    }

    fn outcome(&self, world: &World, part: usize, chunk: usize) -> Option<OutcomeRow> {
        let mut row = world.rows.outcomes[part][chunk].clone()?;
        if matches!(self.node.asked_before(), Some(Ask::PutOutcome(..))) && self.is_planted(Planted::SecondWriterForgetsAll) {
            row.there = Default::default();
        }
        let works = matches!(&self.node.life, Life::Work { message: Carried::Chunk(_), .. });
        let revives = matches!(&self.node.life, Life::Work { message: Carried::Revive { .. }, .. });
        if works && self.is_planted(Planted::OldMessagesRunOldValues) {
            row.fixed = 0;
        }
        if works && self.is_planted(Planted::MergeOldResults) {
            row.again = Default::default();
        }
        if revives && self.is_planted(Planted::ClearOfAnyRound) {
            row.round = 0;
        }
        let sweeps = matches!(self.node.life, Life::Sweep { .. });
        Some(row).filter(|_| !(sweeps && self.is_planted(Planted::NoReconcile)))
    }

    fn put_outcome(&self, world: &mut World, part: usize, chunk: usize, row: &OutcomeRow) -> Answer {
        let place = &mut world.rows.outcomes[part][chunk];
        if place.as_ref() == Some(row) {
            return Answer::OutcomePut(true);
        }
        let next = place.as_ref().map_or(0, |known| known.version) + 1 == row.version;
        let put = next || self.is_planted(Planted::MergeBlindly);
        if put {
            let cleared = row.again_items() & !place.as_ref().map_or(0, OutcomeRow::again_items);
            let cleared = self.bounds.shape.in_job(part, chunk, cleared);
            world.counted &= !cleared;
            world.written &= !cleared;
            *place = Some(row.clone());
        }
        Answer::OutcomePut(put)
    }

    fn put_fixes(&self, world: &mut World, part: usize, chunk: usize, row: &FixRow) -> Answer {
        let place = &mut world.rows.fixes[part][chunk];
        if place.as_ref() == Some(row) {
            return Answer::FixesPut(true);
        }
        let put = place.as_ref().map_or(0, |known| known.version) + 1 == row.version;
        if put {
            world.written |= self.bounds.shape.in_job(part, chunk, row.items);
            *place = Some(row.clone());
        }
        Answer::FixesPut(put)
    }

    fn park(&mut self, world: &mut World, chunk: &Chunk) -> Answer {
        let kept = chunk.named(self.number(world, chunk.nonce));
        let one_key = self.is_planted(Planted::OneParkKey);
        let same_place = |other: &Chunk| (other.part, other.chunk) == (kept.part, kept.chunk) && (one_key || other.nonce == kept.nonce);
        world.rows.parked.retain(|other| !same_place(other));
        world.rows.parked.push(kept);
        Answer::Done
    }
}

/// The register with the counts of the one that is shown added, which is the planted bug.
fn added(shown: Option<Register>, register: Register) -> Register {
    match (shown, register) {
        (Some(Register::Outcome { processed: before, .. }), Register::Outcome { version, full, running, retrying, processed, failed }) => {
            Register::Outcome { version, full, running, retrying, processed: before + processed, failed }
        }
        _ => register,
    }
}
