//! Messages that are received again and meet a job that has ended: whoever ended it may have died before it asked anybody to tell
//! that. So nobody may be done with such a message before this is asked for.

use headway_core::JobId;
use headway_core::chunk::Message;
use headway_core::job::NoticeKind;
use headway_core::work::Delivery;

use super::invariant::{Invariant, Violation};
use super::world::World;

/// A notice that nobody had tried to tell when this message was received.
pub(crate) struct Untold {
    message_id: String,
    notice: (JobId, u32, NoticeKind),
}

impl World {
    /// What nobody has tried to tell of the ended jobs of these messages, of those that were received before.
    pub(crate) async fn untold_of(&self, batch: &[Delivery]) -> Vec<Untold> {
        let mut all = Vec::new();
        if !self.plan.tells() {
            return all;
        }
        for delivery in batch.iter().filter(|delivery| delivery.was_received_before()) {
            let part = Message::from_wire(&delivery.body).ok().and_then(|message| message.part_id());
            let Some((job, _)) = part else { continue };
            let untold = self.untried(job).await.into_iter();
            all.extend(untold.map(|notice| Untold { message_id: delivery.message_id.clone(), notice }));
        }
        all
    }

    /// The worker is done with this message.
    pub(crate) async fn has_asked(&self, message_id: &str, untold: &[Untold]) {
        for Untold { notice, .. } in untold.iter().filter(|untold| untold.message_id == message_id) {
            let (job, round, kind) = *notice;
            if !self.untried(job).await.contains(notice) {
                continue;
            }
            if self.faults.was_asked_to_tell(*notice) {
                self.faults.saw("notice: asked for after its end");
                continue;
            }
            let what = format!("a message of the ended job {job} is done, and nobody was asked to tell {kind:?} of round {round}");
            self.faults.violated(Violation::new(Invariant::EndsAreTold, what));
        }
    }

    async fn untried(&self, job: JobId) -> Vec<(JobId, u32, NoticeKind)> {
        let due =
            self.of_row(job, |row| if row.is_terminal() { row.due_notices() } else { Vec::new() }).await.unwrap_or_default().into_iter();
        due.filter(|notice| notice.tries == 0).map(|notice| (job, notice.round, notice.kind)).collect()
    }
}
