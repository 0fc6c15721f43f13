//! The example of docs/processors.md: several items in a call, params with their schema, and what is prepared once for a job.

use std::sync::Arc;
use std::time::Duration;

use headway::{Item, ItemError, ItemProcessor, Options, Output, RawValue, async_trait};
use serde::Deserialize;
use serde_json::json;

/// Looks up the prices of articles, 100 with one query. Bound to a job it is what the job's params say: `{"currency": "CHF"}`.
#[derive(Default, Deserialize)]
struct Prices {
    currency: String,
}

#[async_trait]
impl ItemProcessor for Prices {
    /// What the API shows of the processor, and how its items are run.
    fn options(&self) -> Options {
        Options {
            description: "Looks up the price of each article".to_owned(),
            // Params that do not fit are refused when the job is submitted, each fault with its place.
            params_schema: json!({
                "type": "object",
                "properties": {"currency": {"enum": ["CHF", "EUR"]}},
                "required": ["currency"]
            }),
            batch: 100,
            concurrency: 4,
            item_timeout: Duration::from_secs(60),
            ..Options::default()
        }
    }

    /// Called once for each job and worker process, before its first items.
    fn prepare(&self, params: &RawValue) -> Result<Option<Arc<dyn ItemProcessor>>, ItemError> {
        let bound: Self = serde_json::from_str(params.get()).map_err(|e| ItemError::permanent("params", e.to_string()))?;
        Ok(Some(Arc::new(bound)))
    }

    /// A result for each item, in the order of the items.
    async fn process_many(&self, items: Vec<Item>) -> Vec<Result<Output, ItemError>> {
        // Here: SELECT … WHERE article IN (…), once for all items.
        items.iter().map(|item| self.price(item)).collect()
    }

    /// Not called if `batch` is more than 1.
    async fn process(&self, item: Item) -> Result<Output, ItemError> {
        self.price(&item)
    }
}

impl Prices {
    /// An error is the item's own. It does not affect the other items of the call.
    fn price(&self, item: &Item) -> Result<Output, ItemError> {
        match item.parse()? {
            0_u32 => Err(ItemError::permanent("unknown", "there is no article 0")),
            article => Output::json(&json!({"price": article * 2, "currency": self.currency})),
        }
    }
}

mod as_a_job {
    use headway::Processors;
    use headway_core::ledger::memory::MemoryLedger;
    use headway_core::queue::memory::MemoryQueue;
    use headway_core::records::{Position, failures, results};
    use headway_core::submit::{Submission, start_job};
    use headway_core::work::{Delivery, Invocation, Worker};
    use headway_core::{App, SystemClock, ToleratedFailures, UserId};
    use headway_testkit::raw;
    use tokio::time::Instant;

    use super::*;

    /// Would find an example in the documentation that does not do what it says.
    #[tokio::test]
    async fn the_example_runs_several_items_with_the_params_of_their_job() {
        let processors = Processors::new().with("prices", Prices::default());
        let queue = Arc::new(MemoryQueue::default());
        let app = App::new(Arc::new(MemoryLedger::default()), queue.clone(), Arc::new(SystemClock)).with_processors(processors.infos());
        let items = ["7", "0", "\"seven\"", "8"].map(raw).into();
        let submission = Submission {
            params: Arc::from(raw(r#"{"currency": "CHF"}"#)),
            tolerated: ToleratedFailures::Count(2),
            chunk_size: Some(10),
            ..Submission::new(UserId::new("u").unwrap(), "prices", Some(items))
        };
        let id = start_job(&app, submission).await.unwrap().id;
        let worker = Worker::new(app.clone(), processors);
        for (_, sent) in queue.take() {
            let delivery = Delivery { message_id: "m".to_owned(), body: sent.body, receive_count: 1, dead_letter: false };
            let began = Instant::now();
            worker.work(vec![delivery], Invocation { began, deadline: began + Duration::from_secs(60) }).await;
        }
        let job = app.jobs.get(id).await.unwrap().unwrap();
        assert_eq!((job.processed_items, job.failed_items), (2, 2));
        let outputs = results(&app, &job, Position::default(), 10).await.unwrap().records;
        let outputs: Vec<_> = outputs.iter().map(|(index, record)| (*index, record.output.as_ref().unwrap().get())).collect();
        assert_eq!(outputs, [(0, r#"{"currency":"CHF","price":14}"#), (3, r#"{"currency":"CHF","price":16}"#)]);
        let failed = failures(&app, &job, Position::default(), 10).await.unwrap().records;
        assert_eq!(failed.iter().map(|(index, failure)| (*index, &*failure.code)).collect::<Vec<_>>(), [(1, "unknown"), (2, "malformed")]);
    }

    /// What callers see before they submit.
    #[test]
    fn the_example_describes_its_params() {
        let info = Processors::new().with("prices", Prices::default()).infos().remove(0);
        assert_eq!((info.name.as_str(), info.batch, info.item_timeout_seconds), ("prices", 100, 60));
        assert_eq!(info.params_schema["required"], json!(["currency"]));
    }
}
