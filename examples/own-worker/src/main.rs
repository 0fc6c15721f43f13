//! A worker of one's own: writes an invoice for each order of a job, into the directory `INVOICES_DIR`.

mod invoices;

use headway::Processors;
use invoices::Invoices;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), headway::Error> {
    let directory = std::env::var("INVOICES_DIR").unwrap_or_else(|_| "/mnt/invoices".to_owned());
    headway::run(Processors::new().with("invoices", Invoices::new(directory))).await
}
