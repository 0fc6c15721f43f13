//! Checks contacts. An item is a row of the file; its members are the columns.

use headway::{Item, ItemError, ItemProcessor, Options, Output, async_trait};
use serde::Deserialize;
use serde_json::json;

/// Checks a contact's address and brings it into one form.
pub(crate) struct Contacts;

/// An item of the job.
#[derive(Deserialize)]
struct Contact {
    name: String,
    email: String,
}

#[async_trait]
impl ItemProcessor for Contacts {
    async fn process(&self, item: Item) -> Result<Output, ItemError> {
        let contact: Contact = item.parse()?;
        let email = contact.email.trim().to_lowercase();
        let is_address = email.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'));
        if !is_address {
            // Trying again would change nothing: the item fails, and is listed under this code.
            return Err(ItemError::permanent("email", format!("{:?} is not an email address", contact.email)));
        }
        // Your own work goes here. If something fails temporarily, return `ItemError::retryable`. An item may come more
        // than once: give `item.idempotency_key()` to whatever you call. It is the same on every try.
        Output::json(&json!({"name": contact.name.trim(), "email": email}))
    }

    fn options(&self) -> Options {
        Options { description: "Checks contacts, and brings their addresses into one form".to_owned(), ..Options::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_is_brought_into_one_form() {
        let item = Item::example(&json!({"name": " Ada ", "email": "Ada@Example.com "}));
        let Ok(Output::Json(output)) = Contacts.process(item).await else { panic!("there is no output") };
        let output: serde_json::Value = serde_json::from_str(output.get()).unwrap();
        assert_eq!(output, json!({"name": "Ada", "email": "ada@example.com"}));
    }

    #[tokio::test]
    async fn an_invalid_address_fails_permanently() {
        for email in ["", "ada", "@example.com", "ada@example"] {
            let item = Item::example(&json!({"name": "Ada", "email": email}));
            let failed = Contacts.process(item).await;
            assert!(matches!(failed, Err(ItemError::Permanent { code, .. }) if code == "email"), "{email}");
        }
    }
}
