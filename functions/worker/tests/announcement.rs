//! What a worker announces when it starts, and what keeps it from starting.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use async_trait::async_trait;
use headway_core::known::announced;
use headway_core::ledger::memory::MemoryLedger;
use headway_core::{Item, ItemError, ItemProcessor, Options, Output, Processors};
use headway_worker::announcement::announce;
use serde_json::{Value, json};

struct Idle(Value);

#[async_trait]
impl ItemProcessor for Idle {
    async fn process(&self, _: Item) -> Result<Output, ItemError> {
        Ok(Output::None)
    }

    fn options(&self) -> Options {
        Options { params_schema: self.0.clone(), ..Options::default() }
    }
}

/// What keeps a worker from starting that has a good processor and one with this schema; and how many were announced.
async fn refused(schema: Value) -> (Option<String>, usize) {
    headway_schema::sandbox::use_program(env!("CARGO_BIN_EXE_worker"));
    let table = MemoryLedger::default();
    let processors = Processors::new().with("good", Idle(json!({"type": "object"}))).with("bad", Idle(schema));
    let refused = announce(&table, &processors).await.err().map(|error| error.to_string());
    (refused, announced(&table).await.unwrap().len())
}

/// Bug found: a worker with a `params_schema` that is no JSON Schema started, and each job for it was answered 500, which the command
/// repeated for minutes. One whose descriptions were too large was unknown, with a line in its log.
#[tokio::test]
async fn a_worker_with_a_processor_that_no_job_can_use_does_not_start() {
    assert_eq!(refused(json!({})).await, (None, 2));
    assert_eq!(refused(json!({"type": "object", "required": ["a"]})).await, (None, 2));
    let wrong = "the paramsSchema of the processor bad cannot be used: /type: ";
    let (says, known) = refused(json!({"type": 17})).await;
    assert!(says.as_ref().is_some_and(|says| says.starts_with(wrong)) && known == 0, "{says:?}");
    let (says, known) = refused(json!({"enum": ["x".repeat(500_000)]})).await;
    assert!(says.as_ref().is_some_and(|says| says.contains("shorten their params_schema")) && known == 0, "{says:?}");
}
