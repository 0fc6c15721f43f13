//! The worker: the processors that jobs can use, by name.

mod contacts;

use contacts::Contacts;
use headway::Processors;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), headway::Error> {
    headway::run(Processors::new().with("contacts", Contacts)).await
}
