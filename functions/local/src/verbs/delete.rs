//! `delete`: deletes an ended job.

use clap::Args;
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
        follow::act(context, &client, ("delete", &id), client.delete(&id)).await?;
        if context.out.json {
            context.out.line(&serde_json::json!({"id": id, "deleted": true}).to_string())?;
        } else {
            context.out.line(&format!("{id}  deleted"))?;
        }
        Ok(Exit::Ok)
    }
}
