//! Bugs in messages: acknowledged, parked, returned, dead letters.

use crate::bug::{Bug, edit};

pub(super) const BUGS: &[Bug] = &[
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
        name: "one-park-key-a-chunk",
        edits: &[
            edit("let (id, nonce) = (chunk.message.id, chunk.message.nonce);", "let (id, nonce) = (chunk.message.id, uuid::Uuid::nil());"),
            edit(
                "self.app.ledger.unpark(chunk.message.id, chunk.message.nonce).await",
                "self.app.ledger.unpark(chunk.message.id, uuid::Uuid::nil()).await",
            ),
            edit("id: rest.id, nonce: rest.nonce, body:", "id: rest.id, nonce: uuid::Uuid::nil(), body:"),
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
            "bundles(&chunk.message, returned, sent, now).into_iter();",
            "bundles(&chunk.message, returned, sent.into_iter().filter(|i| i.reason != super::returned::ReturnReason::Deadline).collect(), now).into_iter();",
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
        name: "pause-forgets-charges",
        edits: &[edit("(item.attempt, item.call_items_max)", "(chunk.message.attempt, item.call_items_max)")],
        breaks: "an item that failed for now before a pause has all its attempts again after it",
        trap: "attempts are per item and survive a pause",
    },
    Bug {
        name: "rest-forgets-charges",
        edits: &[edit(
            "let rest = self.message_with(chunk, items, attempt);",
            "let rest = self.message_with(chunk, items, attempt.min(chunk.message.attempt));",
        )],
        breaks: "an item that never succeeds is tried for ever",
        trap: "attempts are per item, and each rest of a message has its own",
    },
];
