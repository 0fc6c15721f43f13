//! Bugs in careful mode: marks, strikes, suspects and stuck threads.

use crate::bug::{Bug, edit};

pub(super) const BUGS: &[Bug] = &[
    Bug {
        name: "one-strike-convicts",
        edits: &[
            edit("self.strikes(index) >= STRIKES_MAX", "self.strikes(index) >= STRIKES_MAX - 1"),
            edit("else { STRIKES_MAX };", "else { STRIKES_MAX - 1 };"),
        ],
        breaks: "an innocent item whose worker was killed once is failed as the culprit",
        trap: "two strikes",
    },
    Bug {
        name: "no-careful-mode",
        edits: &[
            edit("delivery.receive_count >= CAREFUL_FROM_RECEIVES {", "delivery.receive_count >= CAREFUL_FROM_RECEIVES + 1_000 {"),
            edit("let returned = Returned { careful: true,", "let returned = Returned { careful: false,"),
        ],
        breaks: "an item that kills its worker takes its neighbours with it, as dead letters",
        trap: "a poison item costs only itself",
    },
    Bug {
        name: "mark-of-a-living-worker",
        edits: &[edit("if !self.alone && !self.was_seen_to_end(mark) && now <= mark.deadline + CLOCKS_DIFFER_MAX {", "if false {")],
        breaks: "a mark of a worker that is alive counts as a strike",
        trap: "a mark found before its deadline: another worker is alive",
    },
    Bug {
        name: "running-workers-count-as-ended",
        edits: &[edit("number < self.next && !self.running.contains(&number)", "number < self.next")],
        breaks: "a mark of another worker of the same server, which is alive, counts as a strike",
        trap: "only the end of a worker that was seen is no guess",
    },
    Bug {
        name: "preparing-is-not-marked",
        edits: &[edit(
            "        self.app.ledger.put_care(id, Some(&self.mark(suspects, None, invocation))).await?;\n",
            "        let _ = invocation;\n",
        )],
        breaks: "a processor that kills its worker in prepare is never convicted, and its job's items are failed for it",
        trap: "every stage of a chunk is inside the mark",
    },
    Bug {
        name: "returns-are-not-noted",
        edits: &[edit("None => self.note(chunk, WaitReason::WorkerEnded, None).await,", "None => Ok(()),")],
        breaks: "workers die of a chunk again and again, and the job shows nothing",
        trap: "a job that stands still says why",
    },
    Bug {
        name: "dead-letters-are-failed-at-once",
        edits: &[edit("message.hops < HOPS_MAX &&", "message.hops < HOPS_MAX - 20 &&")],
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
        name: "suspect-stays-marked-if-its-mark-had-no-answer",
        edits: &[edit(
            "                if strikes > 0 {\n                    self.unmark_suspect",
            "                if strikes > 1_000 {\n                    self.unmark_suspect",
        )],
        breaks: "a suspect whose mark was written although the call failed is convicted for the death of its worker by another item",
        trap: "who was struck once runs alone",
    },
    Bug {
        name: "the-end-of-a-server-is-a-strike",
        edits: &[edit("if self.ended_with_server.is_some_and(|by| mark.deadline <= by) {", "if mark.strikes > 1_000 {")],
        breaks: "an item or a job is convicted because its server was ended twice while it ran",
        trap: "a worker that ends with its server has not died of what it ran",
    },
    Bug {
        name: "no-mark-is-a-strike-once-a-server-has-ended",
        edits: &[edit("if self.ended_with_server.is_some_and(|by| mark.deadline <= by) {", "if self.ended_with_server.is_some() {")],
        breaks: "an item that kills workers is never convicted",
        trap: "only workers of earlier servers ended with them",
    },
    Bug {
        name: "suspects-beside-stuck-threads",
        edits: &[edit("if self.stuck.load(Ordering::Relaxed) > 0 {", "if self.stuck.load(Ordering::Relaxed) > 1_000 {")],
        breaks: "a thread that nobody waits for any more kills the process, and the item that was struck before is convicted for it",
        trap: "who was struck once runs alone",
    },
    Bug {
        name: "killers-take-turns",
        edits: &[edit("suspects_first: delivery.receive_count >= from", "suspects_first: delivery.receive_count >= from + 5_000")],
        breaks: "of two killers in one chunk neither is convicted, and items that never began are failed with them",
        trap: "a crash loop never costs an item that did not begin",
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
        name: "spent-process-goes-on",
        edits: &[edit("self.stuck.load(Ordering::Relaxed) >= STUCK_MAX", "self.stuck.load(Ordering::Relaxed) >= STUCK_MAX * 1_000")],
        breaks: "a process none of whose threads comes back begins other owners' items, which time out",
        trap: "a worker that cannot be freed ends itself",
    },
];
