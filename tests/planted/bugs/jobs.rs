//! Bugs in a job as a whole: leases, ends, deletion and the sweep.

use crate::bug::{Bug, edit};

pub(super) const BUGS: &[Bug] = &[
    Bug {
        name: "job-row-deleted-first",
        edits: &[edit(
            "        for part in 0..job.top_part.map_or(0, |top| top + 1) {
            while !self.ledger.delete_part((job.id, part)).await? {}
        }
        self.ledger.delete_job(job).await",
            "        self.ledger.delete_job(job).await?;
        for part in 0..job.top_part.map_or(0, |top| top + 1) {
            while !self.ledger.delete_part((job.id, part)).await? {}
        }
        Ok(())",
        )],
        breaks: "a sweep that dies in between leaves part rows for ever",
        trap: "job row last",
    },
    Bug {
        name: "rows-deleted-as-soon-as-forgotten",
        edits: &[edit(
            "if gone_since.is_none_or(|since| since >= now - DELETE_AFTER_GONE) {",
            "if gone_since.is_none_or(|since| since > now + DELETE_AFTER_GONE) {",
        )],
        breaks: "a worker that read the job before keeps a message of it afterwards: a row nobody deletes",
        trap: "delete job; late duplicate brings a ghost row",
    },
    Bug {
        name: "retry-of-a-job-that-is-being-deleted",
        edits: &[edit("ended && job.round == round && !job.deleting", "ended && job.round == round")],
        breaks: "a job that was forgotten runs again",
        trap: "ELECT needs no deleting",
    },
    Bug {
        name: "lease-not-looked-at",
        edits: &[edit("let lease = leases.get(&id).filter(|lease| lease.read.elapsed() < LEASE)?;", "let lease = leases.get(&id)?;")],
        breaks: "items begin long after their job was cancelled",
        trap: "after a cancel is acknowledged no item begins",
    },
    Bug {
        name: "lease-from-the-end-of-the-read",
        edits: &[edit(
            "        let read = Instant::now();
        let job = app.ledger.job(id).await?;",
            "        let job = app.ledger.job(id).await?;
        let read = Instant::now();",
        )],
        breaks: "a slow read lets items begin after the cancel was acknowledged",
        trap: "within one second of the start of a consistent read",
    },
    Bug {
        name: "cancel-answers-at-once",
        edits: &[edit(
            "    // Wait also if another request has cancelled the job: its wait may not be over, and its machine's clock may differ.\n    crate::time::sleep(HELD_ANSWERS_AFTER).await;",
            "    let _ = HELD_ANSWERS_AFTER;",
        )],
        breaks: "an item begins on a lease that is older than the cancel",
        trap: "cancel answers a little more than a second after its write",
    },
    Bug {
        name: "pause-answers-at-once",
        edits: &[edit(
            "    // Wait also if another request has paused the job: its wait may not be over.\n    crate::time::sleep(HELD_ANSWERS_AFTER).await;",
            "    let _ = HELD_ANSWERS_AFTER;",
        )],
        breaks: "an item begins on a lease that is older than the pause",
        trap: "pause answers a little more than a second after its write",
    },
    Bug {
        name: "threshold-without-the-rolled-up-parts",
        edits: &[edit(
            "    let failed = job.rolled_up.failed + own.failed;
    let handled = job.rolled_up.processed",
            "    let failed = own.failed;
    let handled = job.rolled_up.processed",
        )],
        breaks: "a job completes with more failures than it bears, spread over its parts",
        trap: "threshold across parts, exact at the end",
    },
    Bug {
        name: "end-without-a-look-at-the-threshold",
        edits: &[edit(
            "    if exceeded(&job, Counts::default()) {
        return fail(app, &job, None).await;
    }
",
            "",
        )],
        breaks: "two parts that together fail too much complete the job",
        trap: "threshold across parts, exact at the end",
    },
    Bug {
        name: "sweep-abandons-what-is-alive",
        edits: &[
            edit("let exact = job.clone().count(parts);", "let exact = Job { updated_at: job.created_at, ..job.clone().count(parts) };"),
            edit(
                "Self::Abandon { untouched_since } => job.is_live() && !job.sealed && job.updated_at < untouched_since,",
                "Self::Abandon { .. } => job.is_live() && !job.sealed,",
            ),
        ],
        breaks: "a submission that is still going on is ended",
        trap: "the sweep never touches a live job",
    },
    Bug {
        name: "sweep-does-not-bring-parts-to-their-round",
        edits: &[edit("    send_revivals(app, &job, revived, Duration::ZERO).await?;\n", "    drop(revived);\n")],
        breaks: "a retry or resume whose requests died before its messages were sent never continues",
        trap: "ELECT, some revives sent: sweep",
    },
    Bug {
        name: "sweep-forgets-parts-that-are-full",
        edits: &[edit(
            "part.round < job.round || (!part.is_full() && part.updated_at < now - time(STANDS_STILL_AFTER))",
            "!part.is_full() && (part.round < job.round || part.updated_at < now - time(STANDS_STILL_AFTER))",
        )],
        breaks: "a full part whose revival was lost stays in its old round, and the job never ends",
        trap: "ELECT, some revives sent: sweep",
    },
    Bug {
        name: "sweep-does-not-look-upward-from-the-job",
        edits: &[edit("    look_upward_from_job(app, job).await?;\n", "    let _ = look_upward_from_job;\n")],
        breaks: "a job whose api died between the seal and its look upward never ends",
        trap: "SEAL lands, API dies before looking upward",
    },
    Bug {
        name: "cancel-of-an-ended-job",
        edits: &[edit("Self::Cancel => job.is_live(),", "Self::Cancel => !job.deleting,")],
        breaks: "a job that has completed becomes cancelled",
        trap: "one of two conditional writes wins",
    },
    Bug {
        name: "list-counts-few-parts-of-ended-jobs",
        edits: &[edit("job.is_terminal() || parts.len() <= PARTS_PER_LISTED_JOB_MAX", "parts.len() <= PARTS_PER_LISTED_JOB_MAX")],
        breaks: "an ended job with many unfinished parts is listed for ever without what they counted",
        trap: "counts, lists, and the counts recomputed from the rows agree",
    },
];
