//! The worker function with the built-in processors.

use headway_worker::processors;

fn main() -> Result<(), lambda_runtime::Error> {
    headway_worker::enter();
    run().map_err(headway_host::in_words)
}

#[tokio::main(flavor = "current_thread")]
async fn run() -> Result<(), lambda_runtime::Error> {
    let processors = processors::built_in().await?;
    #[cfg(feature = "embedded")]
    if let Some(hosted) = headway_embedded::Hosted::without_aws().await? {
        return headway_worker::serve(hosted.app, Some(hosted.embedded.dead_letters().arn.clone()), processors).await;
    }
    headway_worker::run(processors).await
}
