//! Bugs in registers, outcome rows and extra rows, and when a job counts as settled.

use crate::bug::{Bug, edit};

pub(super) const BUGS: &[Bug] = &[
    Bug {
        name: "bare-add-in-the-roll-up",
        edits: &[edit(
            "Self::RollUp { round, part, .. } => !job.deleting && job.round == round && !job.rolled_up.parts.contains(&part),",
            "Self::RollUp { round, .. } => !job.deleting && job.round == round,",
        )],
        breaks: "a part rolled up by two deliveries is counted twice",
        trap: "never a bare ADD",
    },
    Bug {
        name: "bare-add-in-a-register",
        edits: &[edit(
            "            Self::Shadow { chunk, register, waiting_for } => {
                part.registers.insert(*chunk, *register);",
            "            Self::Shadow { chunk, register, waiting_for } => {
                let (old, new) = (part.registers.get(chunk).map_or(Counts::default(), |old| old.counts()), register.counts());
                let (version, full) = (register.code() / 10_000_000_000, register.is_full());
                let (processed, failed) = ((old.processed + new.processed) as u16, (old.failed + new.failed) as u16);
                part.registers.insert(*chunk, Register::at_rest(version, full, processed, failed));",
        )],
        breaks: "a chunk that is shown in steps counts its first items again",
        trap: "never a bare ADD",
    },
    Bug {
        name: "register-that-falls",
        edits: &[edit(
            "part.registers.get(chunk).is_none_or(|shown| (OUTCOME_CODE_MIN..register.code()).contains(&shown.code()))",
            "part.registers.get(chunk).is_none_or(|shown| shown.code() != register.code())",
        )],
        breaks: "a late delivery shows an older version, and counts fall",
        trap: "a register only ever rises",
    },
    Bug {
        name: "outcome-row-after-the-register",
        edits: &[edit(
            "        if put_next(app, &before, &mut outcome).await? {
            return Ok(outcome);",
            "        show(app, &Outcome { version: outcome.version + 1, ..outcome.clone() }).await?;
        if put_next(app, &before, &mut outcome).await? {
            return Ok(outcome);",
        )],
        breaks: "a register shows what no row holds when the worker dies in between, or another merges first",
        trap: "outcome after settle",
    },
    Bug {
        name: "clean-settle-over-an-outcome-row",
        edits: &[edit(
            "Self::Clean { chunk, .. } => !part.registers.contains_key(chunk),",
            "Self::Clean { chunk, .. } => !matches!(part.registers.get(chunk), Some(Register::Clean { .. })),",
        )],
        breaks: "a duplicate that succeeds wipes a recorded failure out of the counts",
        trap: "clean settle and OUT do not exclude each other",
    },
    Bug {
        name: "clean-settle-of-what-was-merged",
        edits: &[
            edit(
                "        !self.merged
            && self.change.is_nothing()
            && self.results.len()",
                "        self.results.len()",
            ),
            edit(
                "Self::Clean { chunk, .. } => !part.registers.contains_key(chunk),",
                "Self::Clean { chunk, .. } => !part.registers.get(chunk).is_some_and(|register| register.is_full()),",
            ),
        ],
        breaks: "what a checkpoint recorded is counted over by the clean end of another delivery",
        trap: "clean settle and OUT do not exclude each other",
    },
    Bug {
        name: "first-record-is-not-kept",
        edits: &[
            edit(
                "if stale || foreign || self.has(index) {",
                "if stale || foreign || (self.has(index) && self.failures.contains_key(&index)) {",
            ),
            edit(
                "            ItemResult::Failed(failure) => {
                self.failures.insert(index, failure);",
                "            ItemResult::Failed(failure) => {
                self.processed.retain(|processed| *processed != index);
                self.failures.insert(index, failure);",
            ),
        ],
        breaks: "an item that was counted as processed is counted as failed by a duplicate",
        trap: "merged by version, final per item",
    },
    Bug {
        name: "merge-that-is-not-conditional",
        edits: &[edit(
            "let next = known.map_or(0, |known| known.version) + 1 == outcome.version;",
            "let next = known.map_or(0, |known| known.version) <= outcome.version;",
        )],
        breaks: "two workers that merge at once lose each other's records",
        trap: "one row per chunk, merged by version CAS",
    },
    Bug {
        name: "outcome-row-before-its-extra-rows",
        edits: &[edit(
            "    stream::iter(puts).buffer_unordered(WRITES_AT_ONCE).try_collect::<()>().await?;
    if app.ledger.put_outcome(outcome).await? {",
            "    if app.ledger.put_outcome(outcome).await? {
        stream::iter(puts).buffer_unordered(WRITES_AT_ONCE).try_collect::<()>().await?;",
        )],
        breaks: "an outcome is settled whose worker died before it had written all extra rows",
        trap: "settled before all rows are there",
    },
    Bug {
        name: "extra-rows-forgotten-before-the-outcome-row",
        edits: &[edit(
            "    if app.ledger.put_outcome(outcome).await? {
        forget(",
            "    forget(app, outcome.id, before.difference(&outcome.extra_rows())).await;
    if app.ledger.put_outcome(outcome).await? {
        forget(",
        )],
        breaks: "records are deleted which the outcome row still names, if the worker dies or another one merges first",
        trap: "a row is deleted only after nobody names it",
    },
    Bug {
        name: "extra-rows-of-the-writer-that-won",
        edits: &[edit(
            "forget(app, outcome.id, names.difference(&named)).await;",
            "drop(named);
        forget(app, outcome.id, names.iter()).await;",
        )],
        breaks: "of two workers with the same results the one that came second deletes the rows of the first",
        trap: "a row is deleted only after nobody names it",
    },
    Bug {
        name: "extra-rows-left-at-deletion",
        edits: &[edit("        state.extras.retain(|(chunk, _), _| !of_part(chunk));\n", "")],
        breaks: "outputs of a deleted job stay in the table",
        trap: "the last row is forgotten",
    },
    Bug {
        name: "reader-lists-rows-no-register-shows",
        edits: &[edit(
            "self.chunks_with_records(part, start.chunk..stop).map(",
            "(start.chunk..stop).map(|chunk| ChunkId { job: part.job, part: part.number, chunk }).map(",
        )],
        breaks: "failures are listed that are not counted",
        trap: "readers list an OUT row only if the register says it came from OUT",
    },
    Bug {
        name: "ended-jobs-are-not-reconciled",
        edits: &[edit("job.reconciled = status == JobStatus::Completed;", "job.reconciled = true;")],
        breaks: "what a worker recorded and did not show before it died is in no count",
        trap: "a record seen is not a record shown",
    },
    Bug {
        name: "settled-by-the-clock-alone",
        edits: &[
            edit("if may_run && now < ended + time(SLICE) && parts.iter().any(Part::is_running) {", "if may_run && parts.is_empty() {"),
            edit("if may_run && run.contains(&true) {", "if may_run && run.is_empty() {"),
        ],
        breaks: "a job is said to be settled while a worker is at an item that takes long",
        trap: "once a job is settled no number changes",
    },
    Bug {
        name: "reader-takes-a-current-run-for-a-gone-one",
        edits: &[edit("outcome.runs.values().all(|until| *until < gone_before(app))", "outcome.version > 0")],
        breaks: "a job is said to be settled ten seconds after its end, while a worker is at an item that takes longer",
        trap: "once a job is settled no number changes",
    },
    Bug {
        name: "settled-at-once",
        edits: &[edit("now < last_known + time(SETTLES_AFTER)", "now < last_known")],
        breaks: "a job is said to be settled before a worker knows that it has ended",
        trap: "once a job is settled no number changes",
    },
    Bug {
        name: "late-results-are-not-waited-for",
        edits: &[edit("job.late_results_at.map_or(ended, |late| late.max(ended))", "ended")],
        breaks: "a job is said to be settled just after a worker has said that results come",
        trap: "once a job is settled no number changes",
    },
    Bug {
        name: "late-results-come-unannounced",
        edits: &[edit(
            "if !self.is_awaited(settlement.id.job).await? {",
            "self.leases.awaited(settlement.id.job, Instant::now());\n            if false {",
        )],
        breaks: "results are written after the job was said to be settled",
        trap: "once a job is settled no number changes",
    },
    Bug {
        name: "late-results-are-announced-after-the-declaration",
        edits: &[edit(
            "Self::AwaitResults { at } => job.is_settling() && !job.deleting",
            "Self::AwaitResults { at } => job.is_terminal() && !job.deleting",
        )],
        breaks: "a worker announces results of a job that was said to be settled, and writes them",
        trap: "once a job is settled no number changes",
    },
    Bug {
        name: "entered-run-not-shown",
        edits: &[edit("let running = !full && !self.runs.is_empty();", "let running = false;")],
        breaks: "a reader does not learn that a worker is at a chunk",
        trap: "once a job is settled no number changes",
    },
    Bug {
        name: "late-results-are-counted",
        edits: &[edit(
            "        if settlement.seen {\n            return",
            "        if !settlement.results.is_empty() {\n            return",
        )],
        breaks: "a worker that was held up counts results of a job that was said to be settled",
        trap: "once a job is settled no number changes",
    },
    Bug {
        name: "settled-with-rows-not-shown",
        edits: &[edit(
            "if known.is_none_or(|known| known.code() < register.code()) {",
            "if known.is_some_and(|known| known.code() < register.code()) {",
        )],
        breaks: "what a worker recorded before it died is listed, and never counted",
        trap: "who notes that a job is at rest has shown all that is recorded",
    },
];
