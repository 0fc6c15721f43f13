//! Writes one invoice for each order. If an order is processed twice there is still one invoice, since its file is
//! named by the idempotency key.

use std::path::PathBuf;

use headway::{Item, ItemError, ItemProcessor, Output, async_trait};
use serde::Deserialize;

/// Writes invoices into a directory.
pub(crate) struct Invoices {
    directory: PathBuf,
}

/// An item of the job.
#[derive(Deserialize)]
struct Order {
    customer: String,
    lines: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    article: String,
    quantity: u16,
    price_cents: u32,
}

impl Invoices {
    /// Writes invoices into `directory`.
    pub(crate) fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }
}

#[async_trait]
impl ItemProcessor for Invoices {
    async fn process(&self, item: Item) -> Result<Output, ItemError> {
        let order: Order = item.parse()?;
        let total_cents: u64 = order.lines.iter().map(|line| u64::from(line.quantity) * u64::from(line.price_cents)).sum();
        if total_cents == 0 {
            // Trying again would change nothing: the item fails, and is listed under this code.
            return Err(ItemError::permanent("empty", format!("the order of {} comes to nothing", order.customer)));
        }
        // The same on every attempt: a file that a crash left incomplete is written again, and no second file is
        // created.
        let name = item.idempotency_key().replace('/', "-");
        let (draft, invoice) = (self.directory.join(format!("{name}.draft")), self.directory.join(format!("{name}.txt")));
        // A full disk or a missing mount may be temporary: the item is tried again later.
        let for_now = |e: std::io::Error| ItemError::retryable("disk", e.to_string());
        tokio::fs::write(&draft, order.invoice(&name, total_cents)).await.map_err(for_now)?;
        tokio::fs::rename(&draft, &invoice).await.map_err(for_now)?;
        Output::json(&serde_json::json!({"invoice": name, "totalCents": total_cents}))
    }
}

impl Order {
    fn invoice(&self, number: &str, total_cents: u64) -> String {
        let mut text = format!("Invoice {number} for {}\n", self.customer);
        for Line { article, quantity, price_cents } in &self.lines {
            text.push_str(&format!("{quantity:>6} x {article} at {}\n", money((*price_cents).into())));
        }
        text + &format!("Total {}\n", money(total_cents))
    }
}

fn money(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn order() -> Item {
        Item::example(&json!({"customer": "Ada", "lines": [{"article": "Lamp", "quantity": 2, "price_cents": 1_995}]}))
    }

    #[tokio::test]
    async fn an_order_processed_twice_has_one_invoice() {
        let directory = tempfile::tempdir().unwrap();
        let invoices = Invoices::new(directory.path());
        for _ in 0..2 {
            let Output::Json(output) = invoices.process(order()).await.unwrap() else { panic!("an output") };
            assert!(output.get().contains("\"totalCents\":3990"), "{output}");
        }
        let files: Vec<_> = std::fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().path()).collect();
        assert_eq!(files, [directory.path().join("00000000-0000-0000-0000-000000000000-0.txt")]);
        let text = std::fs::read_to_string(&files[0]).unwrap();
        assert!(text.ends_with("     2 x Lamp at 19.95\nTotal 39.90\n"), "{text}");
    }

    #[tokio::test]
    async fn temporary_failures_are_retryable_and_others_permanent() {
        let away = Invoices::new("/nowhere/at/all");
        assert!(matches!(away.process(order()).await, Err(ItemError::Retryable { code, .. }) if code == "disk"));
        let nothing = Item::example(&json!({"customer": "Ada", "lines": []}));
        assert!(matches!(away.process(nothing).await, Err(ItemError::Permanent { code, .. }) if code == "empty"));
        let other = Item::example(&json!({"name": "Ada"}));
        assert!(matches!(away.process(other).await, Err(ItemError::Permanent { code, .. }) if code == "malformed"));
    }
}
