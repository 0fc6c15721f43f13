//! `retry`: starts the next round. The call names the round that it leaves, so that a repeated call does not start
//! another.

use clap::Args;
use uuid::Uuid;

use super::act;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;

/// The job to retry.
#[derive(Debug, Args)]
pub struct Retry {
    /// The job's id
    id: Uuid,
}

impl Retry {
    /// Starts the job's next round.
    ///
    /// # Errors
    /// As [`crate::client::Client::call`]; a job that has not ended, or has nothing to retry, refuses.
    pub async fn run(self, context: &Context) -> Result<Exit, CommandError> {
        let client = context.client()?;
        let id = self.id.to_string();
        let now = client.job(&client.get(&["jobs", &id])).await?;
        let body = format!("{{\"round\":{}}}", now.view.round);
        let told = client.job(&client.post(&["jobs", &id, "retry"]).json(body.into())).await?;
        act::show(context.out, &told)?;
        if !told.view.sealed {
            context.out.note(&format!("the job accepts parts again: {}", context.command(&["submit", "FILE", "--continue", &id])));
        }
        Ok(Exit::Ok)
    }
}
