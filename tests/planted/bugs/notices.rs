//! Bugs in notices of starts and ends.

use crate::bug::{Bug, edit};

pub(super) const BUGS: &[Bug] = &[
    Bug {
        name: "told-before-the-end-is-durable",
        edits: &[edit(
            "self.is_terminal().then(|| self.completed_at.unwrap_or(self.updated_at))?",
            "self.completed_at.unwrap_or(self.updated_at)",
        )],
        breaks: "a job that has not ended owes a notice",
        trap: "the write that ends a round makes its notice due",
    },
    Bug {
        name: "notice-id-changes-between-tries",
        edits: &[edit("id: due.kind.id(job.id, due.round)", "id: due.kind.id(job.id, due.round + 1_000 * due.tries)")],
        breaks: "a receiver takes the second try for another notice",
        trap: "the id is the same at every try",
    },
    Bug {
        name: "told-after-deletion",
        edits: &[
            edit("if self.deleting { Vec::new() } else { self.untold() }", "self.untold()"),
            edit(
                "self.app.ledger.job(id).await?.filter(|job| !job.is_gone(self.app.clock.now()));\n        Ok(job.and_then(",
                "self.app.ledger.job(id).await?;\n        Ok(job.and_then(",
            ),
        ],
        breaks: "a notice that waits for its next try outlives its job",
        trap: "nothing is told of a deleted job",
    },
    Bug {
        name: "deletion-forgets-who-tells-once-more",
        edits: &[edit("notice.next_at > now - TOLD_LATELY)", "notice.next_at > now + TOLD_LATELY * 1_000)")],
        breaks: "of two workers that tell the same end one records it, the deletion is answered, and then the other tells it",
        trap: "nothing is told of a deleted job",
    },
    Bug {
        name: "retry-cancels-a-due-notice",
        edits: &[edit(
            "self.due_notices().into_iter().filter(|notice| notice.round == self.round)",
            "self.due_notices().into_iter().filter(|notice| notice.round == self.round && notice.tries > 1_000)",
        )],
        breaks: "the end of a round that was retried before its notice was delivered is never told",
        trap: "both rounds are told, each with its own id",
    },
    Bug {
        name: "left-round-knows-the-rounds-after-it",
        edits: &[edit("retain(|counts| counts.round < notice.round)", "retain(|counts| counts.round < notice.round + 1_000)")],
        breaks: "a notice of a round that was left lists its own round a second time",
        trap: "both rounds are told, each as it ended",
    },
    Bug {
        name: "left-round-forgets-the-rounds-before-it",
        edits: &[edit("counts.is_shown_in(next) || notices.show(counts)", "counts.is_shown_in(next)")],
        breaks: "a notice of a round that was left long ago lists fewer rounds than at the try before, or none",
        trap: "a round that a notice shows is kept as long as the notice waits",
    },
    Bug {
        name: "lost-notice-is-not-missed",
        edits: &[edit("notice.next_at + OVERDUE_AFTER <= now", "notice.next_at + OVERDUE_AFTER * 100_000 <= now")],
        breaks: "a job whose worker died between its end and the message is never told",
        trap: "the sweep finds what is due and whose message was lost",
    },
    Bug {
        name: "met-end-is-not-announced",
        edits: &[edit("job.is_terminal() || was_received_before) else", "job.is_terminal() && !was_received_before) else")],
        breaks: "a worker that dies between an end and its message leaves the notice to the sweep",
        trap: "a message that meets an ended job makes its worker ask for the notice",
    },
    Bug {
        name: "notice-is-given-up-early",
        edits: &[edit("TRY_AGAIN_AFTER.get(self.tries as usize)", "TRY_AGAIN_AFTER.get(self.tries as usize + 4)")],
        breaks: "an endpoint that accepts the fourth try is not told",
        trap: "each end is told while its endpoint answers within the schedule",
    },
    Bug {
        name: "event-counts-as-sent-before-it-is",
        edits: &[edit(
            "        let least = limit.saturating_sub(PREPARED_WITHIN);",
            "        let least = limit.saturating_sub(PREPARED_WITHIN);
        if notice.kind != crate::job::NoticeKind::Callback && notice.tries > 0 {
            let told = notice.clone().after(&SendResult::Delivered, self.app.clock.now());
            self.patiently(invocation, || self.record_told(&job, &told)).await?;
            let _sent = self.app.notices.send(&notice_of(job.clone(), &notice)).await;
            return Ok(());
        }",
        )],
        breaks: "an event that is refused once more, or whose worker dies, is never put on the bus",
        trap: "a try is recorded after its answer",
    },
    Bug {
        name: "callback-and-event-are-one-notice",
        edits: &[edit(
            "self.round == round && self.kind == kind",
            "self.round == round && (self.kind == kind || (self.kind.is_end() && kind.is_end()))",
        )],
        breaks: "once the endpoint has been told of an end, no event of it is put on the bus, or the other way round",
        trap: "a round has a notice of each kind, with a record of its own",
    },
    Bug {
        name: "start-of-a-retry-is-not-recorded",
        edits: &[edit(
            "filter(|kind| !kind.is_end() && self.tells_of(**kind))",
            "filter(|kind| !kind.is_end() && self.tells_of(**kind) && self.round > 1)",
        )],
        breaks: "there is no event of the start of the second round",
        trap: "the write that starts a round makes its notice due",
    },
    Bug {
        name: "start-is-told-before-it-is-durable",
        edits: &[edit(
            "self.started_at.filter(|_| self.round == 1)?",
            "self.started_at.or(Some(self.created_at)).filter(|_| self.round == 1)?",
        )],
        breaks: "a job of which no item has begun owes an event of its start",
        trap: "the write that starts a round makes its notice due",
    },
    Bug {
        name: "row-that-came-late-tells-nothing",
        edits: &[edit(
            "leases.get(&id)?.job.as_ref().filter(|job| job.tells()).cloned()",
            "leases.get(&id).filter(|lease| lease.read.elapsed() < LEASE)?.job.as_ref().filter(|job| job.tells()).cloned()",
        )],
        breaks: "if the read of an ended job takes long, nobody is asked to tell its end",
        trap: "a row that is too old for a begin still says what is due",
    },
];
