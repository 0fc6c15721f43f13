//! The cleanup function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    #[cfg(feature = "embedded")]
    if let Some(hosted) = headway_embedded::Hosted::without_aws().await? {
        return headway_cleanup::serve(hosted.app).await;
    }
    headway_cleanup::run().await
}
