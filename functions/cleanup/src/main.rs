//! The cleanup function.

fn main() -> Result<(), lambda_runtime::Error> {
    run().map_err(headway_host::in_words)
}

#[tokio::main(flavor = "current_thread")]
async fn run() -> Result<(), lambda_runtime::Error> {
    #[cfg(feature = "embedded")]
    if let Some(hosted) = headway_embedded::Hosted::without_aws().await? {
        return headway_cleanup::serve(hosted.app).await;
    }
    headway_cleanup::run().await
}
