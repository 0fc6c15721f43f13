//! The api function.

#[cfg(feature = "embedded")]
mod embedded;

fn main() -> Result<(), lambda_http::Error> {
    headway_api::enter();
    run().map_err(headway_host::in_words)
}

#[tokio::main(flavor = "current_thread")]
async fn run() -> Result<(), lambda_http::Error> {
    #[cfg(feature = "embedded")]
    if let Some(hosted) = headway_embedded::Hosted::without_aws().await? {
        return embedded::run(hosted).await;
    }
    headway_api::run().await
}
