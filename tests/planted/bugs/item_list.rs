//! Bugs in the list of all items.

use crate::bug::{Bug, edit};

pub(super) const BUGS: &[Bug] = &[
    Bug {
        name: "page-of-items-begins-after-its-first",
        edits: &[edit(
            "if part.number == from.part { from } else { Position::of_part(part.number) }",
            "if part.number == from.part { Position { index: from.index + u64::from(from.index > 0), ..from } } else { Position::of_part(part.number) }",
        )],
        breaks: "the first item of each further page is left out",
        trap: "a page continues with what the page before had no room for",
    },
    Bug {
        name: "failures-of-an-earlier-round-are-listed",
        edits: &[edit(
            "let has_failed = part.round >= self.job.round && reader.outcome().has(index);",
            "let has_failed = reader.outcome().has(index);",
        )],
        breaks: "an item that a retry runs again is listed as failed, and the job counts it as pending",
        trap: "what failed in an earlier round is pending from the election on",
    },
    Bug {
        name: "chunks-without-rows-have-guessed-places",
        edits: &[edit("clean.iter().sum::<u64>() + others * most == all {", "clean.iter().sum::<u64>() + others * most >= all {")],
        breaks: "items that never ran are listed as processed, in place of others",
        trap: "a part does not say where its chunks are",
    },
    Bug {
        name: "item-list-forgets-used-corrections",
        edits: &[edit(
            "rows.values().flat_map(|row| row.uses(self.job.round)).collect();",
            "rows.values().flat_map(|row| row.uses(row.round)).filter(|_| self.job.round == 1).collect();",
        )],
        breaks: "an item that ran with a new value is listed as if nobody had corrected it",
        trap: "the list says of every item whether it was corrected",
    },
];
