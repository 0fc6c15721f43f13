//! The api function.

fn main() -> Result<(), lambda_http::Error> {
    headway_api::enter();
    run()
}

#[tokio::main(flavor = "current_thread")]
async fn run() -> Result<(), lambda_http::Error> {
    headway_api::run().await
}
