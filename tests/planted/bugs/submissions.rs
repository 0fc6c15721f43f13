//! Bugs in submissions, their parts and keys.

use crate::bug::{Bug, edit};

pub(super) const BUGS: &[Bug] = &[
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
        name: "owner-not-looked-at",
        edits: &[edit(
            "Self::Owner(user_id) | Self::Bearer { owner: user_id, .. } => user_id == owner,",
            "Self::Owner(user_id) | Self::Bearer { owner: user_id, .. } => user_id == owner || !owner.as_str().is_empty(),",
        )],
        breaks: "an owner acts on another's job",
        trap: "nobody reads or changes another owner's job",
    },
    Bug {
        name: "ended-tokens-go-on",
        edits: &[edit("job.token_generation += 1;", "job.token_generation += 0;")],
        breaks: "a token that was ended opens its job",
        trap: "ended tokens open nothing",
    },
];
