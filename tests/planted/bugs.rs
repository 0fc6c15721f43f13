//! The bugs: what is replaced by what, what that breaks, and which trap it is. Most are the traps that drafts of the
//! protocol fell into. What only makes a job wait for the sweep, or is held back by another guard, breaks no invariant and
//! is not here: the worker's own tests and the model's planted bugs have those.

/// A broken variant of the code.
pub(crate) struct Bug {
    pub(crate) name: &'static str,
    pub(crate) edits: &'static [Edit],
    /// What goes wrong with it.
    pub(crate) breaks: &'static str,
    /// The trap it is.
    pub(crate) trap: &'static str,
}

/// A text that occurs once in the crate `headway-core`, and what takes its place. Which file it is in is looked up, so that code
/// may be moved between files.
pub(crate) struct Edit {
    pub(crate) find: &'static str,
    pub(crate) replace: &'static str,
}

const fn edit(find: &'static str, replace: &'static str) -> Edit {
    Edit { find, replace }
}

pub(crate) const BUGS: &[Bug] = &[
    Bug {
        name: "batch-fails-as-one",
        edits: &[edit(
            "            Err(items) => {
                tracing::warn!(job_id = %self.chunk.job.id, items = items.len(),",
            "            Err(items) if items.len() < 4 => {
                let recorded = items.into_iter().map(|item| failed(item, kind, \"\", message)).collect();
                TriedGroup { recorded, ..TriedGroup::default() }
            }
            Err(items) => {
                tracing::warn!(job_id = %self.chunk.job.id, items = items.len(),",
        )],
        breaks: "the neighbours of an item that panics fail with it",
        trap: "a call that fails as a whole is halved until the culprit is alone",
    },
    Bug {
        name: "short-answer-is-taken-by-place",
        edits: &[edit(
            "Went::Done(results) if results.len() == items.len() =>",
            "Went::Done(results) if results.len() == items.len() || (!results.is_empty() && results.len() < items.len()) =>",
        )],
        breaks: "after a short answer items get the results of those behind them, and the last gets none",
        trap: "of an answer with another number of results none counts",
    },
    Bug {
        name: "halving-drops-the-last",
        edits: &[edit(
            "            let items: Vec<_> = items.by_ref().take(items_max.max(1)).collect();
            if items.is_empty() {",
            "            let items: Vec<_> = items.by_ref().take(items_max.max(1)).collect();
            if items.is_empty() || groups.len() == 2 {",
        )],
        breaks: "of a call of an odd number of items the last is in neither half",
        trap: "all items of a call that failed are called again",
    },
    Bug {
        name: "halves-begin-after-a-cancel",
        edits: &[edit(
            "        if let Err(not_now) = self.may_begin(run, &group).await {",
            "        if group.halvings == 0 && let Err(not_now) = self.may_begin(run, &group).await {",
        )],
        breaks: "halves of a call are called although the job was cancelled meanwhile",
        trap: "whether a call may begin is checked before each call",
    },
    Bug {
        name: "attempts-charged-to-the-whole-batch",
        edits: &[edit(
            "                let again = group.halved(items.len()).into_iter()",
            "                let charged = |item: WaitingItem| WaitingItem { attempt: item.attempt + 1, ..item };
                let group = Group { items: group.items.into_iter().map(charged).collect(), ..group };
                let again = group.halved(items.len()).into_iter()",
        )],
        breaks: "items are charged for a call that failed because of another item",
        trap: "only the culprit is charged",
    },
    Bug {
        name: "left-out-is-charged",
        edits: &[edit(
            "Called::NoResult(error) => without.push((uncharged(item), error.after)),",
            "Called::NoResult(error) => quick.extend(self.again(&mut tried, call_items_max, item, &error)),",
        )],
        breaks: "an item that an answer left out loses an attempt, though others were in the call",
        trap: "only an item that was alone in its call is charged for it",
    },
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
        name: "acknowledged-before-it-is-settled",
        edits: &[edit(
            "match self.patiently(invocation, || self.settle_in_time(settlement)).await? {",
            "match self.patiently(invocation, || self.settle_in_time(settlement)).await.unwrap_or(Recorded::InTime(None)) {",
        )],
        breaks: "a message whose results were not recorded is deleted",
        trap: "a message is deleted only after what it led to is durable",
    },
    Bug {
        name: "no-second-look-upward",
        edits: &[
            edit("let looked = look_upward(&self.app, chunk.part).await;", "let looked = Ok(None);"),
            edit(
                "            look_upward(app, part).await?;
            continue;",
                "            continue;",
            ),
            edit(
                "        let (shown, part) = reconcile(app, part).await?;
        shown_in_all += shown;
        look_upward(app, &part).await?;",
                "        let (shown, _) = reconcile(app, part).await?;
        shown_in_all += shown;",
            ),
            edit(
                "        let Some(part) = self.app.ledger.part(id).await? else { return Ok(()) };
        look_upward(&self.app, &part).await",
                "        Ok(())",
            ),
        ],
        breaks: "a part whose worker died between settling and rolling up is never rolled up",
        trap: "whoever finds it done still looks one level up",
    },
    Bug {
        name: "202-before-dispatch",
        edits: &[edit(
            "app.queue.send(&job.user_id, messages(app, job, items)?).await?;",
            "app.queue.send(&job.user_id, messages(app, job, items)?).await.ok();",
        )],
        breaks: "a part of which the queue took only some is acknowledged",
        trap: "no 202 before SQS has accepted every chunk; partial SendMessageBatch",
    },
    Bug {
        name: "202-before-the-seal",
        edits: &[edit(
            "match seal_row(app, job.id, count, rows).await {",
            "drop((count, rows));
    match Ok::<_, JobError>(job.clone()) {",
        )],
        breaks: "a job is acknowledged that nobody will ever seal, and so never ends",
        trap: "seal, then 202",
    },
    Bug {
        name: "created-without-its-parts",
        edits: &[edit("top_part: parts.and_then(<[_]>::last).map(|last| last.number),", "top_part: parts.map(|_| 0),")],
        breaks: "a job whose items were all in hand cannot be sealed: its row does not know its last parts",
        trap: "put-part and seal do not meet on one row",
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
        edits: &[
            edit(
                "    stream::iter(puts).buffer_unordered(WRITES_AT_ONCE).try_collect::<()>().await?;
    if app.ledger.put_outcome(outcome).await? {",
                "    if app.ledger.put_outcome(outcome).await? {
        stream::iter(puts).buffer_unordered(WRITES_AT_ONCE).try_collect::<()>().await?;",
            ),
        ],
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
        edits: &[edit("forget(app, outcome.id, names.difference(&named)).await;", "drop(named);
        forget(app, outcome.id, names.iter()).await;")],
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
        name: "cleared-items-never-sent",
        edits: &[edit("        self.send_again(&job, &part).await?;\n", "")],
        breaks: "items to be run again lie in their row for ever",
        trap: "`again` is the memory",
    },
    Bug {
        name: "one-park-key-a-chunk",
        edits: &[
            edit("let (id, nonce) = (chunk.message.id, chunk.message.nonce);", "let (id, nonce) = (chunk.message.id, uuid::Uuid::nil());"),
            edit(
                "self.app.ledger.unpark(chunk.message.id, chunk.message.nonce).await",
                "self.app.ledger.unpark(chunk.message.id, uuid::Uuid::nil()).await",
            ),
            edit("let (id, nonce) = (rest.id, rest.nonce);", "let (id, nonce) = (rest.id, uuid::Uuid::nil());"),
        ],
        breaks: "two messages of a chunk park in one place: one overwrites the other, or is deleted with it",
        trap: "ABA on PARK#chunk; one park row a chunk, several messages",
    },
    Bug {
        name: "nonce-kept-when-sent-again",
        edits: &[edit("ChunkMessage { nonce: self.app.clock.fresh_id(), ..rest }", "ChunkMessage { ..rest }")],
        breaks: "what the next worker parked under it is forgotten by the one that sent it",
        trap: "a message's nonce is fresh at every send",
    },
    Bug {
        name: "unpark-before-send",
        edits: &[edit(
            "            self.app.queue.send(&job.user_id, outgoing).await?;
            for kept in parked {
                self.app.ledger.unpark(kept.id, kept.nonce).await?;
            }",
            "            for kept in parked {
                self.app.ledger.unpark(kept.id, kept.nonce).await?;
            }
            self.app.queue.send(&job.user_id, outgoing).await?;",
        )],
        breaks: "a worker that dies in between has lost what was parked",
        trap: "delete each after its send",
    },
    Bug {
        name: "park-forgotten-when-the-job-runs-again",
        edits: &[edit(
            "            return Ok(Gate::Parked);
        }
",
            "            return Ok(Gate::Parked);
        }
        if was_parked {
            self.app.ledger.unpark(chunk.message.id, chunk.message.nonce).await?;
        }
",
        )],
        breaks: "what was parked for another delivery, already acknowledged, is forgotten before it is done",
        trap: "delete each after its send",
    },
    Bug {
        name: "seal-does-not-count-the-top-part",
        edits: &[
            edit(
                "!job.sealed && !job.abandoned && !job.deleting && job.top_part == parts.checked_sub(1)",
                "!job.sealed && !job.abandoned && !job.deleting",
            ),
            edit(
                "    if let Some(top) = job.top_part.filter(|top| *top >= parts) {
        return Err(Conflict::PartBeyond(top).into());
    }
",
                "",
            ),
        ],
        breaks: "a part that was acknowledged is not in the job",
        trap: "put-part and seal do not meet on one row",
    },
    Bug {
        name: "part-out-of-order-touches-nothing",
        edits: &[edit(
            "        Written::Refused(job) if JobWrite::Touch.admitted(&job) => app.jobs.update_status(id, &JobWrite::Touch).await?,
",
            "",
        )],
        breaks: "the sweep abandons a submission of which a part has just come",
        trap: "put-part and abandon do not meet on one row",
    },
    Bug {
        name: "reserve-after-the-seal",
        edits: &[
            edit(
                "takes && !job.deleting && !job.abandoned && !job.sealed && job.top_part",
                "takes && !job.deleting && !job.abandoned && job.top_part",
            ),
            edit(
                "        Written::Refused(job) if job.sealed => Err(Conflict::Sealed.into()),
        Written::Refused(_) => Ok(()),",
                "        Written::Refused(_) => Ok(()),",
            ),
        ],
        breaks: "a part is taken in by a job that is sealed without it",
        trap: "put-part and seal do not meet on one row",
    },
    Bug {
        name: "seal-before-all-parts-are-sent",
        edits: &[edit(".filter(|part| part.sent).ok_or(Conflict::PartMissing(number))", ".ok_or(Conflict::PartMissing(number))")],
        breaks: "a job is sealed with a part of which the queue never took everything",
        trap: "seal after reading all parts sent",
    },
    Bug {
        name: "seal-of-an-abandoned-job",
        edits: &[
            edit(
                "!job.sealed && !job.abandoned && !job.deleting && job.top_part == parts.checked_sub(1)",
                "!job.sealed && !job.deleting && job.top_part == parts.checked_sub(1)",
            ),
            edit(
                "    if job.status == JobStatus::Cancelled || job.abandoned {\n        return Err(Conflict::JobEnded",
                "    if job.status == JobStatus::Cancelled {\n        return Err(Conflict::JobEnded",
            ),
        ],
        breaks: "a client is told that its job is sealed, and it was ended as abandoned",
        trap: "SEAL unconditional: 202 for a dead job",
    },
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
        name: "reader-lists-rows-no-register-shows",
        edits: &[edit(
            "        let chunks: Vec<u16> =
            part.registers.range(chunks.start.min(chunks.end)..chunks.end).filter(has).map(|(chunk, _)| *chunk).collect();",
            "        let _ = has;
        let chunks: Vec<u16> = chunks.collect();",
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
        name: "dead-letters-dropped",
        edits: &[edit("true => Gate::Bury { was_parked },", "true => Gate::Drop,")],
        breaks: "a job waits for ever for the items of a dead letter",
        trap: "no job waits for ever",
    },
    Bug {
        name: "dead-letter-of-a-paused-job-settled",
        edits: &[edit(
            "if chunk.is_dropped(self.app.clock.now()) {",
            "if chunk.is_dropped(self.app.clock.now()) || (delivery.dead_letter && !chunk.job.runs()) {",
        )],
        breaks: "items of a paused or failed job are dropped with their dead letter",
        trap: "dead letters: stopping: park",
    },
    Bug {
        name: "rest-taken-for-sent",
        edits: &[edit(
            "self.app.queue.send(&chunk.job.user_id, outgoing).await?;",
            "self.app.queue.send(&chunk.job.user_id, outgoing).await.ok();",
        )],
        breaks: "items that were left are lost when the queue does not take them",
        trap: "partial SendMessageBatch",
    },
    Bug {
        name: "rest-dropped-at-the-deadline",
        edits: &[edit(
            "bundles(&chunk.message, returned, sent).into_iter();",
            "bundles(&chunk.message, returned, sent.into_iter().filter(|i| i.reason != super::returned::ReturnReason::Deadline).collect()).into_iter();",
        )],
        breaks: "items that were not begun before the function's deadline are lost",
        trap: "the rest goes back at once as a new message",
    },
    Bug {
        name: "rest-dropped-when-its-job-is-held",
        edits: &[edit("if held.is_empty() { Ok(()) } else { self.park_rest(chunk, held).await }", "Ok(())")],
        breaks: "items that were not begun before a pause are lost",
        trap: "stopping: park them",
    },
    Bug {
        name: "lease-not-looked-at",
        edits: &[edit(
            "let lease = leases.get(&id).filter(|lease| lease.read.elapsed() < LEASE)?;",
            "let lease = leases.get(&id)?;",
        )],
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
            "    tokio::time::sleep(CANCEL_ANSWERS_AFTER).await;\n    app.jobs",
            "    let _ = CANCEL_ANSWERS_AFTER;\n    app.jobs",
        )],
        breaks: "an item begins on a lease that is older than the cancel",
        trap: "cancel answers a little more than a second after its write",
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
        name: "attempts-lost-when-handed-back",
        edits: &[edit(
            "ChunkMessage { items, attempt, nonce: self.app.clock.fresh_id(), ..chunk.message.without_items() }",
            "ChunkMessage { items, attempt: attempt.min(1), nonce: self.app.clock.fresh_id(), ..chunk.message.without_items() }",
        )],
        breaks: "an item that never succeeds is tried for ever",
        trap: "attempts are per item and survive crashes",
    },
    Bug {
        name: "one-strike-convicts",
        edits: &[edit("const STRIKES_MAX: u32 = 2;", "const STRIKES_MAX: u32 = 1;")],
        breaks: "an innocent item whose worker was killed once is failed as the culprit",
        trap: "two strikes",
    },
    Bug {
        name: "no-careful-mode",
        edits: &[
            edit("const CAREFUL_FROM_RECEIVES: u32 = 3;", "const CAREFUL_FROM_RECEIVES: u32 = 1_000;"),
            edit("let returned = Returned { careful: true,", "let returned = Returned { careful: false,"),
        ],
        breaks: "an item that kills its worker takes its neighbours with it, as dead letters",
        trap: "a poison item costs only itself",
    },
    Bug {
        name: "mark-of-a-living-worker",
        edits: &[edit("if !self.alone && self.app.clock.now() <= mark.deadline + CLOCKS_DIFFER_MAX {", "if false {")],
        breaks: "a mark of a worker that is alive counts as a strike",
        trap: "a mark found before its deadline: another worker is alive",
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
        edits: &[edit("    send_revivals(app, &job, revived).await?;\n", "    drop(revived);\n")],
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
        name: "key-names-the-same-job-after-deletion",
        edits: &[edit(
            "let id = JobId(app.clock.fresh_id());",
            "let of_key = |key: &super::submission::RequestKey| uuid::Uuid::from_u128(key.key_hash.bytes().fold(7, |id, byte| id * 257 + u128::from(byte)));
    let id = JobId(submission.key.as_ref().map_or_else(|| app.clock.fresh_id(), of_key));",
        )],
        breaks: "late messages of a deleted job work on the next one of its key",
        trap: "identity reused: job id always random",
    },
    Bug {
        name: "chunks-cut-anew-after-a-deploy",
        edits: &[edit(
            "    let items = parts.into_iter().flat_map(|part| part.chunks).flatten();
    let parts = parts_of(cut(job.split, items));
",
            "",
        )],
        breaks: "a submission that goes on after a deploy mixes two ways of cutting, or is refused for ever",
        trap: "numbering is not pinned",
    },
    Bug {
        name: "cancel-of-an-ended-job",
        edits: &[edit("Self::Cancel => job.is_live(),", "Self::Cancel => !job.deleting,")],
        breaks: "a job that has completed becomes cancelled",
        trap: "one of two conditional writes wins",
    },
    Bug {
        name: "owner-not-looked-at",
        edits: &[edit(
            "Self::Owner(user_id) => user_id == owner,",
            "Self::Owner(user_id) => user_id == owner || !owner.as_str().is_empty(),",
        )],
        breaks: "an owner acts on another's job",
        trap: "nobody reads or changes another owner's job",
    },
    Bug {
        name: "failures-of-a-left-round-stay-counted",
        edits: &[edit("failed: if self.round < round { 0 } else { failed }", "failed: if self.round > round { 0 } else { failed }")],
        breaks: "failures fall when a worker brings the part to the round",
        trap: "what failed in an earlier round is pending from the election on",
    },
    Bug {
        name: "sqs-partial-send-taken-for-whole",
        edits: &[edit("left.retain(|entry| !answer.successful().iter().any(|accepted| accepted.id() == entry.id()));", "left.clear();")],
        breaks: "chunks that SQS refused inside a 200 are never worked on",
        trap: "SendMessageBatch accepts 7 of 10",
    },
    Bug {
        name: "dynamodb-unprocessed-keys-forgotten",
        edits: &[edit("            if keys.is_empty() {\n", "            if keys.len() < 1_000 {\n")],
        breaks: "a row that was not read is taken for one that is gone, and its message for done",
        trap: "a batch of which the table does a share only",
    },
    Bug {
        name: "dynamodb-failed-update-taken-for-a-missing-row",
        edits: &[edit("_ => Err(unavailable(\"the table: UpdateItem\", error)),", "_ => Ok(Written::Gone),")],
        breaks: "a message whose settling failed is deleted",
        trap: "a message is deleted only after what it led to is durable",
    },
    Bug {
        name: "dynamodb-register-falls",
        edits: &[edit(
            "let rising = at_chunk(change, *chunk).when(earlier).value(\":open\", number(OUTCOME_CODE_MIN));",
            "let _ = (earlier, OUTCOME_CODE_MIN);\n            let rising = at_chunk(change, *chunk);",
        )],
        breaks: "an older outcome, or one beside a clean settle, overwrites what a register shows",
        trap: "a register only ever rises",
    },
    Bug {
        name: "dynamodb-outcome-read-in-part",
        edits: &[edit(
            "DeflateDecoder::new(bytes).read_to_end(&mut inflated)?;",
            "DeflateDecoder::new(bytes).take(300).read_to_end(&mut inflated)?;",
        )],
        breaks: "an outcome row of more than some records cannot be read any more",
        trap: "what is written has to be read, at every size",
    },
    Bug {
        name: "panic-not-caught",
        edits: &[edit("let called = AssertUnwindSafe(work).catch_unwind();", "let called = work.map(Ok::<_, Box<dyn Any + Send>>);")],
        breaks: "a processor that panics takes its worker with it",
        trap: "a poison item costs only itself",
    },
    Bug {
        name: "settled-by-the-clock-alone",
        edits: &[edit("if may_run && parts.iter().any(Part::is_running) {", "if may_run && parts.is_empty() {")],
        breaks: "a job is said to be settled while a worker is at an item that takes long",
        trap: "once a job is settled no number changes",
    },
    Bug {
        name: "settled-at-once",
        edits: &[edit("now < ended + time(SETTLES_AFTER)", "now < ended")],
        breaks: "a job is said to be settled before a worker knows that it has ended",
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
    Bug {
        name: "throttled-item-is-charged",
        edits: &[edit(
            "let WaitingItem { index, value, attempt } = uncharged(item);",
            "let Item { index, value, attempt, .. } = item;",
        )],
        breaks: "an item that was only asked to wait runs out of attempts",
        trap: "waiting is not failing",
    },
    Bug {
        name: "attempts-of-the-round-before",
        edits: &[edit("match self.round < round {", "match self.round > round {")],
        breaks: "a message that arrives after a retry charges its items the attempts of the round before",
        trap: "in each round an item has all its attempts",
    },
    Bug {
        name: "patience-without-end",
        edits: &[edit(
            "        let left = patience.checked_sub(waited).filter(|left| !left.is_zero())?;",
            "        let left = patience.max(waited);",
        )],
        breaks: "an item behind an endpoint that never takes it goes round for ever",
        trap: "every loop through the queue ends",
    },
    Bug {
        name: "waits-are-forgotten-on-the-way",
        edits: &[edit("waited_ms: (!chunk.waited.is_zero()).then(", "waited_ms: (chunk.waited > Duration::MAX).then(")],
        breaks: "each message waits as if it were the first, and the patience never ends",
        trap: "every loop through the queue ends",
    },
    Bug {
        name: "only-the-first-bundle-is-sent",
        edits: &[edit(
            "let bundled = bundles(&chunk.message, returned, sent).into_iter()",
            "let bundled = bundles(&chunk.message, returned, sent).into_iter().take(1)",
        )],
        breaks: "items whose waits differ are lost but for some",
        trap: "no item disappears",
    },
    Bug {
        name: "slice-over-before-it-begins",
        edits: &[edit("slice_ends: Instant::now() + SLICE }", "slice_ends: Instant::now() }")],
        breaks: "chunks go round without progress, until their items are failed that never began",
        trap: "each slice makes progress",
    },
    Bug {
        name: "preparing-is-not-marked",
        edits: &[edit(
            "        self.app.ledger.put_care(id, Some(&suspects.mark(None, self.gone_after(invocation)))).await?;\n",
            "        let _ = invocation;\n",
        )],
        breaks: "a processor that kills its worker in prepare is never convicted, and its job's items are failed for it",
        trap: "every stage of a chunk is inside the mark",
    },
    Bug {
        name: "dead-letters-are-failed-at-once",
        edits: &[edit("const HOPS_MAX: u32 = 20;", "const HOPS_MAX: u32 = 0;")],
        breaks: "items that never began are failed for their neighbours' deaths",
        trap: "a crash loop never costs an item that did not begin",
    },
    Bug {
        name: "suspects-run-beside-others",
        edits: &[edit("_ => Turn::Alone(careful, self.calls.write().await),", "_ => Turn::Careful(careful, self.calls.read().await),")],
        breaks: "an item that was struck is struck again by another owner's item that kills their worker",
        trap: "who was struck once runs alone",
    },
    Bug {
        name: "preparing-of-a-suspect-beside-others",
        edits: &[edit(
            "        let _turn = self.turns.careful(strikes).await;\n        if strikes > 0",
            "        let _turn = self.turns.beside().await;\n        if strikes > 0",
        )],
        breaks: "a job is convicted for a death that another owner's item caused while it was prepared",
        trap: "who was struck once runs alone",
    },
    Bug {
        name: "suspect-stays-marked-after-its-turn",
        edits: &[edit("let unmarked = if strikes > 0 {", "let unmarked = if strikes > 1_000 {")],
        breaks: "an item that has run alone is convicted for the death of its worker by the next item",
        trap: "who was struck once runs alone",
    },
    Bug {
        name: "suspects-beside-stuck-threads",
        edits: &[edit("if self.stuck.load(Ordering::Relaxed) > 0 {", "if self.stuck.load(Ordering::Relaxed) > 1_000 {")],
        breaks: "a thread that nobody waits for any more kills the process, and the item that was struck before is convicted for it",
        trap: "who was struck once runs alone",
    },
    Bug {
        name: "killers-take-turns",
        edits: &[edit("const SUSPECTS_FIRST_FROM_RECEIVES: u32 = 5;", "const SUSPECTS_FIRST_FROM_RECEIVES: u32 = 5_000;")],
        breaks: "of two killers in one chunk neither is convicted, and items that never began are failed with them",
        trap: "a crash loop never costs an item that did not begin",
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
    Bug {
        name: "strikes-of-the-round-before",
        edits: &[edit("        if mark.round < round {\n", "        if mark.round > round {\n")],
        breaks: "a corrected item is convicted for the workers that its old value killed",
        trap: "each round counts anew, and a correction may have mended what killed",
    },
    Bug {
        name: "killer-in-prepare-is-not-convicted",
        edits: &[edit("        self.preparing >= most\n", "        self.preparing >= most + 1_000_000\n")],
        breaks: "a job that kills each worker that prepares it goes round until its items are failed for it",
        trap: "who kills in prepare fails its job, and no item",
    },
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
        edits: &[edit(
            "    again.map_or(sent, |again| &again.item).to_owned()",
            "    again.map_or(sent, |_| sent).to_owned()",
        )],
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
        edits: &[edit(
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
        )],
        breaks: "an item that succeeded runs again with a new value",
        trap: "an item that succeeded is never run again by a correction",
    },
    Bug {
        name: "corrected-after-the-retry",
        edits: &[edit(
            "        if let Some(refusal) = refusal(&row, job.round) {
            return Err(refusal.into());
        }
",
            "",
        )],
        breaks: "a correction is acknowledged although the retry did not use it",
        trap: "what is acknowledged is used",
    },
    Bug {
        name: "spent-process-goes-on",
        edits: &[edit("self.stuck.load(Ordering::Relaxed) >= STUCK_MAX", "self.stuck.load(Ordering::Relaxed) >= STUCK_MAX * 1_000")],
        breaks: "a process none of whose threads comes back begins other owners' items, which time out",
        trap: "a worker that cannot be freed ends itself",
    },
    Bug {
        name: "told-before-the-end-is-durable",
        edits: &[edit("self.is_terminal().then(|| self.completed_at.unwrap_or(self.updated_at))?", "self.completed_at.unwrap_or(self.updated_at)")],
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
        name: "retry-cancels-a-due-notice",
        edits: &[edit(
            "self.due_notices().into_iter().filter(|notice| notice.round == self.round)",
            "self.due_notices().into_iter().filter(|notice| notice.round == self.round && notice.tries > 1_000)",
        )],
        breaks: "the end of a round that was retried before its notice was delivered is never told",
        trap: "both rounds are told, each with its own id",
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
        if notice.kind != NoticeKind::Callback && notice.tries > 0 {
            let told = notice.clone().after(&Told::Delivered, self.app.clock.now());
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
        edits: &[edit("self.round == round && self.kind == kind", "self.round == round && (self.kind == kind || (self.kind.is_end() && kind.is_end()))")],
        breaks: "once the endpoint has been told of an end, no event of it is put on the bus, or the other way round",
        trap: "a round has a notice of each kind, with a record of its own",
    },
    Bug {
        name: "start-of-a-retry-is-not-recorded",
        edits: &[edit("filter(|kind| !kind.is_end() && self.tells_of(**kind))", "filter(|kind| !kind.is_end() && self.tells_of(**kind) && self.round > 1)")],
        breaks: "there is no event of the start of the second round",
        trap: "the write that starts a round makes its notice due",
    },
    Bug {
        name: "start-is-told-before-it-is-durable",
        edits: &[edit("self.started_at.filter(|_| self.round == 1)?", "self.started_at.or(Some(self.created_at)).filter(|_| self.round == 1)?")],
        breaks: "a job of which no item has begun owes an event of its start",
        trap: "the write that starts a round makes its notice due",
    },
];
