//! Bugs in calls of the processor: batches, halves, attempts, waits and slices.

use crate::bug::{Bug, edit};

pub(super) const BUGS: &[Bug] = &[
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
            "        for item in items {
            let size = item.value.get().len();",
            "        for item in items.into_iter().take(items_max * 2) {
            let size = item.value.get().len();",
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
            "Called::NoResult(error) => without.push((uncharged(item), error)),",
            "Called::NoResult(error) => quick.extend(self.again(&mut tried, call_items_max, item, &error)),",
        )],
        breaks: "an item that an answer left out loses an attempt, though others were in the call",
        trap: "only an item that was alone in its call is charged for it",
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
        name: "panic-not-caught",
        edits: &[edit("let called = AssertUnwindSafe(work).catch_unwind();", "let called = work.map(Ok::<_, Box<dyn Any + Send>>);")],
        breaks: "a processor that panics takes its worker with it",
        trap: "a poison item costs only itself",
    },
    Bug {
        name: "throttled-item-is-charged",
        edits: &[edit("let WaitingItem { index, value, attempt } = uncharged(item);", "let Item { index, value, attempt, .. } = item;")],
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
            "let bundled = bundles(&chunk.message, returned, sent, now).into_iter()",
            "let bundled = bundles(&chunk.message, returned, sent, now).into_iter().take(1)",
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
];
