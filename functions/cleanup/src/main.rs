//! The cleanup function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    #[cfg(feature = "embedded")]
    if !headway_core::config::names_aws() {
        headway_aws::telemetry::init();
        return headway_cleanup::serve(headway_embedded::Hosted::from_environment().await?.app).await;
    }
    headway_cleanup::run().await
}
