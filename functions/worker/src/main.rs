//! The worker function with the processors that come with Headway.

use headway_worker::processors;

fn main() -> Result<(), lambda_runtime::Error> {
    headway_worker::enter();
    run()
}

#[tokio::main(flavor = "current_thread")]
async fn run() -> Result<(), lambda_runtime::Error> {
    headway_worker::run(processors::built_in()?).await
}
