//! A worker with a processor that ends its process at some items, and one that ends it when it is prepared, for the tests of `serve --worker`.

use std::process::{Command, abort, exit, id};
use std::sync::Arc;
use std::thread::park;

use async_trait::async_trait;
use headway_core::{Item, ItemError, ItemProcessor, Options, Output, Processors};
use serde_json::value::RawValue;

struct Ending;

#[async_trait]
impl ItemProcessor for Ending {
    async fn process(&self, item: Item) -> Result<Output, ItemError> {
        match item.parse::<String>()?.as_str() {
            "exit" => exit(3),
            "abort" => abort(),
            "kill" => drop(Command::new("kill").args(["-9", &id().to_string()]).status()),
            "overflow" => drop(overflow(1)),
            _ => {}
        }
        Ok(Output::None)
    }
}

/// Blocks the only thread of its process for ever.
struct Blocking;

#[async_trait]
impl ItemProcessor for Blocking {
    fn options(&self) -> Options {
        Options { own_thread: false, ..Options::default() }
    }

    async fn process(&self, _: Item) -> Result<Output, ItemError> {
        eprintln!("blocks");
        loop {
            park();
        }
    }
}

struct EndingPrepared;

#[async_trait]
impl ItemProcessor for EndingPrepared {
    fn prepare(&self, _: &RawValue) -> Result<Option<Arc<dyn ItemProcessor>>, ItemError> {
        exit(4)
    }

    async fn process(&self, _: Item) -> Result<Output, ItemError> {
        Ok(Output::None)
    }
}

/// Needs more and more of the stack.
#[expect(unconditional_recursion, reason = "on purpose")]
fn overflow(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 1_000]);
    overflow(depth + 1) + frame[7]
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let processors = Processors::new().with("ending", Ending).with("ending-prepared", EndingPrepared).with("blocking", Blocking);
    headway_worker::run(processors).await
}
