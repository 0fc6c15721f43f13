//! Bugs in corrections of failed items.

use crate::bug::{Bug, edit};

pub(super) const BUGS: &[Bug] = &[
    Bug {
        name: "corrections-of-any-round",
        edits: &[edit(
            "let corrections = corrections.filter(|corrections| corrections.round >= self.round);",
            "let corrections = corrections.filter(|corrections| corrections.round <= round);",
        )],
        breaks: "an item that failed again with its new value, and was not corrected since, runs with the value of a round before",
        trap: "a correction is for one retry",
    },
    Bug {
        name: "corrections-are-not-read",
        edits: &[edit(
            "let corrections = self.app.ledger.all_corrections((part.job, part.number)).await?;",
            "let corrections = self.app.ledger.all_corrections((part.job, part.number + 1)).await?;",
        )],
        breaks: "a retry runs the values that failed",
        trap: "a retry runs what was corrected before it",
    },
    Bug {
        name: "old-messages-run-old-values",
        edits: &[edit("    again.map_or(sent, |again| &again.item).to_owned()", "    again.map_or(sent, |_| sent).to_owned()")],
        breaks: "a message from before the retry, delivered again, settles its items with the values that failed",
        trap: "a retry runs what was corrected before it, whatever is delivered twice",
    },
    Bug {
        name: "what-succeeded-is-corrected",
        edits: &[edit(
            "let failed = values.iter().filter(|(index, _)| all.contains(index));",
            "let failed = values.iter().filter(|(index, _)| outcome.has(*index));",
        )],
        breaks: "an item that succeeded is accepted for correction",
        trap: "only failed items are corrected",
    },
    Bug {
        name: "corrected-items-that-succeeded-run-again",
        edits: &[
            edit(
                "        for (index, failure) in std::mem::take(&mut self.failures) {
            let item = corrected(&index).unwrap_or(failure.item);
            self.again.insert(index, Again { round, item });
        }",
                "        for (index, failure) in std::mem::take(&mut self.failures) {
            let item = corrected(&index).unwrap_or(failure.item);
            self.again.insert(index, Again { round, item });
        }
        for (index, item) in corrections.into_iter().flat_map(|corrections| &corrections.values) {
            self.again.insert(*index, Again { round, item: item.clone() });
        }",
            ),
            edit(
                "let failed = values.iter().filter(|(index, _)| all.contains(index));",
                "let failed = values.iter().filter(|(index, _)| outcome.has(*index));",
            ),
        ],
        breaks: "an item that succeeded runs again with a new value",
        trap: "an item that succeeded is never run again by a correction",
    },
    Bug {
        name: "corrected-after-the-retry",
        edits: &[
            edit(
                "        if let Some(refusal) = refusal(&row, job.round) {
            count_late(app, row, job.round).await?;
            return Err(refusal.into());
        }
",
                "",
            ),
            edit(
                "ended && !job.deleting && job.round == round && job.corrected == *read",
                "(ended || job.round != round) && !job.deleting && job.corrected == *read",
            ),
        ],
        breaks: "a correction is acknowledged although the retry did not use it",
        trap: "what is acknowledged is used",
    },
    Bug {
        name: "corrected-while-the-round-is-left",
        edits: &[edit(" && job.corrected == *corrected", "")],
        breaks: "what was corrected between a retry's reading and its write is used, and its round does not count it",
        trap: "what is kept of a round was read after its last correction",
    },
    Bug {
        name: "used-without-being-counted",
        edits: &[edit("            count_late(app, row, job.round).await?;\n", "")],
        breaks: "values that were written while a retry left their round are used, and the round does not count them",
        trap: "whoever comes too late with a count mends it",
    },
];
