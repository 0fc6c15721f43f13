//! Bugs in the rounds of a job: roll-up, retry and clearing.

use crate::bug::{Bug, edit};

pub(super) const BUGS: &[Bug] = &[
    Bug {
        name: "roll-up-without-round",
        edits: &[edit(
            "!job.deleting && job.round == round && !job.rolled_up.parts.contains(&part)",
            "!job.deleting && job.round >= round && !job.rolled_up.parts.contains(&part)",
        )],
        breaks: "a late roll-up of the round before counts failures that run again",
        trap: "straggler rolls the part up after the retry took it back",
    },
    Bug {
        name: "end-whatever-is-rolled-up",
        edits: &[edit(
            "Self::End { round, .. } => in_round(round) && job.sealed && job.rolled_up.parts.len() == job.parts as usize,",
            "Self::End { .. } => job.is_live() && job.sealed,",
        )],
        breaks: "a late end of the round before ends the next one before it ran",
        trap: "End names neither the round nor what has to be rolled up",
    },
    Bug {
        name: "fail-without-round",
        edits: &[edit("Self::Fail { round, .. } => in_round(round),", "Self::Fail { .. } => job.is_live(),")],
        breaks: "a late failure of the round before fails the next one for nothing",
        trap: "Fail does not name the round",
    },
    Bug {
        name: "part-of-an-older-round-looks-upward",
        edits: &[
            edit("if part.round != job.round || job.deleting {", "if job.deleting {"),
            edit("roll_up(app, part.round, part)", "roll_up(app, job.round, part)"),
        ],
        breaks: "a part that no worker has brought to the round is rolled up with its old failures",
        trap: "a part of an older round says nothing upward",
    },
    Bug {
        name: "roll-up-kept-by-retry",
        edits: &[edit("    job.rolled_up = RolledUp::default();\n", "")],
        breaks: "failures that run again stay counted",
        trap: "retry drops all roll-ups in its election write",
    },
    Bug {
        name: "clear-without-round",
        edits: &[edit(
            "        if self.round >= round {\n            return false;\n        }\n",
            "        if self.failures.is_empty() {\n            return false;\n        }\n",
        )],
        breaks: "a second, delayed driver clears a failure of the new round",
        trap: "clear has no round",
    },
    Bug {
        name: "result-older-than-the-clear",
        edits: &[edit("let stale = self.runs_again_in(index).is_some_and(|round| round > round_begun);", "let stale = false;")],
        breaks: "an item fails in round 2 by a result of round 1, without being tried again",
        trap: "result older than the clear",
    },
    Bug {
        name: "stamp-without-comparing-registers",
        edits: &[edit(
            "Self::Stamp { from_round, from, .. } => part.round == *from_round && part.registers == *from,",
            "Self::Stamp { from_round, .. } => part.round == *from_round,",
        )],
        breaks: "what was settled between the driver's read and its stamp is lost",
        trap: "STAMP compares the whole map",
    },
    Bug {
        name: "part-that-stands-still-sends-nothing",
        edits: &[edit(
            "        let all = was_received_before || self.stands_still(&job, &part);\n",
            "        let all = was_received_before;\n",
        )],
        breaks: "messages of items that run again are lost, and nobody sends them once more",
        trap: "a part that has stood still sends all that is not recorded",
    },
    Bug {
        name: "cleared-items-never-sent",
        edits: &[edit("        if all || is_first {\n", "        if false {\n")],
        breaks: "items to be run again lie in their row for ever",
        trap: "`again` is the memory",
    },
    Bug {
        name: "failures-of-a-left-round-stay-counted",
        edits: &[edit("failed: if self.round < round { 0 } else { failed }", "failed: if self.round > round { 0 } else { failed }")],
        breaks: "failures fall when a worker brings the part to the round",
        trap: "what failed in an earlier round is pending from the election on",
    },
    Bug {
        name: "retry-of-a-row-from-before-the-end",
        edits: &[edit("let written = match change.admitted(&known) {", "let written = match true {")],
        breaks: "a round that ends between a retry's reading and its write is left without its notice",
        trap: "what is kept of a round was read after its end",
    },
    Bug {
        name: "part-comes-to-its-round-after-the-end",
        edits: &[edit(
            "self.in_time(id.0, || self.app.jobs.update_progress(id, &stamp)).await?;",
            "Some(self.app.jobs.update_progress(id, &stamp).await?);",
        )],
        breaks: "a slow worker brings a part to the round of a job that was shown as settled, and a late failure is counted",
        trap: "after the end nothing is written that no reader knows to be coming",
    },
];
