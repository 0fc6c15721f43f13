//! `delete`: deletes an ended job.

use clap::Args;
use reqwest::Method;
use uuid::Uuid;

use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::follow;

/// The job to delete.
#[derive(Debug, Args)]
pub struct Delete {
    /// The job's id
    id: Uuid,
}

impl Delete {
    /// Deletes the job.
    ///
    /// # Errors
    /// As [`crate::client::Client::call`]; a job that has not ended refuses.
    pub async fn run(self, context: &Context) -> Result<Exit, CommandError> {
        let client = context.client()?;
        let id = self.id.to_string();
        let call = client.request(Method::DELETE, &["jobs", &id], &[]);
        let deleting = async {
            match client.call(&call).await {
                // 404 on the second attempt: the first one deleted it, and its answer was lost.
                Err(error) if error.status() == Some(404) && error.attempts() > 1 => Ok(()),
                answered => answered.map(drop),
            }
        };
        follow::act(context, &client, ("delete", &id), deleting).await?;
        if context.out.json {
            context.out.line(&serde_json::json!({"id": id, "deleted": true}).to_string())?;
        } else {
            context.out.line(&format!("{id}  deleted"))?;
        }
        Ok(Exit::Ok)
    }
}
