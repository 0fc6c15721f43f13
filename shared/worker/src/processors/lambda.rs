//! `lambda`: invokes a function that the operator has configured under a name, with the document of
//! `docs/processor-protocol.md` as its event. What the function returns is the answer. IAM decides who may invoke it, so there is
//! no secret. Callers never give the name of a function in AWS.

mod failure;
mod function;
mod functions;
mod functions_error;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use headway_built_in::lambda::{self, Params};
use headway_core::{Clock, Item, ItemError, ItemProcessor, Options, Output, SystemClock};
use serde_json::value::RawValue;
use tokio::sync::OnceCell;

use self::function::Function;
pub use self::functions::Functions;
pub use self::functions_error::FunctionsError;
use super::configured;
use super::document::answer::Outcomes;

/// Invokes the function that the job's `params` name: `{"function": "resize"}`.
#[derive(Debug, Clone)]
pub struct Lambda {
    functions: Functions,
    clock: Arc<dyn Clock>,
    client: Arc<OnceCell<Client>>,
}

impl Lambda {
    /// With the operator's functions. AWS's configuration is read from the environment at the first call.
    pub fn new(functions: Functions) -> Self {
        Self { functions, clock: Arc::new(SystemClock), client: Arc::default() }
    }

    /// Calls AWS with this client.
    #[must_use]
    pub fn with_client(self, client: Client) -> Self {
        Self { client: Arc::new(OnceCell::new_with(Some(client))), ..self }
    }

    /// Takes the names of batches from `clock`.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    fn for_function(&self, params: &RawValue) -> Result<ForFunction, ItemError> {
        let Params { function } = serde_json::from_str(params.get())
            .map_err(|e| ItemError::permanent("params", format!("params must be {{\"function\": \"name\"}}: {e}")))?;
        let unknown = || configured::unknown("function", &function, self.functions.names(), Functions::VARIABLE);
        let found = self.functions.get(&function).ok_or_else(unknown)?;
        Ok(ForFunction { function: Arc::clone(found), lambda: self.clone() })
    }

    async fn client(&self) -> &Client {
        self.client.get_or_init(client_from_env).await
    }
}

async fn client_from_env() -> Client {
    Client::new(&aws_config::load_from_env().await)
}

#[async_trait]
impl ItemProcessor for Lambda {
    async fn process(&self, item: Item) -> Result<Output, ItemError> {
        self.for_function(&item.params)?.process(item).await
    }

    async fn process_many(&self, items: Vec<Item>) -> Outcomes {
        let Some(first) = items.first() else { return Vec::new() };
        match self.for_function(&first.params) {
            Ok(processor) => processor.process_many(items).await,
            Err(error) => configured::for_all(&items, &error),
        }
    }

    fn prepare(&self, params: &RawValue) -> Result<Option<Arc<dyn ItemProcessor>>, ItemError> {
        Ok(Some(Arc::new(self.for_function(params)?)))
    }

    /// The largest value of any function. What `prepare` returns has the function's own.
    fn options(&self) -> Options {
        let names: Vec<&str> = self.functions.names().collect();
        configured::largest(lambda::options(&names), self.functions.iter().map(options))
    }
}

/// The processor for the jobs of one function.
struct ForFunction {
    function: Arc<Function>,
    lambda: Lambda,
}

#[async_trait]
impl ItemProcessor for ForFunction {
    async fn process(&self, item: Item) -> Result<Output, ItemError> {
        let nothing = || Err(ItemError::no_result("no-result", "there was no result"));
        self.process_many(vec![item]).await.pop().unwrap_or_else(nothing)
    }

    async fn process_many(&self, items: Vec<Item>) -> Outcomes {
        self.function.invoke(self.lambda.client().await, self.lambda.clock.as_ref(), &items).await
    }

    fn options(&self) -> Options {
        options(&self.function)
    }
}

/// The call has a slightly shorter time limit than the items: its error is more precise.
fn options(function: &Function) -> Options {
    Options {
        batch: function.batch,
        concurrency: function.concurrency,
        own_thread: false,
        item_timeout: function.timeout + Duration::from_secs(1),
        attempts_max: function.attempts_max,
        limit: Some(function.name.clone()),
        ..Options::default()
    }
}
