//! The worker function with the processors that come with Headway.

use headway_worker::processors;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    headway_worker::run(processors::built_in()?).await
}
