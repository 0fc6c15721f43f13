//! Bugs in the adapters for DynamoDB and SQS.

use crate::bug::{Bug, edit};

pub(super) const BUGS: &[Bug] = &[
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
];
